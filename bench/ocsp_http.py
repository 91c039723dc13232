"""OCSP by POST without nonce, 32 connections, beside nginx with a static file, cfssl ocspserve and openssl ocsp.

Needs nginx, wrk, ab, cfssl and openssl. Run from the repository's root: `python -m bench.ocsp_http [--quick]`.
"""

import http.client
import random
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as other

from bench import ocsp_peers
from bench.ocsp_world import World, make, request
from bench.servers import Load, free_port, granian, load, load_without_keepalive, missing, running
from bench.table import Row, missed, show

SECONDS = 4
# The administrators of one region; each is asked about, in turn.
_REGION = 12_000
# On two cores, of which the load takes one: a second worker only adds switches between processes. The threads are as
# many as in ca_service/servers.py, where it is told why.
GRANIAN = ("--workers", "1", "--blocking-threads", "128")


@contextmanager
def responder(world: World, *options: str) -> Iterator[str]:
    """Serve OCSP for the world as the publication port does; a pair of it and its URL."""
    port, environ = free_port(), {**ocsp_peers.ENVIRON, "BENCH_OCSP": str(world.folder)}
    with running(*granian("bench.ocsp_app:application", port, *options), port=port, environ=environ):
        yield f"http://127.0.0.1:{port}/ocsp"


@dataclass
class Checker:
    """A client beside the load that reads every answer with `cryptography`, and counts those that are wrong.

    Those that the load got, and were none, are added to them.
    """

    world: World
    url: str
    serials: list[int]
    asked: int = 0
    wrong: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Checker":
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        writer, rng = self.world.cert_ids(), random.Random(7)
        signer = x509.load_der_x509_certificate((self.world.folder / "signer.der").read_bytes()).public_key()
        assert isinstance(signer, ec.EllipticCurvePublicKey)
        # A hundred a second: the load is to be measured, not this.
        while not self._stop.wait(0.01):
            serial, nonce = rng.choice(self.serials), rng.randbytes(32) if self.asked % 2 else None
            body = request(writer.write(serial), nonce)
            connection.request("POST", parts.path, body, {"Content-Type": "application/ocsp-request"})
            answer = connection.getresponse().read()
            self.asked += 1
            self.wrong += not self._right(answer, serial, nonce, signer)

    def _right(self, answer: bytes, serial: int, nonce: bytes | None, signer: ec.EllipticCurvePublicKey) -> bool:
        """Say whether this answer is signed, about this certificate, and true."""
        response = other.load_der_ocsp_response(answer)
        signer.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
        said = response.certificate_status is other.OCSPCertStatus.REVOKED
        echoed = [extension.value for extension in response.extensions]
        return (
            response.serial_number == serial
            and said == self.world.frozen(serial)
            and echoed == ([] if nonce is None else [x509.OCSPNonce(nonce)])
        )


def _ours(world: World, *, quick: bool) -> tuple[dict[str, Load], Checker, bytes]:
    """Measure one certificate over and over, those of a region in turn, and 200,000 each for the first time."""
    region = world.serials[: min(_REGION, world.count)]
    seen: dict[str, Load] = {}
    with responder(world, *GRANIAN) as url:
        post = urllib.request.Request(
            url, request(world.cert_ids().write(region[0]), None), {"Content-Type": "application/ocsp-request"}
        )
        with urllib.request.urlopen(post) as reply:
            answer: bytes = reply.read()
        in_turn = world.script(region)
        if not quick:
            load(url, seconds=SECONDS, script=in_turn)
            seen["one certificate"] = load(url, seconds=SECONDS, script=world.script(region[:1]))
            seen["in turn"] = load(url, seconds=SECONDS, script=in_turn)
        # The checker takes its share of the two cores, so that the rate of this run counts for nothing.
        with Checker(world, url, region) as checker:
            checked = load(url, seconds=1 if quick else SECONDS, script=in_turn)
        seen.setdefault("in turn", checked)
        if not quick:
            first = world.script(world.serials[len(region) :][:200_000])
            seen["each for the first time"] = load(url, seconds=SECONDS, script=first)
    checker.wrong += checked.failed + sum(each.failed for each in seen.values())
    return seen, checker, answer


def measure(*, quick: bool = False) -> list[Row]:
    """Measure in a world of a million certificates (quick: of a thousand)."""
    seconds = 1 if quick else SECONDS
    with tempfile.TemporaryDirectory() as folder:
        # nginx started by root serves as another user, who must be able to read the file.
        Path(folder).chmod(0o755)
        world = make(Path(folder), 1_000 if quick else 1_000_000)
        region = world.serials[: min(_REGION, world.count)]
        seen, checker, answer = _ours(world, quick=quick)
        with ocsp_peers.nginx(world, answer) as url:
            static = load(url, seconds=seconds)
        with ocsp_peers.cfssl(world, region) as url:
            cfssl = load(url, seconds=seconds, script=world.script(region))
        openssl, two = (_openssl(world, *options, quick=quick) for options in ((), ("-multi", "2")))
    turn = seen["in turn"]
    return [
        Row(what=f"{world.count:,} certificates in SQLite", value=f"{len(region):,} of them asked for in turn"),
        *(_rate(f"{what}, ours", each) for what, each in seen.items()),
        _rate("nginx, static file by GET", static),
        _rate("cfssl ocspserve, in turn", cfssl),
        _rate("openssl ocsp, one certificate", openssl),
        _rate("openssl ocsp -multi 2, one certificate", two),
        _ratio("in turn, ours : nginx", turn, static, 0.7),
        _ratio("in turn, ours : cfssl", turn, cfssl, 1.8),
        _ratio("in turn, ours : openssl", turn, openssl, 15),
        Row(what="p99 in turn", value=f"{turn.p99:.2f} ms", goal="< 5 ms", met=turn.p99 < 5),
        Row(
            what="answers checked under load",
            value=f"{checker.asked}, {checker.wrong} wrong, refused or broken off",
            goal="0 wrong",
            met=checker.asked > 0 and checker.wrong == 0,
        ),
    ]


def _openssl(world: World, *options: str, quick: bool) -> Load:
    """By ab: a connection without a request, as wrk opens one first, keeps openssl 3.0 busy for ever."""
    body = world.folder / "one.der"
    body.write_bytes(request(world.cert_ids().write(world.serials[0]), None))
    with ocsp_peers.openssl(world, *options) as url:
        return load_without_keepalive(url, body, requests=500 if quick else 10_000)


def _rate(what: str, seen: Load) -> Row:
    return Row(what=what, value=f"{seen.rate:9,.0f}/s   median {seen.median:.2f} ms, p99 {seen.p99:.2f} ms")


def _ratio(what: str, ours: Load, theirs: Load, goal: float) -> Row:
    ratio = ours.rate / theirs.rate
    return Row(what=what, value=f"{ratio:.2f}", goal=f">= {goal}", met=ratio >= goal)


def main(*, quick: bool = False) -> int:
    """Print the table; 1 if a goal is missed, 2 if a program is."""
    absent = missing("nginx", "wrk", "ab", "cfssl", "openssl")
    if absent:
        print("not installed:", *absent)
        return 2
    rows = measure(quick=quick)
    show("OCSP over HTTP, no nonce", rows)
    return missed(rows)


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
