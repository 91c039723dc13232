"""The fast reading of a list's entries says the same as the library's, and falls back to it for other forms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teacher_registry.verification import crl_entries
from teacher_registry.verification.crl_entries import read_entries, serial_key
from teacher_registry.verification.crl_reader import read_crl
from teacher_registry.verification.revocation import UntrustedAnswerError
from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile import lists as ls

ISSUER = f.root()
SERIALS = st.integers(min_value=1, max_value=(1 << 159) - 1)
REASONS = st.sampled_from([None, 0, 1, 2, 3, 4, 5, 6, 9, 10])


def read(*entries: bytes) -> dict[bytes, bytes | None]:
    """All of a list."""
    return read_entries(read_crl(ls.crl(ISSUER, entries=entries)))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(SERIALS, REASONS, max_size=12))
def test_both_readings_agree(wanted: dict[int, int | None]) -> None:
    entries = [ls.entry(serial, *([] if code is None else [ls.reason(code)])) for serial, code in wanted.items()]
    crl = read_crl(ls.crl(ISSUER, entries=entries))
    expected = {serial_key(serial): None if code is None else bytes([code]) for serial, code in wanted.items()}
    assert read_entries(crl) == expected
    assert crl_entries._any_form(crl) == expected
    assert crl.entries is None or crl_entries._our_form(crl.der, crl.entries) == expected


@pytest.mark.parametrize(
    "other",
    [
        ls.entry(7, f.Ext("2.5.29.24", f.generalized(f.NOW))),
        ls.entry(7, ls.reason(6), f.Ext("2.5.29.24", f.generalized(f.NOW))),
        ls.entry(7, f.Ext("1.3.6.1.4.1.55738.666.1", f.tlv(5)), ls.reason(6)),
    ],
    ids=["invalidity-date", "reason-and-date", "unknown"],
)
def test_an_entry_of_another_form_is_read_with_its_neighbours(other: bytes) -> None:
    found = read(ls.entry(5), other, ls.entry(9, ls.reason(4)))
    assert found.keys() == {serial_key(5), serial_key(7), serial_key(9)}
    assert found[serial_key(9)] == b"\x04"


def test_a_date_after_2049_is_read() -> None:
    assert read(ls.entry(5, at=datetime(2051, 1, 1, tzinfo=UTC))) == {serial_key(5): None}


def test_a_serial_that_looks_like_an_entry_is_a_serial() -> None:
    """Octets of a serial number cannot be taken for the start of another entry."""
    disguised = int.from_bytes(bytes.fromhex("0130120202303017"), "big")
    assert read(ls.entry(disguised), ls.entry(5)) == {serial_key(disguised): None, serial_key(5): None}


@pytest.mark.parametrize("entry", [ls.entry(0), ls.entry(-5)], ids=["zero", "negative"])
def test_a_serial_that_is_not_positive_is_refused(entry: bytes) -> None:
    with pytest.raises(UntrustedAnswerError, match="not positive"):
        read(ls.entry(5), entry)


def test_a_critical_reason_is_refused() -> None:
    """RFC 5280 §5.3.1: "The reasonCode is a non-critical CRL entry extension." """
    with pytest.raises(UntrustedAnswerError, match="critical"):
        read(ls.entry(5, ls.reason(6, critical=True)))
