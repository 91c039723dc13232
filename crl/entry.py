"""One revoked certificate in a CRL (RFC 5280 section 5.3): encoded once, when its status changes."""

from datetime import datetime
from typing import NamedTuple

from . import der
from .der import Reader
from .errors import ImpossibleCrl, MalformedCrl
from .reasons import Reason

_REASON_CODE = b"\x55\x1d\x15"
_INVALIDITY_DATE = b"\x55\x1d\x18"

# 20 octets of a positive INTEGER hold 159 bits (RFC 5280 section 4.1.2.2).
_MAX_SERIAL = (1 << 159) - 1


class Revocation(NamedTuple):
    """What an entry says; a `reason` that is left out reads as None."""

    revoked_at: datetime
    reason: Reason | None


_REASONS: dict[Reason, bytes] = {
    reason: der.tlv(
        der.SEQUENCE,
        der.tlv(
            der.SEQUENCE,
            der.tlv(der.OID, _REASON_CODE),
            der.tlv(der.OCTET_STRING, der.tlv(der.ENUMERATED, bytes([reason]))),
        ),
    )
    for reason in Reason
    if reason is not Reason.UNSPECIFIED
}
REMOVAL = _REASONS[Reason.REMOVE_FROM_CRL]


def encode_entry(serial: int, revoked_at: datetime, reason: Reason | None) -> bytes:
    """Encode one entry; `unspecified` is left out (section 5.3.1), fractions of a second are cut.

    An entry with `removeFromCRL` can go into a delta CRL only; `build_tbs` refuses it elsewhere.
    Raises ImpossibleCrl for a serial number outside 1..2^159-1 or a naive time.
    """
    if not 0 < serial <= _MAX_SERIAL:
        raise ImpossibleCrl("a serial number must be positive and fit 20 octets")
    extensions = _REASONS[reason] if reason else b""
    return der.tlv(der.SEQUENCE, der.integer(serial), der.time(revoked_at), extensions)


def decode_entries(data: bytes, start: int, end: int) -> dict[int, Revocation]:
    """Decode the contents of revokedCertificates, `data[start:end]`; a serial listed twice is malformed.

    Takes what other CAs may write too (an invalidityDate); `entries.read` is the fast way for our own.
    """
    entries: dict[int, Revocation] = {}
    listed = Reader(data, start, end)
    while listed.peek() >= 0:
        entry = listed.enter(der.SEQUENCE)
        serial = entry.integer()
        if serial in entries or not serial:
            raise MalformedCrl("a serial number that is zero or listed twice")
        entries[serial] = decode_tail(entry)
    return entries


def decode_tail(entry: Reader) -> Revocation:
    """Decode what follows the serial number: revocationDate and crlEntryExtensions, to the entry's end."""
    revoked_at = entry.time()
    return Revocation(revoked_at, None if entry.peek() < 0 else _decode_extensions(entry))


def _decode_extensions(tail: Reader) -> Reason | None:
    """Decode crlEntryExtensions; only the reason is of use here."""
    reason = None
    for oid, critical, value in tail.extensions():
        if oid == _REASON_CODE:
            reason = _decode_reason(value)
        elif critical or oid != _INVALIDITY_DATE:
            # certificateIssuer would make this an indirect CRL: another issuer's certificates, not ours.
            raise MalformedCrl("an entry extension that this CA does not use")
    tail.finish()
    return reason


def _decode_reason(value: Reader) -> Reason:
    """Decode a reasonCode, an ENUMERATED of one octet."""
    code = value.contents(der.ENUMERATED)
    value.finish()
    try:
        return Reason(int.from_bytes(code, "big", signed=True)) if len(code) == 1 else Reason(-1)
    except ValueError as error:
        raise MalformedCrl("a reason that RFC 5280 section 5.3.1 does not know") from error
