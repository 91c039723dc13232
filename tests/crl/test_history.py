"""From what has happened to what the lists say: deltas, complete CRLs, and when an expired certificate may go."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crl
from crl import Reason, Revocation

from .ca import DAY, NOW, make_ca

HOLD = Revocation(NOW, Reason.CERTIFICATE_HOLD)
RELEASED = Revocation(NOW + timedelta(hours=1), Reason.REMOVE_FROM_CRL)
REVOKED = Revocation(NOW + timedelta(hours=2), Reason.AFFILIATION_CHANGED)


def delta(history: list[crl.Change], *, base_number: int = 1, number: int = 9) -> crl.ParsedCrl:
    return crl.parse(make_ca().issue(crl.delta_entries(history), base_number=base_number, number=number))


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ([(5, HOLD)], HOLD),
        ([(5, HOLD), (5, RELEASED)], RELEASED),
        ([(5, RELEASED)], RELEASED),
        ([(5, HOLD), (5, RELEASED), (5, HOLD)], HOLD),
        ([(5, HOLD), (5, REVOKED)], REVOKED),
        ([(5, HOLD), (5, RELEASED), (5, REVOKED)], REVOKED),
    ],
    ids=[
        "frozen",
        "frozen-and-released-since",
        "released",
        "frozen-again",
        "revoked-from-hold",
        "revoked-after-release",
    ],
)
def test_delta_has_the_last_word_on_each_certificate(history: list[crl.Change], said: Revocation) -> None:
    assert dict(delta(history).entries) == {5: said}


def test_delta_is_in_the_order_of_the_serial_numbers() -> None:
    assert list(delta([(9, HOLD), (7, HOLD), (8, HOLD)]).entries) == [7, 8, 9]


def test_nothing_has_happened_makes_an_empty_delta() -> None:
    assert dict(delta([]).entries) == {}


events = st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["hold", "release", "revoke"])), max_size=30)


def lived(drawn: list[tuple[int, str]]) -> list[crl.Change]:
    """A history that the state machine allows: a release only from hold, nothing after a revocation."""
    held: set[int] = set()
    ended: set[int] = set()
    history: list[crl.Change] = []
    for n, (serial, event) in enumerate(drawn):
        at = NOW + timedelta(seconds=n)
        if serial in ended or (event == "release") != (serial in held and event != "revoke"):
            continue
        if event == "revoke":
            ended.add(serial)
            held.discard(serial)
            history.append((serial, Revocation(at, Reason.SUPERSEDED)))
        elif event == "hold":
            held.add(serial)
            history.append((serial, Revocation(at, Reason.CERTIFICATE_HOLD)))
        else:
            held.remove(serial)
            history.append((serial, Revocation(at, Reason.REMOVE_FROM_CRL)))
    return history


def complete(history: list[crl.Change], number: int) -> crl.ParsedCrl:
    said = crl.outcome(history)
    entries = [crl.encode_entry(serial, *said_now) for serial, said_now in said.items() if said_now is not None]
    return crl.parse(make_ca().issue(entries, number=number))


@given(events, st.integers(0, 30), st.integers(0, 30))
def test_base_and_delta_are_the_complete_crl_and_so_is_whatever_was_built_in_between(
    drawn: list[tuple[int, str]], cut: int, later: int
) -> None:
    """RFC 5280 5.2.4: the combination of a delta CRL and any appropriate complete CRL accurately reflects the status.

    Base 1 after `cut` changes, a delta 5 after `later` more, a delta 9 and a complete 9 after all. A relying party
    that has built its list of 5 by the first delta must come to the same by the second.
    """
    history = lived(drawn)
    base, full = complete(history[:cut], 1), complete(history, 9)
    last = delta(history[cut:])
    crl.check_combination(base, last, full)
    assert crl.combine(base, last) == dict(full.entries)
    halfway = crl.combine(base, delta(history[cut : cut + later], number=5))
    built = crl.parse(make_ca().issue([crl.encode_entry(s, *said) for s, said in halfway.items()], number=5))
    assert crl.combine(built, last) == dict(full.entries)


@pytest.mark.parametrize(
    ("not_after", "revoked_at", "last_scheduled", "may"),
    [
        (NOW - DAY, NOW - 9 * DAY, NOW, True),
        (NOW - DAY, NOW - 9 * DAY, NOW - 2 * DAY, False),
        (NOW - DAY, NOW - 9 * DAY, NOW - DAY, False),
        (NOW - DAY, NOW - 9 * DAY, None, False),
        (NOW + DAY, NOW - 9 * DAY, NOW, False),
        (NOW - DAY, NOW + timedelta(seconds=1), NOW, False),
        (NOW - DAY, NOW, NOW, False),
    ],
    ids=[
        "listed-beyond-expiry",
        "last-before-expiry",
        "last-at-expiry",
        "never-published",
        "not-expired",
        "not-listed-yet",
        "in-the-second-of-the-list",
    ],
)
def test_expired_certificate_stays_on_one_crl_beyond_its_life(
    not_after: datetime, revoked_at: datetime, last_scheduled: datetime | None, may: bool
) -> None:
    """RFC 5280 3.3: not removed until it appears on one regularly scheduled CRL issued beyond the validity period."""
    assert crl.may_drop(not_after=not_after, revoked_at=revoked_at, last_scheduled=last_scheduled) is may
