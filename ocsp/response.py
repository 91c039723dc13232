"""Writing OCSP responses (RFC 6960 section 4.2): signed ones, and the unsigned errors."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from . import der
from .certid import CertId
from .errors import ImpossibleResponse, SignerNotValid
from .signer import ResponderKey, certificate_facts, responder_id
from .status import Good, Revoked, Status

# OCSPResponseStatus, RFC 6960 section 4.2.1; an error has no responseBytes and is not signed (section 2.3).
MALFORMED_REQUEST = b"\x30\x03\x0a\x01\x01"
INTERNAL_ERROR = b"\x30\x03\x0a\x01\x02"
TRY_LATER = b"\x30\x03\x0a\x01\x03"
UNAUTHORIZED = b"\x30\x03\x0a\x01\x06"

_SUCCESSFUL = b"\x0a\x01\x00"
_BASIC = bytes.fromhex("06092b0601050507300101")
_NONCE = bytes.fromhex("06092b0601050507300102")
_ARCHIVE_CUTOFF = bytes.fromhex("06092b0601050507300106")
_EXTENDED_REVOKE = bytes.fromhex("300f06092b060105050730010904020500")
_GOOD, _UNKNOWN = b"\x80\x00", b"\x82\x00"


class Signing:
    """Responses of one signer and one moment: what is the same in all of them is encoded once."""

    __slots__ = ("_algorithm", "_produced", "_sign", "_tail", "_updates", "next_update", "this_update")

    def __init__(
        self,
        key: ResponderKey,
        *,
        produced_at: datetime,
        next_update: datetime,
        archive_cutoff: datetime | None = None,
    ) -> None:
        """thisUpdate is `produced_at`, since a status is read when it is asked for. Times are aware.

        `archive_cutoff`: certificates that expired after it are still answered for (section 4.4.4). Raises
        ImpossibleResponse for times in the wrong order, or a certificate of the signer that is none.
        """
        if next_update <= produced_at:
            raise ImpossibleResponse("nextUpdate must be later than thisUpdate")
        self.this_update, self.next_update = produced_at, next_update
        produced = der.time(produced_at)
        self._produced = responder_id(key.certificate) + produced
        self._updates = produced + der.tlv(0xA0, der.time(next_update)) + _single_extensions(archive_cutoff)
        self._algorithm, self._sign = key.signature_algorithm, key.sign
        self._tail = _certificates(key.certificate)

    def response(
        self,
        statuses: Iterable[tuple[CertId, Status]],
        *,
        nonce: bytes | None = None,
        extended_revoke: bool = False,
    ) -> bytes:
        """Return a signed OCSPResponse; raises what the signer raises.

        `extended_revoke` must be set when a serial number that was never issued is called revoked (section 2.2).
        """
        updates = self._updates
        singles = [der.sequence(cert_id.raw + _status(status) + updates) for cert_id, status in statuses]
        tbs = der.sequence(
            self._produced + der.sequence(b"".join(singles)) + _extensions(nonce, extended_revoke=extended_revoke)
        )
        signature = self._sign(tbs)
        bits = der.header(der.BIT_STRING, len(signature) + 1)
        length = len(tbs) + len(self._algorithm) + len(bits) + 1 + len(signature) + len(self._tail)
        return b"".join((_envelope(length), tbs, self._algorithm, bits, b"\0", signature, self._tail))


def signing_at(key: ResponderKey, now: datetime, *, validity: timedelta, archive: timedelta | None) -> Signing:
    """Return what to sign with at this moment, cut to its second; `archive`: how long expired certificates are kept.

    nextUpdate is `validity` later, but not after the end of the signer's certificate: an answer that outlives it would
    be believed by some clients only. Raises SignerNotValid.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    facts = certificate_facts(key.certificate)
    if not facts.not_before <= now < facts.not_after:
        raise SignerNotValid(f"the signer's certificate is valid from {facts.not_before} to {facts.not_after}")
    cutoff = None if archive is None else now - archive
    return Signing(key, produced_at=now, next_update=min(now + validity, facts.not_after), archive_cutoff=cutoff)


def shortened(body: bytes, certificate: bytes) -> bytes:
    """Return a response without the signer's certificate that ends it, to be kept in a third of the space.

    Raises ImpossibleResponse for a response that carries another certificate, or none.
    """
    tail = _certificates(certificate)
    if not body.endswith(tail):
        raise ImpossibleResponse("the response does not carry this certificate")
    return body[: -len(tail)]


def completed(start: bytes, certificate: bytes) -> bytes:
    """Return the response that `shortened` made this of."""
    return start + _certificates(certificate)


@lru_cache(maxsize=64)
def _certificates(certificate: bytes) -> bytes:
    """Encode certs [0] of a BasicOCSPResponse."""
    return der.tlv(0xA0, der.tlv(der.SEQUENCE, certificate))


def build_response(
    key: ResponderKey,
    statuses: Sequence[tuple[CertId, Status]],
    *,
    produced_at: datetime,
    next_update: datetime,
    nonce: bytes | None = None,
    extended_revoke: bool = False,
) -> bytes:
    """Return one signed OCSPResponse; see Signing, which is faster for many of one second."""
    signing = Signing(key, produced_at=produced_at, next_update=next_update)
    return signing.response(statuses, nonce=nonce, extended_revoke=extended_revoke)


@lru_cache(maxsize=1024)
def _envelope(length: int) -> bytes:
    """Return all that stands before the contents of a BasicOCSPResponse, which has so many octets of contents."""
    basic = der.header(der.SEQUENCE, length)
    response = _BASIC + der.header(der.OCTET_STRING, len(basic) + length) + basic
    response_bytes = der.header(der.SEQUENCE, len(response) + length) + response
    tagged = _SUCCESSFUL + der.header(0xA0, len(response_bytes) + length) + response_bytes
    return der.header(der.SEQUENCE, len(tagged) + length) + tagged


def _status(status: Status) -> bytes:
    """Encode a CertStatus; the reason `unspecified` is left out, as in a CRL."""
    if isinstance(status, Revoked):
        reason = der.tlv(0xA0, der.tlv(der.ENUMERATED, bytes([status.reason]))) if status.reason else b""
        return der.tlv(0xA1, der.time(status.at), reason)
    return _GOOD if isinstance(status, Good) else _UNKNOWN


def _single_extensions(archive_cutoff: datetime | None) -> bytes:
    """Encode singleExtensions [1]; none of them is critical."""
    if archive_cutoff is None:
        return b""
    value = der.tlv(der.OCTET_STRING, der.time(archive_cutoff))
    return der.tlv(0xA1, der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, _ARCHIVE_CUTOFF, value)))


def _extensions(nonce: bytes | None, *, extended_revoke: bool) -> bytes:
    """Encode responseExtensions [1], neither of them critical (RFC 6960 section 4.4.8, RFC 9654)."""
    listed = b""
    if nonce is not None:
        listed = der.sequence(_NONCE + der.tlv(der.OCTET_STRING, der.tlv(der.OCTET_STRING, nonce)))
    if extended_revoke:
        listed += _EXTENDED_REVOKE
    return der.tlv(0xA1, der.sequence(listed)) if listed else b""
