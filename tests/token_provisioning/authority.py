"""Certification authorities for tests, made with `cryptography`; what they sign is real."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey


def name(common: str, unit: str = "") -> x509.Name:
    organisation = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, unit)] if unit else []
    return x509.Name([*organisation, x509.NameAttribute(NameOID.COMMON_NAME, common)])


@dataclass(kw_only=True)
class Authority:
    """A root or issuing CA."""

    key: Key
    certificate: x509.Certificate

    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def _builder(
    subject: x509.Name, public: Any, issuer: x509.Name, issuer_key: Any, *, days: int = 1095
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(authority, critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def make_authority(common: str, *, issuer: Authority | None = None) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = issuer.key if issuer else key
    issued_by = issuer.certificate.subject if issuer else name(common)
    built = (
        _builder(name(common), key.public_key(), issued_by, signer.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return Authority(key=key, certificate=built.sign(signer, hashes.SHA256()))


def make_leaf(
    issuer: Authority,
    public: Any,
    *,
    common: str,
    usage: x509.ObjectIdentifier,
    unit: str = "",
    local_host: bool = False,
    days: int = 1095,
) -> x509.Certificate:
    built = (
        _builder(name(common, unit), public, issuer.certificate.subject, issuer.key.public_key(), days=days)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )
    if local_host:
        alternative = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        built = built.add_extension(alternative, critical=False)
    return built.sign(issuer.key, hashes.SHA256())


def verify(spki: bytes, signature: bytes, message: bytes) -> bool:
    key = load_der_public_key(spki)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True
