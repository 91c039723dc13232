"""The entries of a CRL as they lie in its octets: validated whole, looked up when asked, compared by what differs."""

from collections.abc import Collection, Iterator, Mapping

from . import pattern
from .der import Reader
from .entry import REMOVAL, Revocation, decode_entries, decode_tail
from .errors import MalformedCrl
from .reasons import Reason

_BLOCK = 1 << 16
# So far ahead an entry is looked for that does not stand where the other list goes on: some 1,300 entries.
_AHEAD = 1 << 16
# Two lists that differ in more places are in another order, and compared by their contents.
_MOST_PLACES = 10_000


class Entries(Mapping[int, Revocation]):
    """A read-only mapping from serial numbers to revocations; an index is made when the first one is looked up."""

    __slots__ = ("_count", "_index", "data", "end", "start")

    def __init__(self, data: bytes, start: int, end: int) -> None:
        """`data[start:end]` are entries that `read` has validated."""
        self.data, self.start, self.end = data, start, end
        self._count: int | None = None
        self._index: dict[bytes, bytes] | None = None

    def __len__(self) -> int:
        """Return the number of entries."""
        if self._count is None:
            self._count = len(self._keys())
        return self._count

    def __iter__(self) -> Iterator[int]:
        """Yield the serial numbers in the order of the CRL."""
        return map(int.from_bytes, self._keys())

    def __getitem__(self, serial: int) -> Revocation:
        """Return what the CRL says of a serial number, by an index of all."""
        if self._index is None:
            self._index = dict(pattern.PAIR.findall(self.data, self.start, self.end))
        return _revocation(self._index[_key(serial)])

    def _keys(self) -> list[bytes]:
        """Return the octets of each serial number, in the order of the CRL."""
        return pattern.SERIAL.findall(self.data, self.start, self.end)

    def pick(self, serials: Collection[int]) -> dict[int, Revocation]:
        """Return those of `serials` that are listed; one pass, no index: for a few of very many."""
        wanted = {_key(serial): serial for serial in serials}
        found = pattern.PAIR.finditer(self.data, self.start, self.end)
        return {wanted[match[1]]: _revocation(match[2]) for match in found if match[1] in wanted}


def read(data: bytes, start: int, end: int, *, unique: bool = False) -> Mapping[int, Revocation]:
    """Read the contents of revokedCertificates, `data[start:end]`; raises MalformedCrl.

    Entries in the form of `encode_entry` become an Entries, a million in half a second; others are decoded one by one.
    `unique`: the caller knows, or finds out, that no serial number is listed twice.
    """
    if not pattern.RUN.fullmatch(data, start, end):
        return decode_entries(data, start, end)
    entries = Entries(data, start, end)
    if not unique and len(set(entries)) != len(entries):
        raise MalformedCrl("a serial number that is zero or listed twice")
    return entries


def has_removal(entries: Mapping[int, Revocation]) -> bool:
    """Say whether an entry has the reason `removeFromCRL`."""
    if isinstance(entries, Entries) and entries.data.find(REMOVAL, entries.start, entries.end) < 0:
        return False
    # Found somewhere: the same octets could also be part of a serial number.
    return any(entry.reason is Reason.REMOVE_FROM_CRL for entry in entries.values())


def changes(before: Mapping[int, Revocation], after: Mapping[int, Revocation]) -> dict[int, Revocation | None]:
    """Return what `after` says of each serial number of which the two say different things; None: not listed."""
    if isinstance(before, Entries) and isinstance(after, Entries):
        gone, come = map(_pairs, _different(before, after))
        found: dict[int, Revocation | None] = {
            int.from_bytes(key): _revocation(tail) for key, tail in come.items() if gone.get(key) != tail
        }
        return found | {int.from_bytes(key): None for key in gone if key not in come}
    found = {serial: revocation for serial, revocation in after.items() if before.get(serial) != revocation}
    return found | {serial: None for serial in before if serial not in after}


def _different(before: Entries, after: Entries) -> tuple[bytes, bytes]:
    """Return the entries, joined, of each list that the other has not at the same place.

    Equal octets are skipped at the speed of memory. An entry that only moved comes out on both sides.
    """
    i, j = before.start, after.start
    gone: list[bytes] = []
    come: list[bytes] = []
    while i < before.end and j < after.end and len(gone) + len(come) < _MOST_PLACES:
        equal = _equal_entries(before, i, after, j)
        i, j = i + equal, j + equal
        entry = _entry_at(before, i)
        goes_on = _place_of(entry, after, j)
        if goes_on < 0:
            gone.append(entry)
            i += len(entry)
        else:
            come.append(after.data[j:goes_on])
            j = goes_on
    return b"".join([*gone, before.data[i : before.end]]), b"".join([*come, after.data[j : after.end]])


def _equal_entries(a: Entries, i: int, b: Entries, j: int) -> int:
    """Return for how many octets from `i` and `j` the two are the same whole entries."""
    limit = min(a.end - i, b.end - j)
    equal, step = 0, _BLOCK
    while step:
        both = a.data[i + equal : i + equal + step], b.data[j + equal : j + equal + step]
        if equal + step <= limit and both[0] == both[1]:
            equal += step
        else:
            step >>= 1
    match = pattern.RUN.match(a.data, i, i + equal)
    return match.end() - i if match else 0


def _entry_at(entries: Entries, pos: int) -> bytes:
    """Return the entry that begins here, b"" at the end; its length stands in its second octet."""
    return entries.data[pos : min(pos + 2 + entries.data[pos + 1], entries.end)] if pos < entries.end else b""


def _place_of(entry: bytes, entries: Entries, pos: int) -> int:
    """Return where, from `pos` on and not far, this entry stands; -1 if it does not."""
    found = entries.data.find(entry, pos, min(pos + _AHEAD, entries.end))
    # Only where an entry begins: a serial number of 20 octets can hold what looks like one.
    if found > pos and not pattern.RUN.fullmatch(entries.data, pos, found):
        return -1
    return found


def _pairs(joined: bytes) -> dict[bytes, bytes]:
    return dict(pattern.PAIR.findall(joined))


def _key(serial: int) -> bytes:
    """The octets of a serial number (X.690 section 8.3.2); b"" for what cannot be one."""
    return serial.to_bytes(serial.bit_length() // 8 + 1, "big") if 0 < serial < 1 << 159 else b""


def _revocation(tail: bytes) -> Revocation:
    return decode_tail(Reader(tail))
