"""The difference to the CRL before is what happened, no more and no less; else the serial numbers are named."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

import crl
from crl import Reason, Revocation

from .ca import DAY, NOW, make_ca

HOLD = Revocation(NOW, Reason.CERTIFICATE_HOLD)
GONE = Revocation(NOW, Reason.KEY_COMPROMISE)
BEFORE = {0x10: HOLD, 0x20: GONE, 0x30: HOLD}


def listing(revoked: Mapping[int, Revocation], *, number: int = 7, base_number: int | None = None) -> crl.ParsedCrl:
    entries = [crl.encode_entry(serial, *said) for serial, said in revoked.items()]
    return crl.parse(make_ca().issue(entries, number=number, base_number=base_number))


AFTER = {0x10: GONE, 0x20: GONE, 0x40: HOLD}
HAPPENED: Mapping[int, Revocation | None] = {0x10: GONE, 0x30: None, 0x40: HOLD}


def test_exactly_what_happened_passes() -> None:
    crl.check_difference(listing(BEFORE), listing(AFTER), HAPPENED)


def test_change_without_effect_may_be_among_them() -> None:
    """A certificate frozen and released between two complete CRLs, and one whose entry is as it was."""
    crl.check_difference(listing(BEFORE), listing(AFTER), {**HAPPENED, 0x50: None, 0x20: GONE})


def test_first_crl_is_compared_with_none() -> None:
    crl.check_difference(None, listing(BEFORE), dict(BEFORE))
    with pytest.raises(crl.WrongDifference) as caught:
        crl.check_difference(None, listing(BEFORE), {0x10: HOLD, 0x20: GONE})
    assert (caught.value.unexpected, caught.value.missing) == ((0x30,), ())


@pytest.mark.parametrize(
    ("after", "unexpected", "missing"),
    [
        (BEFORE, (), (0x10, 0x30, 0x40)),
        ({**AFTER, 0x99: HOLD}, (0x99,), ()),
        ({0x10: GONE, 0x40: HOLD}, (0x20,), ()),
        ({**AFTER, 0x10: HOLD}, (), (0x10,)),
        ({**AFTER, 0x10: Revocation(NOW - DAY, Reason.KEY_COMPROMISE)}, (0x10,), ()),
        ({**AFTER, 0x30: HOLD}, (), (0x30,)),
        ({0x20: GONE, 0x40: HOLD}, (0x10,), ()),
        ({}, (0x10, 0x20), (0x40,)),
    ],
    ids=[
        "nothing",
        "one-more",
        "one-lost",
        "not-revoked",
        "other-time",
        "not-released",
        "released-instead",
        "all-lost",
    ],
)
def test_any_other_difference_names_its_serials(
    after: Mapping[int, Revocation], unexpected: tuple[int, ...], missing: tuple[int, ...]
) -> None:
    with pytest.raises(crl.WrongDifference) as caught:
        crl.check_difference(listing(BEFORE), listing(after), HAPPENED)
    assert (caught.value.unexpected, caught.value.missing) == (unexpected, missing)
    assert caught.value.rule == "difference"


def test_message_names_the_first_serials_in_hexadecimal_and_counts_the_rest() -> None:
    many = dict.fromkeys(range(0xA0, 0xB0), HOLD)
    with pytest.raises(crl.WrongDifference, match=r"unexpected: 16 \(a0, .*a9, \.\.\.\); missing: 0$"):
        crl.check_difference(listing({}), listing(many), {})


def test_delta_is_compared_with_the_delta_before_to_the_same_base() -> None:
    released = Revocation(NOW + timedelta(minutes=5), Reason.REMOVE_FROM_CRL)
    first = listing({0x10: HOLD}, number=8, base_number=7)
    second = listing({0x10: released, 0x40: HOLD}, number=9, base_number=7)
    crl.check_difference(first, second, {0x10: released, 0x40: HOLD})
    with pytest.raises(crl.WrongDifference):
        crl.check_difference(first, second, {0x40: HOLD})


DELTA = {0x10: GONE, 0x30: Revocation(NOW, Reason.REMOVE_FROM_CRL), 0x40: HOLD}


def test_delta_and_complete_crl_of_one_number_say_the_same() -> None:
    """RFC 5280 5.2.3: issued at the same time, they MUST have the same CRL number and provide the same information."""
    base, delta, complete = listing(BEFORE), listing(DELTA, number=9, base_number=7), listing(AFTER, number=9)
    crl.check_combination(base, delta, complete)
    assert crl.combine(base, delta) == AFTER
    with pytest.raises(crl.WrongDifference) as caught:
        crl.check_combination(base, delta, listing(BEFORE, number=9))
    assert caught.value.missing == (0x10, 0x30, 0x40)
    for other in (listing(AFTER, number=10), replace(complete, this_update=NOW + DAY)):
        with pytest.raises(crl.CrlRejected, match="issued-together"):
            crl.check_combination(base, delta, other)


@pytest.mark.parametrize(
    ("base", "delta", "clause"),
    [
        (listing(BEFORE), listing(AFTER, number=9), "not a delta"),
        (listing(BEFORE, base_number=3), listing(DELTA, number=9, base_number=7), "not a delta"),
        (listing(BEFORE), replace(listing(DELTA, number=9, base_number=7), issuer=b"0\x01"), r"\(a\)"),
        (
            listing(BEFORE),
            crl.parse(make_ca().issue(number=9, base_number=7, distribution_point="http://ca.example/1.crl")),
            r"\(b\)",
        ),
        (listing(BEFORE, number=6), listing(DELTA, number=9, base_number=7), r"\(c\)"),
        (listing(BEFORE, number=9), listing(DELTA, number=9, base_number=7), r"\(d\)"),
    ],
    ids=["no-delta", "two-deltas", "issuer", "scope", "older-than-base", "not-following"],
)
def test_what_may_not_be_combined_is_refused(base: crl.ParsedCrl, delta: crl.ParsedCrl, clause: str) -> None:
    """RFC 5280 5.2.4: A complete CRL and a delta CRL MAY be combined if the following four conditions are satisfied."""
    with pytest.raises(crl.CrlRejected, match=clause):
        crl.combine(base, delta)
