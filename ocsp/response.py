"""Writing OCSP responses (RFC 6960 section 4.2): signed ones, and the unsigned errors."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from asn1crypto import x509

from . import der
from .errors import ImpossibleResponse
from .request import CertId
from .status import Good, Revoked, Status

# OCSPResponseStatus, RFC 6960 section 4.2.1; an error has no responseBytes.
MALFORMED_REQUEST = b"\x30\x03\x0a\x01\x01"
INTERNAL_ERROR = b"\x30\x03\x0a\x01\x02"
TRY_LATER = b"\x30\x03\x0a\x01\x03"
UNAUTHORIZED = b"\x30\x03\x0a\x01\x06"

_SUCCESSFUL = b"\x0a\x01\x00"
_BASIC = bytes.fromhex("06092b0601050507300101")
_NONCE = bytes.fromhex("06092b0601050507300102")
_EXTENDED_REVOKE = bytes.fromhex("300f06092b060105050730010904020500")
_GOOD, _UNKNOWN = b"\x80\x00", b"\x82\x00"


@dataclass(frozen=True, slots=True)
class ResponderKey:
    """A delegated signer (RFC 6960 section 4.2.2.2): its certificate and AlgorithmIdentifier, both DER.

    `sign` takes the octets to be signed, hashes them itself and returns the signature value; many threads
    call it at once.
    """

    certificate: bytes
    signature_algorithm: bytes
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What OCSP needs of a certificate: DER of its subject, the bits of its key, its last second."""

    subject: bytes
    key_bits: bytes
    not_after: datetime


@lru_cache(maxsize=64)
def certificate_facts(encoded: bytes) -> CertificateFacts:
    """Read a certificate once; raises ImpossibleResponse if it is none. Its signature is not verified."""
    try:
        certificate = x509.Certificate.load(encoded, strict=True)
        tbs = certificate["tbs_certificate"]
        # The first octet of a BIT STRING counts unused bits; KeyHash leaves it out (RFC 6960 section 4.2.1).
        key_bits = tbs["subject_public_key_info"]["public_key"].contents[1:]
        not_after = tbs["validity"]["not_after"].native
        return CertificateFacts(tbs["subject"].dump(), key_bits, not_after)
    except (ValueError, TypeError, KeyError) as error:
        raise ImpossibleResponse("a signer's or an issuer's certificate is not DER") from error


def build_response(
    key: ResponderKey,
    statuses: Sequence[tuple[CertId, Status]],
    *,
    produced_at: datetime,
    next_update: datetime,
    nonce: bytes | None = None,
    extended_revoke: bool = False,
) -> bytes:
    """Return a signed OCSPResponse; thisUpdate is `produced_at`, since a status is read when it is asked for.

    `extended_revoke` must be set when a serial number that was never issued is called revoked (section 2.2).
    """
    if next_update <= produced_at:
        raise ImpossibleResponse("nextUpdate must be later than thisUpdate")
    key_hash = hashlib.sha1(certificate_facts(key.certificate).key_bits, usedforsecurity=False).digest()
    produced = der.time(produced_at)
    updates = produced + der.tlv(0xA0, der.time(next_update))
    tbs = der.tlv(
        der.SEQUENCE,
        der.tlv(0xA2, der.tlv(der.OCTET_STRING, key_hash)),
        produced,
        der.tlv(der.SEQUENCE, *(_single(cert_id, status, updates) for cert_id, status in statuses)),
        _extensions(nonce, extended_revoke=extended_revoke),
    )
    basic = der.tlv(
        der.SEQUENCE,
        tbs,
        key.signature_algorithm,
        der.tlv(der.BIT_STRING, b"\0", key.sign(tbs)),
        der.tlv(0xA0, der.tlv(der.SEQUENCE, key.certificate)),
    )
    response_bytes = der.tlv(der.SEQUENCE, _BASIC, der.tlv(der.OCTET_STRING, basic))
    return der.tlv(der.SEQUENCE, _SUCCESSFUL, der.tlv(0xA0, response_bytes))


def _single(cert_id: CertId, status: Status, updates: bytes) -> bytes:
    """Encode one SingleResponse; `updates` are thisUpdate and nextUpdate as encoded."""
    return der.tlv(der.SEQUENCE, cert_id.raw, _status(status), updates)


def _status(status: Status) -> bytes:
    """Encode a CertStatus; the reason `unspecified` is left out, as in a CRL."""
    if isinstance(status, Revoked):
        reason = der.tlv(0xA0, der.tlv(der.ENUMERATED, bytes([status.reason]))) if status.reason else b""
        return der.tlv(0xA1, der.time(status.at), reason)
    return _GOOD if isinstance(status, Good) else _UNKNOWN


def _extensions(nonce: bytes | None, *, extended_revoke: bool) -> bytes:
    """Encode responseExtensions, neither of them critical (RFC 6960 section 4.4.8, RFC 9654)."""
    listed = []
    if nonce is not None:
        value = der.tlv(der.OCTET_STRING, der.tlv(der.OCTET_STRING, nonce))
        listed.append(der.tlv(der.SEQUENCE, _NONCE, value))
    if extended_revoke:
        listed.append(_EXTENDED_REVOKE)
    return der.tlv(0xA1, der.tlv(der.SEQUENCE, *listed)) if listed else b""
