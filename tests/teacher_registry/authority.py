"""A CA for tests, made with `cryptography`'s builders: valid defaults, so that a test says only its
deviation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
POLICY = "2.25.311013952075092845104118883279420240379.1.1"
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key, PKCS#8, not encrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True)
class Wish:
    """What to certify. The defaults make an information administrator; `extra` is added as (value,
    critical).
    """

    common_name: str = "张萌"
    holder_id: str | None = "H000001"
    unit_code: str | None = "150102001"
    unit_name: str = "呼和浩特市第一试验小学"
    serial: int = 0x1001
    not_before: datetime = NOW - timedelta(days=1)
    not_after: datetime = NOW + timedelta(days=1095)
    usages: tuple[x509.ObjectIdentifier, ...] = CLIENT
    policies: tuple[str, ...] = (POLICY,)
    digital_signature: bool = True
    ca: bool = False
    path_length: int | None = None
    crl_url: str | None = None
    key: PrivateKey | None = None
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()


def _name(wish: Wish) -> x509.Name:
    parts = [(NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, wish.unit_name)]
    if wish.unit_code is not None:
        parts.append((NameOID.ORGANIZATION_IDENTIFIER, wish.unit_code))
    parts.append((NameOID.COMMON_NAME, wish.common_name))
    if wish.holder_id is not None:
        parts.append((NameOID.SERIAL_NUMBER, wish.holder_id))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def certify(wish: Wish, issuer: Identity | None = None) -> Identity:
    """Self-signed without an issuer."""
    key = wish.key or ec.generate_private_key(ec.SECP256R1())
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(wish))
        .issuer_name(issuer.certificate.subject if issuer else _name(wish))
        .public_key(key.public_key())
        .serial_number(wish.serial)
        .not_valid_before(wish.not_before)
        .not_valid_after(wish.not_after)
    )
    for value, critical in _extensions(wish, key, signer):
        builder = builder.add_extension(value, critical)
    return Identity(builder.sign(signer, hashes.SHA256()), key)


def _extensions(wish: Wish, key: PrivateKey, signer: PrivateKey) -> list[tuple[x509.ExtensionType, bool]]:
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=wish.ca, path_length=wish.path_length), True),
        (_key_usage(wish), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
        *wish.extra,
    ]
    if wish.usages:
        extensions.append((x509.ExtendedKeyUsage(wish.usages), False))
    if wish.policies:
        policies = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in wish.policies]
        extensions.append((x509.CertificatePolicies(policies), False))
    if wish.crl_url:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(wish.crl_url)], None, None, None)
        extensions.append((x509.CRLDistributionPoints([point]), False))
    return extensions


def _key_usage(wish: Wish) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=wish.digital_signature and not wish.ca,
        content_commitment=not wish.digital_signature and not wish.ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=wish.ca,
        crl_sign=wish.ca,
        encipher_only=False,
        decipher_only=False,
    )


CA = Wish(
    unit_name="教育CA",
    unit_code=None,
    holder_id=None,
    not_before=NOW - timedelta(days=365),
    not_after=NOW + timedelta(days=3650),
    usages=(),
    policies=(),
    ca=True,
)
ROOT = replace(CA, common_name="教育CA根", serial=1)
ISSUING = replace(CA, common_name="教育CA签发", serial=2, path_length=0, policies=("2.5.29.32.0",))
OCSP_SIGNER = replace(
    CA,
    common_name="教育CA OCSP",
    serial=3,
    ca=False,
    not_before=NOW - timedelta(days=1),
    not_after=NOW + timedelta(days=30),
    usages=(ExtendedKeyUsageOID.OCSP_SIGNING,),
    extra=((x509.OCSPNoCheck(), False),),
)


@dataclass(frozen=True)
class Authority:
    """Root, issuing CA and OCSP signer of one hierarchy."""

    root: Identity
    issuing: Identity
    ocsp_signer: Identity

    def administrator(self, **deviation: Any) -> Identity:
        """A certificate of the issuing CA; the keywords are fields of `Wish`."""
        return certify(replace(Wish(), **deviation), self.issuing)


def new_authority() -> Authority:
    """Another hierarchy with the same names and other keys each time."""
    root = certify(ROOT)
    issuing = certify(ISSUING, root)
    return Authority(root, issuing, certify(OCSP_SIGNER, issuing))


@cache
def shared_authority() -> Authority:
    """One hierarchy for the tests of a process: nothing in it ever changes."""
    return new_authority()
