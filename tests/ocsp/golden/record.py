"""Records what other programs send: each asks a server that keeps the octets of its request and answers rightly.

Run from the repository's root, where the programs are installed: `python -m tests.ocsp.golden.record`. It writes into
this folder: `ca.der` and `leaf.der`, then for every request a file by the name of the client, `NAME.post` with the body
of a POST or `NAME.get` with the target of a GET as it stood in the request line. The keys are forgotten at the end.
"""

import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

import ocsp
from tests.ocsp.world import DER, Source, responder_key

HERE = Path(__file__).parent
SERIAL = 0x5A3C9B17004288FE123456789ABCDEF1
DAY = timedelta(days=1)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    ca: tuple[x509.Certificate | None, ec.EllipticCurvePrivateKey],
    serial: int,
) -> x509.CertificateBuilder:
    issuer, ca_key = ca
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(issuer.subject if issuer else subject, subject, key.public_key(), serial)
        .not_valid_before(now - DAY)
        .not_valid_after(now + 30 * DAY)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    )


class Golden:
    """A CA, a leaf that names the recording server as its responder, and files of them for the clients."""

    def __init__(self, folder: Path, port: int) -> None:
        """Make everything for a server on this port."""
        self.folder, self.url = folder, f"http://127.0.0.1:{port}/ocsp"
        ca_key, key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        ca = _certificate("北疆教育CA", ca_key, (None, ca_key), 1).add_extension(usage, critical=True)
        self.ca = ca.sign(ca_key, hashes.SHA256())
        signing = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        signer = _certificate("OCSP", key, (self.ca, ca_key), 2).add_extension(signing, critical=False)
        self.signer = signer.add_extension(x509.OCSPNoCheck(), critical=False).sign(ca_key, hashes.SHA256())
        here = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(self.url))
        leaf = _certificate("张三", leaf_key, (self.ca, ca_key), SERIAL)
        access = x509.AuthorityInformationAccess([here])
        self.leaf = leaf.add_extension(access, critical=False).sign(ca_key, hashes.SHA256())
        for name in ("ca", "leaf"):
            certificate: x509.Certificate = getattr(self, name)
            (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
            (folder / f"{name}.der").write_bytes(certificate.public_bytes(DER))
        source = Source({SERIAL: ocsp.Good(), SERIAL + 1: ocsp.Good()})
        served = ocsp.ServedIssuer(self.ca.public_bytes(DER), source, lambda: responder_key(key, self.signer))
        self.responder = ocsp.Responder([served], lambda: datetime.now(UTC))


class Recorder(BaseHTTPRequestHandler):
    """Keeps each request in `requests`, and answers by `responder`."""

    requests: list[tuple[str, bytes]]
    responder: ocsp.Responder

    def do_POST(self) -> None:
        """Keep and answer the body."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append(("post", body))
        self._answer(body)

    def do_GET(self) -> None:
        """Keep the target; answer what our own application takes it for."""
        from ocsp.wsgi import _decode

        self.requests.append(("get", self.path.encode("ascii")))
        self._answer(_decode(self.path.removeprefix("/ocsp/")))

    def _answer(self, request: bytes) -> None:
        answer = self.responder.answer(request)
        self.send_response(200)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the base class's
        """Say nothing."""


@contextmanager
def recording() -> Iterator[tuple[Golden, list[tuple[str, bytes]]]]:
    """Serve until the block ends; yield the files for clients and the list of what they send."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        free.close()
        golden = Golden(Path(folder), port)
        requests: list[tuple[str, bytes]] = []
        handler = type("Bound", (Recorder,), {"requests": requests, "responder": golden.responder})
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield golden, requests
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _openssl(*options: str) -> Callable[[Golden], list[list[str]]]:
    return lambda g: [
        ["openssl", "ocsp", "-issuer", "ca.pem", "-CAfile", "ca.pem", "-url", g.url, *options, "-cert", "leaf.pem"]
    ]


def _gnutls(*options: str) -> Callable[[Golden], list[list[str]]]:
    return lambda g: [["ocsptool", f"--ask={g.url}", *options, "--load-issuer=ca.pem", "--load-cert=leaf.pem"]]


def _java(*options: str) -> Callable[[Golden], list[list[str]]]:
    return lambda g: [["java", *options, str(HERE / "Ask.java"), "ca.der", "leaf.der", g.url]]


def _nss(g: Golden) -> list[list[str]]:
    fresh = ["-g", "leaf", "-h", "requireFreshInfo", "-m", "ocsp", "-s", "failIfNoInfo"]
    return [
        ["certutil", "-N", "-d", "sql:.", "--empty-password"],
        ["certutil", "-A", "-d", "sql:.", "-n", "ca", "-t", "CT,C,C", "-i", "ca.pem", "-a"],
        ["vfychain", "-d", "sql:.", "-pp", *fresh, "-u", "0", "leaf.der"],
    ]


def _pyhanko(g: Golden) -> list[list[str]]:
    return [[sys.executable, str(HERE / "ask_pyhanko.py"), "ca.der", "leaf.der", g.url]]


def _go(g: Golden) -> list[list[str]]:
    return [["go", "run", str(HERE / "ask.go"), "ca.der", "leaf.der", g.url]]


def _bouncy_castle(g: Golden) -> list[list[str]]:
    jars = ":".join(f"/usr/share/java/{jar}.jar" for jar in ("bcprov", "bcpkix", "bcutil"))
    return [["java", "-cp", jars, str(HERE / "AskBouncyCastle.java"), "ca.der", "leaf.der", g.url]]


_GO = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": "/tmp/golden-go-cache"}
_USE_GET, _NONCE = "-Dcom.sun.security.ocsp.useget=", "-Djdk.security.certpath.ocspNonce=true"
# Name of the file, what to run for it, with what in the environment.
CLIENTS: Mapping[str, tuple[Callable[[Golden], list[list[str]]], Mapping[str, str]]] = {
    "openssl-nonce": (_openssl(), {}),
    "openssl-no-nonce": (_openssl("-no_nonce"), {}),
    "openssl-sha256": (_openssl("-no_nonce", "-sha256"), {}),
    "openssl-two": (_openssl("-serial", str(SERIAL + 1)), {}),
    "gnutls": (_gnutls(), {}),
    "gnutls-nonce": (_gnutls("--nonce"), {}),
    "java": (_java(), {}),
    "java-get": (_java(f"{_USE_GET}true"), {}),
    "java-post": (_java(f"{_USE_GET}false"), {}),
    "java-nonce": (_java(_NONCE), {}),
    "nss": (_nss, {}),
    "pyhanko": (_pyhanko, {}),
    "go": (_go, _GO),
    "bouncycastle": (_bouncy_castle, {}),
}


def main() -> None:
    """Record every client; print what could not be recorded."""
    with recording() as (golden, requests):
        for name in ("ca", "leaf"):
            (HERE / f"{name}.der").write_bytes((golden.folder / f"{name}.der").read_bytes())
        for name, (commands, environ) in CLIENTS.items():
            requests.clear()
            told = ""
            for command in commands(golden):
                ran = subprocess.run(
                    command,
                    cwd=golden.folder,
                    env={"PATH": "/usr/bin:/bin", "HOME": str(golden.folder), **environ},
                    capture_output=True,
                    text=True,
                    timeout=180,
                    check=False,
                )
                told += ran.stdout + ran.stderr
            if requests:
                kind, sent = requests[-1]
                (HERE / f"{name}.{kind}").write_bytes(sent)
                print(f"{name}: {kind}, {len(sent)} octets; it says {told.split()[:6]}")
            else:
                print(f"{name}: nothing sent\n{told[-1000:]}")


if __name__ == "__main__":
    main()
