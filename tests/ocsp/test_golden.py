"""Requests that other programs have sent, kept octet by octet: each is answered, its CertID and nonce echoed."""

from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.x509 import ocsp as other

import ocsp
from ocsp import Good, Revoked

from .test_wsgi import Reply, call
from .world import NOW, Source, World, load, make_authority

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(path.name for path in GOLDEN.iterdir() if path.suffix in (".post", ".get"))
NONCES = {
    "bouncycastle": 32,
    "gnutls-nonce": 23,
    "java-nonce": 16,
    "openssl-nonce": 16,
    "openssl-two": 16,
    "pyhanko": 16,
}
LEAF = x509.load_der_x509_certificate((GOLDEN / "leaf.der").read_bytes()).serial_number


@cache
def world() -> World:
    """Answers for the golden CA by the signer of another: whose it is, no responder checks."""
    made = World(source=Source({LEAF: Good(), LEAF + 1: Revoked(NOW, 6)}))
    served = ocsp.ServedIssuer((GOLDEN / "ca.der").read_bytes(), made.source, lambda: make_authority().signer)
    made.responder = ocsp.Responder([served], lambda: NOW)
    return made


def ask(name: str, *, decoded: bool = False) -> Reply:
    """Send a kept request; a server hands the target of a GET on as it came, or percent-decoded (PEP 3333)."""
    sent = (GOLDEN / name).read_bytes()
    if name.endswith(".post"):
        return call(world(), "POST", "/ocsp", sent)
    target = sent.decode("ascii")
    return call(world(), "GET", unquote(target) if decoded else target)


def test_there_are_requests_of_many_clients() -> None:
    clients = {name.partition(".")[0].partition("-")[0] for name in FILES}
    assert clients == {"bouncycastle", "gnutls", "go", "java", "nss", "openssl", "pyhanko"}


@pytest.mark.parametrize("decoded", [False, True], ids=["raw", "decoded"])
@pytest.mark.parametrize("name", FILES)
def test_request_of_another_program_is_answered(name: str, decoded: bool) -> None:
    reply = ask(name, decoded=decoded)
    response = load(reply.body)
    assert (reply.status, response.response_status.name) == (200, "SUCCESSFUL")
    singles = [(single.serial_number, single.certificate_status) for single in response.responses]
    assert (LEAF, other.OCSPCertStatus.GOOD) in singles
    assert len(singles) == (2 if name.startswith("openssl-two") else 1)
    assert {single.hash_algorithm.name for single in response.responses} == {"sha256" if "sha256" in name else "sha1"}


@pytest.mark.parametrize("name", FILES)
def test_nonce_of_another_program_comes_back(name: str) -> None:
    """RFC 9654 2.1: what was in the request is in the response; where there was none there is none."""
    extensions = load(ask(name).body).extensions
    nonces = [extension.value.nonce for extension in extensions if isinstance(extension.value, x509.OCSPNonce)]
    assert [len(nonce) for nonce in nonces] == [
        length for client, length in NONCES.items() if name.rpartition(".")[0] == client
    ]
    if nonces and name.endswith(".post"):
        assert nonces[0] in (GOLDEN / name).read_bytes()
