"""Certificates of every profile before judges that share no code with us: openssl, pkilint, cryptography."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pkilint import loader, report, validation
from pkilint.pkix import certificate as pkix_certificate
from pkilint.pkix import extension, name

import profiles
from tests.profiles import support

ADMINISTRATOR = "information-administrator"


def _pem(path: Path, *certificates: bytes) -> Path:
    from cryptography.hazmat.primitives.serialization import Encoding

    loaded = [x509.load_der_x509_certificate(der) for der in certificates]
    path.write_bytes(b"".join(certificate.public_bytes(Encoding.PEM) for certificate in loaded))
    return path


def _openssl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=30, check=False)


def _verify(folder: Path, leaf: bytes, *options: str) -> subprocess.CompletedProcess[str]:
    root = _pem(folder / "root.pem", support.certificate("root"))
    issuing = _pem(folder / "issuing.pem", support.certificate("issuing"))
    return _openssl(
        "verify",
        "-x509_strict",
        "-check_ss_sig",
        *("-attime", str(int(support.EPOCH.timestamp()) + 60)),
        *("-CAfile", root),
        *("-untrusted", issuing),
        *options,
        _pem(folder / "leaf.pem", leaf),
    )


@pytest.mark.parametrize("key", ["ec", "rsa"])
def test_openssl_accepts_the_chain_of_an_administrator_as_tls_client(tmp_path: Path, key: str) -> None:
    public_key = support.spki(support.ec_key("judge") if key == "ec" else support.rsa_key("judge"))
    leaf = support.certificate(ADMINISTRATOR, public_key=public_key)
    policy = profiles.POLICY_OIDS[ADMINISTRATOR]
    result = _verify(tmp_path, leaf, "-purpose", "sslclient", "-policy", policy, "-explicit_policy", "-policy_check")
    assert result.returncode == 0, result.stderr + result.stdout


@pytest.mark.parametrize(
    ("profile_name", "purpose"),
    [("staff", "sslclient"), ("tls-server", "sslserver"), ("ocsp-signer", "ocsphelper"), ("issuing", "any")],
)
def test_openssl_accepts_each_profile_for_its_purpose(tmp_path: Path, profile_name: str, purpose: str) -> None:
    result = _verify(tmp_path, support.certificate(profile_name), "-purpose", purpose)
    assert result.returncode == 0, result.stderr + result.stdout


@pytest.mark.parametrize(
    ("profile_name", "purpose"),
    [
        (ADMINISTRATOR, "sslserver"),
        ("tls-server", "sslclient"),
        ("staff", "smimesign"),
        (ADMINISTRATOR, "crlsign"),
    ],
)
def test_openssl_refuses_another_purpose(tmp_path: Path, profile_name: str, purpose: str) -> None:
    assert _verify(tmp_path, support.certificate(profile_name), "-purpose", purpose).returncode != 0


def test_openssl_tells_staff_from_administrators_by_policy(tmp_path: Path) -> None:
    policy = profiles.POLICY_OIDS[ADMINISTRATOR]
    staff = support.certificate("staff")
    assert _verify(tmp_path, staff, "-policy", policy, "-explicit_policy").returncode != 0


def test_openssl_prints_the_subject_in_order_and_the_extensions_by_name(tmp_path: Path) -> None:
    leaf = _pem(tmp_path / "leaf.pem", support.certificate(ADMINISTRATOR))
    text = _openssl("x509", "-in", leaf, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus_space").stdout
    assert (
        "Subject: C=CN, ST=北疆自治区, L=云川市, O=云川市第一小学, organizationIdentifier=2115000017,"
        " CN=张三, serialNumber=H7Q2-M4KD-0A1C"
    ) in text
    for line in (
        "X509v3 Basic Constraints: critical",
        "X509v3 Key Usage: critical",
        "TLS Web Client Authentication",
        "URI:http://pki.edu.example/crl/issuing-delta.crl",
        "OCSP - URI:http://pki.edu.example/ocsp",
        "CA Issuers - URI:http://pki.edu.example/ca/issuing.cer",
        f"Policy: {profiles.POLICY_OIDS[ADMINISTRATOR]}",
    ):
        assert line in text


def _pkilint_findings(certificate: bytes) -> str:
    """What `lint_pkix_cert` reports at ERROR or above, as its text report."""
    validator = pkix_certificate.create_pkix_certificate_validator_container(
        pkix_certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            pkix_certificate.create_issuer_validator_container([]),
            pkix_certificate.create_validity_validator_container(),
            pkix_certificate.create_subject_validator_container([]),
            pkix_certificate.create_extensions_validator_container([]),
            pkix_certificate.create_spki_validator_container([]),
        ],
    )
    document = loader.RFC5280CertificateDocumentLoader().load_der_document(certificate, "certificate")
    results = validator.validate(document.root)
    return str(report.ReportGeneratorPlaintext(results, validation.ValidationFindingSeverity.ERROR).generate())


@pytest.mark.parametrize("profile_name", profiles.names())
def test_pkilint_finds_no_error_in_any_profile(profile_name: str) -> None:
    assert _pkilint_findings(support.certificate(profile_name)) == ""


def test_pkilint_judges_at_all() -> None:
    """keyUsage renamed to a second basicConstraints: a judge that stays silent here is not wired up."""
    broken = support.certificate("root").replace(
        b"\x06\x03\x55\x1d\x0f\x01\x01\xff", b"\x06\x03\x55\x1d\x13\x01\x01\xff"
    )
    assert _pkilint_findings(broken)


@pytest.mark.parametrize("profile_name", profiles.names())
def test_cryptography_verifies_the_signature_under_the_issuer(profile_name: str) -> None:
    leaf = x509.load_der_x509_certificate(support.certificate(profile_name))
    issuer = x509.load_der_x509_certificate(
        support.certificate("root" if profile_name in ("root", "issuing") else "issuing")
    )
    leaf.verify_directly_issued_by(issuer)
    assert leaf.serial_number == support.SERIAL


def test_an_rsa_issuer_signs_as_well() -> None:
    """The TBS carries any AlgorithmIdentifier: nothing in the compiler knows the issuer's key type."""
    key = support.rsa_key("issuer")
    issuer = profiles.IssuerContext(
        name=support.issuing_authority().issuer.name,
        key_identifier=profiles.key_identifier(support.spki(key)),
        signature_algorithm=support.RSA_SHA256,
        crl_url="http://pki.edu.example/crl/rsa.crl",
    )
    profile = profiles.load("staff")
    tbs = profiles.compile(profile, issuer).tbs(
        subject=support.SUBJECTS["staff"],
        public_key=support.spki(support.ec_key("staff")),
        serial=1,
        not_before=support.EPOCH,
        not_after=support.EPOCH + profile.validity,
    )
    profiles.lint(tbs, profile, signature_algorithm=issuer.signature_algorithm)
    certificate = x509.load_der_x509_certificate(profiles.assemble(tbs, *support.sign(key, tbs)))
    public_key = key.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert certificate.signature_algorithm_oid.dotted_string == "1.2.840.113549.1.1.11"
