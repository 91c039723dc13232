"""Where the parts of a DER value lie (X.690 §10.1): offsets into the octets, nothing is copied or decoded."""

from collections.abc import Iterator
from typing import NamedTuple

SEQUENCE = 0x30
BIT_STRING = 0x03
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
_MAX_LENGTH_OCTETS = 4  # 4 GiB


class DerError(ValueError):
    """Not DER, or not the element that was expected here."""


class Element(NamedTuple):
    """One element of `data`: its identifier octet, and where it, its content and its end lie."""

    tag: int
    start: int
    content: int
    end: int


def element(data: bytes, at: int, limit: int | None = None) -> Element:
    """The element that starts at `at` and ends at the latest at `limit`. Raises `DerError`: a truncated value,
    a length that is not minimal or indefinite, or an identifier of several octets."""
    limit = len(data) if limit is None else limit
    if at + 2 > limit:
        raise DerError("truncated")
    tag, length = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise DerError("an identifier of several octets")
    content = at + 2
    if length >= 0x80:
        octets = length & 0x7F
        content += octets
        length = int.from_bytes(data[at + 2 : content], "big")
        if not 0 < octets <= _MAX_LENGTH_OCTETS or content > limit or length < 0x80 or length >> 8 * (octets - 1) == 0:
            raise DerError("an indefinite, overlong or truncated length")
    if content + length > limit:
        raise DerError("truncated")
    return Element(tag, at, content, content + length)


def children(data: bytes, parent: Element) -> Iterator[Element]:
    """The elements inside a constructed one, in order."""
    at = parent.content
    while at < parent.end:
        child = element(data, at, parent.end)
        yield child
        at = child.end


def is_whole_octets(data: bytes, bits: Element) -> bool:
    """Whether a BIT STRING has no unused bits. A signature that ends in zero bits could be written as one with
    some: other octets with the same meaning, and another fingerprint."""
    return bits.tag == BIT_STRING and bits.content < bits.end and data[bits.content] == 0


def whole(data: bytes, tag: int) -> Element:
    """The one element that `data` is; raises `DerError` if it has another tag or octets follow."""
    only = element(data, 0)
    if only.tag != tag or only.end != len(data):
        raise DerError("another type, or octets after the value")
    return only
