"""The few pieces of DER (ITU-T X.690) that a CRL is made of: writing, and strict reading."""

from collections.abc import Iterator
from datetime import UTC, datetime

from .errors import ImpossibleCrl, MalformedCrl

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID, ENUMERATED = 0x01, 0x02, 0x03, 0x04, 0x06, 0x0A
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
TRUE = b"\x01\x01\xff"


def tlv(tag: int, *contents: bytes) -> bytes:
    """Return one element; `tag` is the identifier octet (low tag numbers only), contents are joined."""
    return b"".join((header(tag, sum(map(len, contents))), *contents))


def header(tag: int, length: int) -> bytes:
    """Return identifier octet and length octets, as few as hold it (X.690 section 10.1)."""
    if length < 0x80:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def integer(value: int) -> bytes:
    """Encode a non-negative INTEGER in the fewest octets (X.690 section 8.3.2)."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def time(moment: datetime) -> bytes:
    """Encode per RFC 5280 section 5.1.2.4: UTCTime through 2049, then GeneralizedTime; fractions are cut.

    Raises ImpossibleCrl for a naive time or a year before 1950, which neither form may carry here.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ImpossibleCrl("a time without a time zone")
    moment = moment.astimezone(UTC)
    if moment.year < 1950:
        raise ImpossibleCrl("a time before 1950")
    if moment.year < 2050:
        return tlv(UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode("ascii"))
    return tlv(GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode("ascii"))


def parse_time(tag: int, text: bytes) -> datetime:
    """Decode a Time of RFC 5280 section 5.1.2.4 to aware UTC; every other form is malformed."""
    digits = text[:-1]
    if text[-1:] != b"Z" or not digits.isdigit():
        raise MalformedCrl("a time that is not YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ")
    if tag == UTC_TIME and len(digits) == 12:
        digits = (b"19" if digits >= b"5" else b"20") + digits
    elif tag != GENERALIZED_TIME or len(digits) != 14 or digits < b"2050":
        raise MalformedCrl("a time in the wrong form for its year")
    # What follows is ISO 8601's basic form, whose 24 o'clock (read from Python 3.13 on) is not DER (X.690 11.7).
    if digits[8:10] == b"24":
        raise MalformedCrl("a time that no calendar has")
    try:
        return datetime.fromisoformat((digits[:8] + b"T" + digits[8:] + b"Z").decode("ascii"))
    except ValueError as error:
        raise MalformedCrl("a time that no calendar has") from error


class Reader:
    """Reads the elements of one DER value in order; whatever is not strict DER raises MalformedCrl."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        """Read `data[start:end]`; the bytes are not copied."""
        self.data = data
        self.pos = start
        self.end = len(data) if end is None else end

    def _header(self) -> tuple[int, int]:
        """Return identifier octet and the place where the contents start and, by `self.end`, fit."""
        data, pos = self.data, self.pos
        if pos + 2 > self.end:
            raise MalformedCrl("the bytes end before an element does")
        tag, length, start = data[pos], data[pos + 1], pos + 2
        if length >= 0x80:
            start += length & 0x7F
            octets = data[pos + 2 : start]
            # Indefinite, over-long and zero-padded lengths are BER, not DER (X.690 section 10.1).
            if not 1 <= len(octets) <= 4 or start > self.end or octets[0] == 0:
                raise MalformedCrl("a length that is not DER")
            length = int.from_bytes(octets, "big")
            if length < 0x80:
                raise MalformedCrl("a length that is not DER")
        if start + length > self.end:
            raise MalformedCrl("an element is longer than what holds it")
        self.pos = start + length
        return tag, start

    def peek(self) -> int:
        """Return the next identifier octet, or -1 at the end."""
        return self.data[self.pos] if self.pos < self.end else -1

    def enter(self, tag: int) -> "Reader":
        """Read one element that must have this identifier octet; return a reader of its contents."""
        found, start = self._header()
        if found != tag:
            raise MalformedCrl(f"expected an element {tag:#04x}, found {found:#04x}")
        return Reader(self.data, start, self.pos)

    def contents(self, tag: int) -> bytes:
        """Read one element that must have this identifier octet; return its contents."""
        inner = self.enter(tag)
        return self.data[inner.pos : inner.end]

    def raw(self, tag: int) -> bytes:
        """Read one element that must have this identifier octet; return it whole, with its header."""
        start = self.pos
        self.enter(tag)
        return self.data[start : self.pos]

    def integer(self, limit: int = 20) -> int:
        """Read a non-negative, minimally encoded INTEGER of at most `limit` octets."""
        octets = self.contents(INTEGER)
        if not 1 <= len(octets) <= limit or octets[0] >= 0x80:
            raise MalformedCrl("an INTEGER that is negative, empty or too long")
        if octets[0] == 0 and len(octets) > 1 and octets[1] < 0x80:
            raise MalformedCrl("an INTEGER with needless leading zeros")
        return int.from_bytes(octets, "big")

    def time(self) -> datetime:
        """Read a Time of RFC 5280 section 5.1.2.4."""
        tag = UTC_TIME if self.peek() == UTC_TIME else GENERALIZED_TIME
        return parse_time(tag, self.contents(tag))

    def finish(self) -> None:
        """Refuse anything that follows what has been read."""
        if self.pos != self.end:
            raise MalformedCrl("unread bytes follow the last element")

    def extensions(self) -> Iterator[tuple[bytes, bool, "Reader"]]:
        """Read an Extensions value: (OID contents, critical, reader of extnValue); each OID at most once."""
        listed = self.enter(SEQUENCE)
        if listed.peek() < 0:
            raise MalformedCrl("an empty list of extensions")
        seen: set[bytes] = set()
        while listed.peek() >= 0:
            extension = listed.enter(SEQUENCE)
            oid = extension.contents(OID)
            critical = extension.peek() == BOOLEAN
            # DEFAULT FALSE is never encoded in DER (X.690 section 11.5), so a BOOLEAN here is TRUE.
            if critical and extension.contents(BOOLEAN) != b"\xff":
                raise MalformedCrl("a criticality that is not DER")
            value = extension.enter(OCTET_STRING)
            extension.finish()
            if oid in seen:
                raise MalformedCrl("an extension given twice")
            seen.add(oid)
            yield oid, critical, value
