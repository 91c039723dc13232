"""A throw-away CA and entries for a long CRL."""

import hashlib
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import crl

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


def make_ca(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Make the certificate that the check verifies against."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bench CA")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1).not_valid_before(NOW)
    builder = builder.not_valid_after(NOW + timedelta(days=3650)).add_extension(usage, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())


def entry(number: int) -> bytes:
    """Encode one entry with a serial number of 16 octets and a time of its own."""
    serial = int.from_bytes(hashlib.sha256(number.to_bytes(8, "big")).digest()[:16], "big") | 1
    return crl.encode_entry(serial, NOW - timedelta(seconds=number), crl.Reason.CERTIFICATE_HOLD)
