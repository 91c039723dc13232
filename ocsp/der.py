"""The few pieces of DER (ITU-T X.690) that OCSP is made of: writing, and strict reading."""

from collections.abc import Iterator
from datetime import UTC, datetime

from .errors import ImpossibleResponse, MalformedRequest

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
ENUMERATED, GENERALIZED_TIME, SEQUENCE = 0x0A, 0x18, 0x30


def tlv(tag: int, *contents: bytes) -> bytes:
    """Return one element; `tag` is the identifier octet (low tag numbers only), contents are joined."""
    joined = b"".join(contents)
    return header(tag, len(joined)) + joined


def sequence(contents: bytes) -> bytes:
    """Return a SEQUENCE; most of those in a response are short, and their headers known."""
    length = len(contents)
    return (_SEQUENCES[length] if length < _KNOWN else header(SEQUENCE, length)) + contents


def header(tag: int, length: int) -> bytes:
    """Return identifier octet and length octets, as few as hold it (X.690 section 10.1)."""
    if length < 0x80:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


_KNOWN = 512
_SEQUENCES = [header(SEQUENCE, length) for length in range(_KNOWN)]


def time(moment: datetime) -> bytes:
    """Encode a GeneralizedTime in UTC (RFC 6960 section 4.2.2.1); fractions of a second are cut."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ImpossibleResponse("a time without a time zone")
    return tlv(GENERALIZED_TIME, f"{moment.astimezone(UTC):%Y%m%d%H%M%SZ}".zfill(15).encode("ascii"))


class Reader:
    """Reads the elements of one DER value in order; whatever is not DER raises MalformedRequest."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        """Read `data[start:end]`; the bytes are not copied."""
        self.data = data
        self.pos = start
        self.end = len(data) if end is None else end

    def peek(self) -> int:
        """Return the next identifier octet, or -1 at the end."""
        return self.data[self.pos] if self.pos < self.end else -1

    def enter(self, tag: int) -> "Reader":
        """Read one element that must have this identifier octet; return a reader of its contents."""
        data, pos = self.data, self.pos
        if pos + 2 > self.end or data[pos] != tag:
            raise MalformedRequest(f"expected an element {tag:#04x}")
        length, start = data[pos + 1], pos + 2
        if length >= 0x80:
            start += length & 0x7F
            octets = data[pos + 2 : start]
            # Indefinite, over-long and zero-padded lengths are BER, not DER (X.690 section 10.1).
            if not 1 <= len(octets) <= 4 or start > self.end or octets[0] == 0:
                raise MalformedRequest("a length that is not DER")
            length = int.from_bytes(octets, "big")
            if length < 0x80:
                raise MalformedRequest("a length that is not DER")
        if start + length > self.end:
            raise MalformedRequest("an element is longer than what holds it")
        self.pos = start + length
        return Reader(data, start, self.pos)

    def contents(self, tag: int) -> bytes:
        """Read one element that must have this identifier octet; return its contents."""
        inner = self.enter(tag)
        return self.data[inner.pos : inner.end]

    def optional(self, tag: int) -> "Reader | None":
        """Read the next element if it has this identifier octet."""
        return self.enter(tag) if self.peek() == tag else None

    def finish(self) -> None:
        """Refuse anything that follows what has been read."""
        if self.pos != self.end:
            raise MalformedRequest("unread bytes follow the last element")

    def extensions(self) -> Iterator[tuple[bytes, bool, "Reader"]]:
        """Read Extensions: (OID contents, critical, reader of extnValue); each OID at most once."""
        listed = self.enter(SEQUENCE)
        self.finish()
        seen: set[bytes] = set()
        while listed.peek() >= 0:
            extension = listed.enter(SEQUENCE)
            oid = extension.contents(OID)
            # Clients do write the default out, against DER; refusing them would help nobody.
            flag = extension.contents(BOOLEAN) if extension.peek() == BOOLEAN else b"\0"
            value = extension.enter(OCTET_STRING)
            extension.finish()
            if oid in seen or len(flag) != 1:
                raise MalformedRequest("an extension given twice, or with a criticality that is none")
            seen.add(oid)
            yield oid, flag != b"\0", value
