"""CRLs and OCSP answers for tests, again with valid defaults."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.teacher_registry.authority import NOW, Identity

HOLD = x509.ReasonFlags.certificate_hold
REVOKED = x509.ReasonFlags.affiliation_changed
Reasons = Mapping[int, x509.ReasonFlags]


@dataclass(frozen=True)
class CrlWish:
    """A CRL: serial -> reason."""

    entries: Reasons = field(default_factory=dict)
    number: int | None = 1
    this_update: datetime = NOW - timedelta(hours=1)
    next_update: datetime = NOW + timedelta(hours=23)
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    entry_extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()


def sign_crl(issuer: Identity, wish: CrlWish | None = None) -> bytes:
    """DER."""
    wish = wish or CrlWish()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(wish.this_update)
        .next_update(wish.next_update)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False)
    )
    if wish.number is not None:
        builder = builder.add_extension(x509.CRLNumber(wish.number), False)
    for value, critical in wish.extra:
        builder = builder.add_extension(value, critical)
    for serial, reason in wish.entries.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(wish.this_update)
        entry = entry.add_extension(x509.CRLReason(reason), False)
        for value, critical in wish.entry_extra:
            entry = entry.add_extension(value, critical)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


@dataclass(frozen=True)
class OcspWish:
    """An answer about `serial`; `signer` signs and is the responder, `carried` are the certificates
    inside.
    """

    issuing: Identity
    signer: Identity
    serial: int
    at: datetime = NOW
    reason: x509.ReasonFlags | None = None
    unknown: bool = False
    nonce: bytes | None = None
    lifetime: timedelta | None = timedelta(minutes=10)
    carried: tuple[Identity, ...] | None = None
    by_key: bool = True


def sign_ocsp(wish: OcspWish) -> bytes:
    """DER."""
    issuer = wish.issuing.certificate
    status = ocsp.OCSPCertStatus.GOOD if wish.reason is None else ocsp.OCSPCertStatus.REVOKED
    encoding = ocsp.OCSPResponderEncoding.HASH if wish.by_key else ocsp.OCSPResponderEncoding.NAME
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=hashlib.sha1(issuer.subject.public_bytes()).digest(),
        issuer_key_hash=x509.SubjectKeyIdentifier.from_public_key(issuer.public_key()).digest,
        serial_number=wish.serial,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.UNKNOWN if wish.unknown else status,
        this_update=wish.at,
        next_update=None if wish.lifetime is None else wish.at + wish.lifetime,
        revocation_time=None if wish.reason is None else wish.at,
        revocation_reason=wish.reason,
    )
    builder = builder.responder_id(encoding, wish.signer.certificate)
    carried = (wish.signer,) if wish.carried is None else wish.carried
    if carried:
        builder = builder.certificates([identity.certificate for identity in carried])
    if wish.nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(wish.nonce), False)
    return builder.sign(wish.signer.key, hashes.SHA256()).public_bytes(Encoding.DER)
