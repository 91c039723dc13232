"""Entries as octets: the fast way reads what the slow way reads, and what differs is found in any order."""

import random
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import crl
from crl import Reason, Revocation, der, entries, entry, pattern

from .ca import DAY, NOW
from .test_parse import moments, reasons, serials

listed = st.dictionaries(serials, st.tuples(moments, reasons), min_size=1, max_size=6)


def joined(revoked: Mapping[int, tuple[datetime, Reason | None]]) -> bytes:
    return b"".join(crl.encode_entry(serial, *said) for serial, said in revoked.items())


def read(revoked: Mapping[int, tuple[datetime, Reason | None]]) -> Mapping[int, Revocation]:
    data = joined(revoked)
    return entries.read(data, 0, len(data))


@given(listed)
def test_what_encode_entry_writes_is_read_the_fast_way(revoked: dict[int, tuple[datetime, Reason | None]]) -> None:
    found = read(revoked)
    assert isinstance(found, entries.Entries)
    assert (len(found), list(found), dict(found)) == (len(revoked), list(revoked), revoked)
    assert found.pick(revoked) == revoked
    assert found == entry.decode_entries(joined(revoked), 0, len(joined(revoked)))


@pytest.mark.parametrize("bits", [*range(1, 160, 8), *range(7, 160, 8), *range(8, 159, 8)])
def test_serial_of_every_length_is_found_by_itself(bits: int) -> None:
    serial = 1 << bits - 1
    found = read({serial: (NOW, None), serial + 1: (NOW, Reason.SUPERSEDED)})
    assert isinstance(found, entries.Entries)
    assert found[serial] == (NOW, None)
    assert serial + 2 not in found


@pytest.mark.parametrize("serial", [0, -1, 1 << 159, 1 << 200])
def test_number_that_is_no_serial_is_not_listed(serial: int) -> None:
    found = read({5: (NOW, None)})
    assert serial not in found
    assert isinstance(found, entries.Entries)
    assert found.pick([serial, 5]) == {5: (NOW, None)}


@given(st.integers(1950, 9999), st.integers(0, 13), st.integers(0, 32), st.integers(0, 25), st.integers(0, 61))
@example(2000, 2, 29, 0, 0)
@example(2100, 2, 29, 0, 0)
@example(2400, 2, 29, 23, 59)
@example(2024, 2, 29, 24, 0)
def test_pattern_takes_the_days_of_the_calendar_and_no_others(
    year: int, month: int, day: int, hour: int, second: int
) -> None:
    """RFC 5280 5.1.2.4: UTCTime through 2049, GeneralizedTime in 2050 or later, in Zulu with seconds."""
    clock = f"{month:02}{day:02}{hour:02}00{second:02}Z".encode()
    tag, text = (23, b"%02d" % (year % 100) + clock) if year < 2050 else (24, b"%04d" % year + clock)
    real = 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1] and hour < 24 and second < 60
    encoded = der.tlv(der.SEQUENCE, der.integer(7), der.tlv(tag, text))
    assert bool(pattern.RUN.fullmatch(encoded)) == real


@settings(max_examples=300)
@given(st.integers(0, 200), st.integers(0, 255), st.booleans())
def test_damaged_octet_is_read_alike_by_both_ways(at: int, octet: int, drop: bool) -> None:
    data = joined(
        {300: (NOW, Reason.CERTIFICATE_HOLD), 1 << 126: (NOW, None), 9: (datetime(2060, 1, 1, tzinfo=UTC), None)}
    )
    at %= len(data)
    data = data[:at] + (b"" if drop else bytes([octet])) + data[at + 1 :]
    try:
        slowly = entry.decode_entries(data, 0, len(data))
    except crl.MalformedCrl:
        with pytest.raises(crl.MalformedCrl):
            entries.read(data, 0, len(data))
        return
    assert dict(entries.read(data, 0, len(data))) == slowly


before_and_after = st.tuples(listed, listed, st.randoms(use_true_random=False))


@given(before_and_after)
def test_changes_are_found_whatever_the_order(
    drawn: tuple[dict[int, tuple[datetime, Reason | None]], dict[int, tuple[datetime, Reason | None]], random.Random],
) -> None:
    before, added, shuffler = drawn
    kept = [serial for serial in before if shuffler.random() < 0.7] or list(before)
    after = {serial: before[serial] for serial in kept} | added
    mixed = list(after)
    shuffler.shuffle(mixed)
    for order in (list(after), mixed):
        found = entries.changes(read(before), read({serial: after[serial] for serial in order}))
        said: dict[int, object] = {serial: after.get(serial) for serial in {*before, *after}}
        assert found == {serial: said[serial] for serial in said if said[serial] != before.get(serial)}


def region(count: int) -> dict[int, tuple[datetime, Reason | None]]:
    rng = random.Random(7)
    return {
        rng.getrandbits(127) | 1 << 100: (NOW - timedelta(seconds=n), Reason.CERTIFICATE_HOLD) for n in range(count)
    }


def test_changes_in_a_long_list_are_found_in_every_place() -> None:
    """More than a block of equal octets before, between and behind what differs."""
    before = region(6000)
    serials_ = list(before)
    after = dict(before)
    gone = [serials_[n] for n in (0, 1, 2000, 4999, 5999)]
    for serial in gone:
        del after[serial]
    after[serials_[3000]] = (NOW, Reason.KEY_COMPROMISE)
    listed_after = list(after.items())
    for n, place in enumerate((0, 1500, 1501, len(listed_after))):
        listed_after.insert(place, (n + 1, (NOW, None)))
    found = entries.changes(read(before), read(dict(listed_after)))
    assert found == {
        **dict.fromkeys(gone),
        serials_[3000]: (NOW, Reason.KEY_COMPROMISE),
        **dict.fromkeys(range(1, 5), (NOW, None)),
    }


def test_lists_in_two_orders_are_equal_by_their_contents() -> None:
    before = region(12_000)
    turned = dict(reversed(before.items()))
    assert entries.changes(read(before), read(turned)) == {}
    turned[1] = (NOW, None)
    assert entries.changes(read(before), read(turned)) == {1: (NOW, None)}


def test_serial_that_looks_like_an_entry_is_no_place_to_go_on() -> None:
    small = crl.encode_entry(1, NOW, None)
    assert len(small) == 20
    look_alike = int.from_bytes(small, "big")
    before: dict[int, tuple[datetime, Reason | None]] = {1: (NOW, None), 2: (NOW, None)}
    after: dict[int, tuple[datetime, Reason | None]] = {look_alike: (NOW, None), 2: (NOW, None)}
    assert entries.changes(read(before), read(after)) == {1: None, look_alike: (NOW, None)}


def test_list_of_another_make_is_compared_too() -> None:
    """An invalidityDate keeps the first from being read by pattern."""
    extension = der.tlv(
        der.SEQUENCE, der.tlv(der.OID, b"\x55\x1d\x18"), der.tlv(der.OCTET_STRING, b"\x18\x0f20260101000000Z")
    )
    odd = der.tlv(der.SEQUENCE, der.integer(7), der.time(NOW), der.tlv(der.SEQUENCE, extension))
    data = odd + crl.encode_entry(8, NOW, None)
    before = entries.read(data, 0, len(data))
    assert isinstance(before, dict)
    assert entries.changes(before, read({7: (NOW, None), 9: (NOW - DAY, None)})) == {8: None, 9: (NOW - DAY, None)}
