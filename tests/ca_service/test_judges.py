"""What the founded CA has really issued and published, before pkilint and openssl."""

import subprocess
import sys
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPRequestBuilder

import ocsp
from ca_service.app import responder
from ca_service.domain.certificates import RevocationReason
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze, revoke
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.office import Office

_PROGRAMS = Path(sys.executable).parent


def _findings(program: str, *arguments: str) -> str:
    """Everything the linter reports at ERROR or above; it exits with the number of findings."""
    done = subprocess.run([str(_PROGRAMS / program), "lint", *arguments], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout.strip()


def test_pkilint_finds_no_error_in_any_certificate_of_the_ca(office: Office, tmp_path: Path) -> None:
    office.enrolled()
    with office.services.read() as uow:
        issued = {c.serial: c for c in uow.certificates.find() if c.der}
    assert {c.profile for c in issued.values()} >= {
        "root",
        "issuing",
        "ocsp-signer",
        "tls-server",
        "information-administrator",
    }
    for serial, certificate in issued.items():
        file = tmp_path / f"{serial}.pem"
        file.write_bytes(pem.armor("CERTIFICATE", certificate.der or b""))
        assert _findings("lint_pkix_cert", "-s", "ERROR", str(file)) == "", certificate.profile


def test_pkilint_finds_no_error_in_a_crl_with_a_freeze_and_a_revocation(office: Office, tmp_path: Path) -> None:
    freeze(office.services, office.reviewer, office.enrolled("1").serial, reason="lost")
    reason = RevocationReason.KEY_COMPROMISE
    revoke(office.services, office.reviewer, office.enrolled("2").serial, reason="lost", crl_reason=reason)
    for issuer in ("root", "issuing"):
        file = tmp_path / f"{issuer}.crl"
        file.write_bytes(publish_crl(office.services, office.operator, issuer).der or b"")
        assert _findings("lint_crl", "-t", "CRL", "-p", "PKIX", "-s", "ERROR", str(file)) == ""


@pytest.mark.parametrize("known", [True, False], ids=["good", "never-issued"])
def test_pkilint_and_openssl_accept_an_ocsp_answer(
    office: Office, wiring: Wiring, tmp_path: Path, *, known: bool
) -> None:
    active = office.enrolled()
    authorities = wiring.ca_certificates()
    issuer = x509.load_der_x509_certificate(authorities["issuing"])
    builder = OCSPRequestBuilder()
    number = int(active.serial, 16) if known else 4711
    key_hash = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key()).digest
    name_hash = _sha1(issuer.subject.public_bytes())
    request = builder.add_certificate_by_hash(name_hash, key_hash, number, hashes.SHA1()).build()
    answer = responder(wiring).answer(request.public_bytes(Encoding.DER))
    assert answer.body not in (ocsp.TRY_LATER, ocsp.UNAUTHORIZED, ocsp.INTERNAL_ERROR)
    file = tmp_path / "answer.der"
    file.write_bytes(answer.body)
    assert _findings("lint_ocsp_response", "-s", "ERROR", str(file)) == ""
    for name in ("root", "issuing"):
        (tmp_path / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", authorities[name]))
    serial = ("-issuer", str(tmp_path / "issuing.pem"), "-serial", str(number))
    command = ["openssl", "ocsp", "-respin", str(file), "-CAfile", str(tmp_path / "root.pem"), *serial, "-no_nonce"]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Response verify OK" in judged.stderr
    assert (f"{number}: good" if known else f"{number}: revoked") in judged.stdout


def _sha1(octets: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA1())
    digest.update(octets)
    return digest.finalize()
