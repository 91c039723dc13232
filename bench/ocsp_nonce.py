"""OCSP with a nonce, so that each answer is signed anew (P-256), over HTTP beside pyca's builder without any.

Needs wrk. Run from the repository's root: `python -m bench.ocsp_nonce [--quick]`.
"""

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as other

from bench.ocsp_http import SECONDS, Checker, responder
from bench.ocsp_world import World, make
from bench.servers import load, missing
from bench.table import Row, missed, show

_REGION = 12_000
# Signing keeps the interpreter: a process for each core.
GRANIAN = ("--workers", "2", "--blocking-threads", "1")


def peer_rate(world: World, *, seconds: float, nonce: bytes | None) -> float:
    """Answers a second of one core by pyca's builder and the same key, in a loop."""
    folder = world.folder
    ca = x509.load_der_x509_certificate((folder / "ca.der").read_bytes())
    signer = x509.load_der_x509_certificate((folder / "signer.der").read_bytes())
    key = serialization.load_der_private_key((folder / "key.der").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    now, made = datetime.now(UTC), 0
    started = time.process_time()
    while time.process_time() - started < seconds:
        builder = other.OCSPResponseBuilder().add_response(
            signer, ca, hashes.SHA1(), other.OCSPCertStatus.GOOD, now, now + timedelta(minutes=10), None, None
        )
        builder = builder.responder_id(other.OCSPResponderEncoding.HASH, signer).certificates([signer])
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
        made += 1
    return made / (time.process_time() - started)


def measure(*, quick: bool = False) -> list[Row]:
    """Measure in a world of a million certificates (quick: of a thousand)."""
    seconds = 1 if quick else SECONDS
    with tempfile.TemporaryDirectory() as folder:
        world = make(Path(folder), 1_000 if quick else 1_000_000)
        region = world.serials[: min(_REGION, world.count)]
        known = world.script(region, nonces=True)
        peer = peer_rate(world, seconds=seconds / 4, nonce=bytes(32))
        with responder(world, *GRANIAN) as url:
            if not quick:
                load(url, seconds=seconds, script=known)
            alone = None if quick else load(url, seconds=seconds, script=known)
            with Checker(world, url, region) as checker:
                checked = cold = load(url, seconds=seconds, script=known)
            if not quick:
                first = world.script(world.serials[len(region) :][:200_000], nonces=True)
                cold = load(url, seconds=seconds, script=first)
    ours = alone or checked
    checker.wrong += checked.failed + cold.failed + ours.failed
    goal = 12_000
    return [
        Row(
            what=f"{len(region):,} of {world.count:,} certificates in turn, 2 workers",
            value=f"{ours.rate:9,.0f}/s   median {ours.median:.2f} ms, p99 {ours.p99:.2f} ms",
            goal=f">= {goal:,}/s",
            met=ours.rate >= goal,
        ),
        Row(
            what="each for the first time (status read from SQLite)",
            value=f"{cold.rate:9,.0f}/s   median {cold.median:.2f} ms, p99 {cold.p99:.2f} ms",
        ),
        Row(
            what="pyca's builder, one core, no HTTP", value=f"{peer:9,.0f}/s   ratio ours : pyca {ours.rate / peer:.2f}"
        ),
        Row(
            what="answers checked under load",
            value=f"{checker.asked}, {checker.wrong} wrong, refused or broken off",
            goal="0 wrong",
            met=checker.asked > 0 and checker.wrong == 0,
        ),
    ]


def main(*, quick: bool = False) -> int:
    """Print the table; 1 if a goal is missed, 2 if a program is."""
    if absent := missing("wrk"):
        print("not installed:", *absent)
        return 2
    rows = measure(quick=quick)
    show("OCSP over HTTP, with nonce", rows)
    return missed(rows)


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
