"""DER (X.690) of the few types that a certificate is made of.

asn1crypto's object layer is not used to build: it costs about 2 ms a certificate, these functions 0.05 ms. Its parser
reads and writes the headers that no certificate of ours has: tags above 30 and lengths without an end.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from asn1crypto.core import ObjectIdentifier
from asn1crypto.parser import emit, parse

from profiles.errors import CertificateValueError

_UNIVERSAL, _CONTEXT = 0, 2
_PRIMITIVE, _CONSTRUCTED = 0, 1
_LONG_TAG, _NO_END = 31, 128

SEQUENCE_TAG = 16
NULL = b"\x05\x00"


def encode(class_: int, method: int, tag: int, contents: bytes) -> bytes:
    """The element with this header; the length in the fewest octets (X.690 §10.1)."""
    if tag >= _LONG_TAG:
        encoded: bytes = emit(class_, method, tag, contents)
        return encoded
    first, length = class_ << 6 | method << 5 | tag, len(contents)
    if length < 128:
        return bytes((first, length)) + contents
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((first, 128 | len(octets))) + octets + contents


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE (or SEQUENCE OF) of elements that are already encoded."""
    return encode(_UNIVERSAL, _CONSTRUCTED, SEQUENCE_TAG, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    """SET OF, its elements put into the order that DER demands (X.690 §11.6)."""
    return encode(_UNIVERSAL, _CONSTRUCTED, 17, b"".join(sorted(parts)))


def constructed(tag: int, contents: bytes) -> bytes:
    """Context tag around whole elements: EXPLICIT, or IMPLICIT over a SEQUENCE, SET or CHOICE."""
    return encode(_CONTEXT, _CONSTRUCTED, tag, contents)


def primitive(tag: int, contents: bytes) -> bytes:
    """Context tag IMPLICIT over a string; `contents` are the bare octets."""
    return encode(_CONTEXT, _PRIMITIVE, tag, contents)


def boolean_true() -> bytes:
    """BOOLEAN TRUE. FALSE is everywhere the DEFAULT here, and a default is left out (X.690 §11.5)."""
    return b"\x01\x01\xff"


def integer(value: int) -> bytes:
    """INTEGER of a number >= 0 in the fewest octets, with a zero octet before a set top bit."""
    return encode(_UNIVERSAL, _PRIMITIVE, 2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octet_string(contents: bytes) -> bytes:
    """Primitive (X.690 §10.2), whatever the contents are."""
    return encode(_UNIVERSAL, _PRIMITIVE, 4, contents)


def bit_string(contents: bytes, *, unused: int = 0) -> bytes:
    """BIT STRING of whole octets, the last `unused` bits (zero) of them not counted."""
    return encode(_UNIVERSAL, _PRIMITIVE, 3, bytes([unused]) + contents)


def named_bits(bits: frozenset[int]) -> bytes:
    """BIT STRING of named bits, bit 0 first; trailing zeros are cut (X.690 §11.2.2)."""
    highest = max(bits)
    value = sum(1 << (highest - bit) for bit in bits)
    unused = -(highest + 1) % 8
    return bit_string((value << unused).to_bytes((highest + 1 + unused) // 8, "big"), unused=unused)


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form; slow, so only for what is encoded once."""
    encoded: bytes = ObjectIdentifier(dotted).dump()
    return encoded


def printable_string(text: str) -> bytes:
    """PrintableString; the caller has checked the alphabet."""
    return encode(_UNIVERSAL, _PRIMITIVE, 19, text.encode("ascii"))


def utf8_string(text: str) -> bytes:
    """UTF8String; the caller has refused lone surrogates."""
    return encode(_UNIVERSAL, _PRIMITIVE, 12, text.encode("utf-8"))


def time(key: str, at: datetime) -> bytes:
    """Time of RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050, in Zulu with seconds.

    A naive time, one with a fraction of a second or one before 1950 raises CertificateValueError under `key`.
    """
    if at.tzinfo is None or at.utcoffset() is None:
        raise CertificateValueError(key, "a time without zone", "an aware datetime")
    if at.microsecond:
        raise CertificateValueError(key, f"{at.microsecond} microseconds", "whole seconds (RFC 5280 §4.1.2.5)")
    try:
        utc = at.astimezone(UTC)
    except OverflowError as error:
        raise CertificateValueError(key, "a time outside the calendar", "1950 to 9999") from error
    if utc.year < 1950:
        raise CertificateValueError(key, utc.isoformat(), "1950 to 9999")
    short = utc.year < 2050
    text = utc.strftime("%y%m%d%H%M%SZ" if short else "%Y%m%d%H%M%SZ")
    return encode(_UNIVERSAL, _PRIMITIVE, 23 if short else 24, text.encode("ascii"))


def children(der: bytes, key: str) -> tuple[bytes, ...]:
    """The elements of the one SEQUENCE that `der` is; else CertificateValueError under `key`."""
    class_, method, tag, contents = element(der, key)
    if (class_, method, tag) != (_UNIVERSAL, _CONSTRUCTED, SEQUENCE_TAG):
        raise CertificateValueError(key, f"tag {tag}", "a SEQUENCE")
    return elements(contents, key)


def elements(contents: bytes, key: str) -> tuple[bytes, ...]:
    """Cut a row of encoded elements apart; truncated ones raise CertificateValueError under `key`."""
    return tuple(encoded for *_, encoded in walk(contents, key))


def walk(contents: bytes, key: str) -> Iterator[tuple[int, int, int, bytes, bytes]]:
    """(class, method, tag, contents, whole encoding) of each element in a row.

    Truncated octets raise CertificateValueError under `key` when the walk reaches them.
    """
    start = 0
    while start < len(contents):
        try:
            class_, method, tag, body, end = _next(contents, start)
        except (ValueError, TypeError, IndexError) as error:
            raise CertificateValueError(key, "truncated octets", "DER") from error
        yield class_, method, tag, body, contents[start:end]
        start = end


def element(der: bytes, key: str) -> tuple[int, int, int, bytes]:
    """(class, method, tag, contents); trailing octets raise CertificateValueError under `key`."""
    try:
        class_, method, tag, contents, end = _next(der, 0)
    except (ValueError, TypeError, IndexError) as error:
        raise CertificateValueError(key, "octets that are not one DER element", "DER") from error
    if end != len(der):
        raise CertificateValueError(key, "octets that are not one DER element", "DER")
    return class_, method, tag, contents


def _next(octets: bytes, start: int) -> tuple[int, int, int, bytes, int]:
    """(class, method, tag, contents, where it ends) of the element that starts there."""
    first, length = octets[start], octets[start + 1]
    begin = start + 2
    if first & _LONG_TAG == _LONG_TAG or length == _NO_END:
        class_, method, tag, header, body, trailer = parse(octets[start:])
        return class_, method, tag, body, start + len(header) + len(body) + len(trailer)
    if length > _NO_END:
        begin += length & 127
        length = int.from_bytes(octets[start + 2 : begin], "big")
    end = begin + length
    if end > len(octets):
        raise ValueError(f"{end - len(octets)} octets are missing")
    return first >> 6, first >> 5 & 1, first & _LONG_TAG, octets[begin:end], end
