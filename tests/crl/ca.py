"""A small CA for these tests: a valid certificate and CRL by default, each test states its deviation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

import crl

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
RSA_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")


@dataclass(frozen=True)
class Ca:
    """A self-signed CA and what it needs to issue CRLs."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate: x509.Certificate
    issuer: crl.CrlIssuer

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def sign(self, tbs: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

            return self.key.sign(tbs, PKCS1v15(), hashes.SHA256())
        return self.key.sign(tbs, ec.ECDSA(hashes.SHA256()))

    def issue(
        self,
        entries: Iterable[bytes] = (),
        *,
        number: int = 7,
        this_update: datetime = NOW,
        next_update: datetime = NOW + DAY,
        base_number: int | None = None,
        freshest_url: str | None = None,
        distribution_point: str | None = None,
        issuer: crl.CrlIssuer | None = None,
    ) -> bytes:
        tbs = crl.build_tbs(
            issuer or self.issuer,
            number=number,
            this_update=this_update,
            next_update=next_update,
            entries=entries,
            base_number=base_number,
            freshest_url=freshest_url,
            distribution_point=distribution_point,
        )
        return crl.assemble(tbs, self.issuer.signature_algorithm, self.sign(tbs))


@cache
def make_ca(*, kind: str = "ec", crl_sign: bool = True, name: str = "测试教育CA") -> Ca:
    """Make a CA of one kind; its keys differ from run to run, its names and times do not."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - 30 * DAY)
        .not_valid_after(NOW + 3650 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    algorithm = RSA_SHA256 if kind == "rsa" else ECDSA_SHA256
    return Ca(key, certificate, crl.CrlIssuer(subject.public_bytes(), identifier.digest, algorithm))


def issue_leaf(ca: Ca, serial: int, *, crl_url: str, delta_url: str) -> x509.Certificate:
    """A certificate of an end entity that says where its CRL and its delta CRL are."""
    points = [
        [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)]
        for url in (crl_url, delta_url)
    ]
    identifier = x509.AuthorityKeyIdentifier(ca.issuer.key_identifier, None, None)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{serial:x}")]))
        .issuer_name(ca.certificate.subject)
        .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
        .serial_number(serial)
        .not_valid_before(NOW - 30 * DAY)
        .not_valid_after(NOW + 365 * DAY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.CRLDistributionPoints(points[0]), critical=False)
        .add_extension(x509.FreshestCRL(points[1]), critical=False)
        .sign(ca.key, hashes.SHA256())
    )
