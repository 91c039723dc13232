"""The entries of a verified list, by serial number: a million in half a second, no object for each."""

import re

from cryptography import x509

from teacher_registry.verification import der
from teacher_registry.verification.certificates import PARSER_ERRORS
from teacher_registry.verification.crl_reader import ReadCrl
from teacher_registry.verification.revocation import UntrustedAnswerError

# The key of an entry is the length octet and the content of its serial INTEGER, its value the one octet of the
# reasonCode or None: what stands in the list, cut out of it.
Entries = dict[bytes, bytes | None]

HOLD = b"\x06"
REMOVE = b"\x08"
# RFC 5280 §5.3.1: 7 is not used.
_REASONS = frozenset(bytes([code]) for code in (0, 1, 2, 3, 4, 5, 6, 8, 9, 10))

# One entry as our CA writes it: SEQUENCE { serial, time, optionally exactly one extension, reasonCode, not critical }.
# The parser has walked all lengths before, so consecutive matches that fill the list are its entries.
_SERIALS = b"|".join(re.escape(bytes([n])) + b"[\x00-\x7f]" + b"." * (n - 1) for n in range(1, 21))
_ENTRY = re.compile(
    rb"\x30.\x02(" + _SERIALS + rb")(?:\x17\x0d\d{12}Z|\x18\x0f\d{14}Z)"
    rb"(?:\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01(.))?",
    re.DOTALL,
)


def serial_key(serial: int) -> bytes:
    """The key under which `Entries` know a serial number."""
    content = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    return bytes([len(content)]) + content


_ZERO = serial_key(0)


def read_entries(crl: ReadCrl) -> Entries:
    """All entries. Raises `UntrustedAnswerError`: a serial twice or not positive, an unknown reason, an unknown
    critical extension or another issuer's certificate (§5.3), removeFromCRL outside a delta (§5.3.1)."""
    if crl.entries is None:
        return {}
    entries = _our_form(crl.der, crl.entries)
    if entries is None:
        entries = _any_form(crl)
    if _ZERO in entries:
        raise UntrustedAnswerError("a serial number that is not positive")
    if len(entries) != len(crl.unverified):
        raise UntrustedAnswerError("a serial number stands twice in the CRL")
    reasons = set(entries.values()) - {None}
    if reasons - _REASONS:
        raise UntrustedAnswerError("a reason that RFC 5280 does not have")
    if REMOVE in reasons and crl.base_number is None:
        raise UntrustedAnswerError("removeFromCRL in a complete CRL")
    return entries


def _our_form(octets: bytes, entries: der.Element) -> Entries | None:
    """None as soon as one entry looks otherwise."""
    found: Entries = {}
    at = entries.content
    for match in _ENTRY.finditer(octets, entries.content, entries.end):
        if match.start() != at:
            return None
        at = match.end()
        found[match[1]] = match[2]
    return found if at == entries.end else None


def _any_form(crl: ReadCrl) -> Entries:
    """Entry by entry: microseconds each, for lists with other extensions."""
    found: Entries = {}
    try:
        for entry in crl.unverified:
            if entry.serial_number < 0:
                raise UntrustedAnswerError("a serial number that is not positive")
            found[serial_key(entry.serial_number)] = _reason(entry)
    except PARSER_ERRORS as error:
        raise UntrustedAnswerError(f"an unreadable CRL entry: {type(error).__name__}") from error
    return found


def _reason(entry: x509.RevokedCertificate) -> bytes | None:
    reason = None
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            # The value is ENUMERATED of one octet: 0A 01 xx.
            reason = extension.value.public_bytes()[-1:]
        if extension.critical or isinstance(extension.value, x509.CertificateIssuer):
            raise UntrustedAnswerError("a critical extension of a CRL entry, or another issuer's certificate")
    return reason
