"""Complete lists with deltas laid over them, in a source that only ever learns; and the thread that refreshes it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from cryptography import x509

from teacher_registry.publications.crl_source import CrlSource
from teacher_registry.publications.fetch import Fetched, UnavailableError
from teacher_registry.publications.refresher import Refresher
from tests.teacher_registry.authority import Authority, Identity
from tests.teacher_registry.publication import Clock
from tests.teacher_registry.revocations import HOLD, REVOKED, CrlWish, Reasons, sign_crl

COMPLETE, DELTA = "http://ca.test/issuing.crl", "http://ca.test/issuing-delta.crl"
RELEASED = x509.ReasonFlags.remove_from_crl


@dataclass
class Shelf:
    """`Fetch` from memory: address -> list, with the validators that a server would give."""

    lists: dict[str, bytes] = field(default_factory=dict)
    validators: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    on_get: Callable[[], None] = lambda: None

    def get(self, url: str, etag: str | None) -> Fetched:
        """A list, or 304."""
        self.asked.append((url, etag))
        self.on_get()
        body = self.lists.get(url)
        if body is None:
            raise UnavailableError("nothing")
        current = f'"{hash(body)}"' if self.validators else None
        return Fetched(None if etag is not None and etag == current else body, current)

    def post(self, url: str, content_type: str, body: bytes) -> bytes:
        """Not here."""
        raise AssertionError("a CRL is not posted")


@dataclass
class Desk:
    """A source with a delta address, and the CA that publishes there."""

    authority: Authority
    leaf: Identity
    clock: Clock
    shelf: Shelf
    source: CrlSource

    def complete(self, number: int, entries: Reasons | None = None) -> None:
        """Publish a complete list."""
        self.shelf.lists[COMPLETE] = self._sign(CrlWish(entries or {}, number))

    def delta(self, number: int, base: int, entries: Reasons | None = None, hours: int = 1) -> None:
        """Publish a delta."""
        indicator = ((x509.DeltaCRLIndicator(base), True),)
        self.shelf.lists[DELTA] = self._sign(CrlWish(entries or {}, number, extra=indicator), hours)

    def _sign(self, wish: CrlWish, hours: int = 24) -> bytes:
        until = self.clock() + timedelta(hours=hours)
        return sign_crl(
            self.authority.issuing,
            CrlWish(**{**vars(wish), "this_update": self.clock(), "next_update": until}),
        )

    def status(self, *, later: float = 15) -> str:
        """By what is there `later` seconds from the last look."""
        self.clock.pass_seconds(later)
        try:
            return self.source.status(self.leaf.certificate)
        except UnavailableError:
            return "unavailable"


@pytest.fixture
def desk(authority: Authority, admin: Identity) -> Desk:
    """Refreshes every 15 seconds."""
    clock, shelf = Clock(), Shelf()
    issuer = authority.issuing.certificate
    source = CrlSource(COMPLETE, issuer, fetch=shelf, clock=clock, refresh=timedelta(seconds=15), delta_url=DELTA)
    return Desk(authority, admin, clock, shelf, source)


@pytest.fixture
def me(admin: Identity) -> int:
    """The serial number in question."""
    return admin.certificate.serial_number


def test_a_delta_freezes_and_a_later_one_releases(desk: Desk, me: int) -> None:
    desk.complete(1)
    assert desk.status() == "good"
    desk.delta(2, base=1, entries={me: HOLD})
    assert desk.status() == "frozen"
    desk.delta(3, base=1, entries={me: RELEASED})
    assert desk.status() == "good"
    desk.delta(4, base=1, entries={me: REVOKED})
    assert desk.status() == "revoked"


def test_a_delta_releases_what_its_base_holds(desk: Desk, me: int) -> None:
    desk.complete(1, {me: HOLD})
    desk.delta(2, base=1, entries={me: RELEASED})
    assert desk.status() == "good"


def test_a_missing_or_broken_delta_leaves_the_complete_list(desk: Desk, me: int) -> None:
    desk.complete(1, {me: HOLD})
    assert desk.status() == "frozen"
    desk.shelf.lists[DELTA] = b"<html>"
    assert desk.status() == "frozen"


@pytest.mark.parametrize(("number", "base"), [(3, 1), (2, 1), (5, 9), (1, 0)])
def test_a_delta_rolled_back_or_to_a_later_base_releases_nobody(desk: Desk, me: int, number: int, base: int) -> None:
    desk.complete(1)
    desk.delta(3, base=1, entries={me: HOLD})
    assert desk.status() == "frozen"
    desk.delta(number, base=base, entries={me: RELEASED})
    assert desk.status() == "frozen"


def test_a_delta_whose_time_has_passed_is_not_forgotten(desk: Desk, me: int) -> None:
    """Its base knows less, and is still current."""
    desk.complete(1)
    desk.delta(2, base=1, entries={me: HOLD}, hours=1)
    assert desk.status() == "frozen"
    del desk.shelf.lists[DELTA]
    assert desk.status(later=2 * 3600) == "frozen"


def test_a_newer_complete_list_ends_an_older_delta(desk: Desk, me: int) -> None:
    desk.complete(1)
    desk.delta(2, base=1, entries={me: HOLD})
    assert desk.status() == "frozen"
    desk.complete(3)
    assert desk.status() == "good"


def test_a_complete_list_older_than_the_delta_keeps_it(desk: Desk, me: int) -> None:
    desk.complete(1)
    desk.delta(5, base=1, entries={me: HOLD})
    assert desk.status() == "frozen"
    desk.complete(4)
    assert desk.status() == "frozen"


@pytest.mark.parametrize("at", [COMPLETE, DELTA])
def test_lists_of_a_stranger_with_our_name_replace_nothing(desk: Desk, stranger: Authority, me: int, at: str) -> None:
    desk.complete(1)
    desk.delta(2, base=1, entries={me: HOLD})
    assert desk.status() == "frozen"
    indicator = ((x509.DeltaCRLIndicator(1), True),) if at == DELTA else ()
    desk.shelf.lists[at] = sign_crl(stranger.issuing, CrlWish({me: RELEASED} if indicator else {}, 9, extra=indicator))
    assert desk.status() == "frozen"


def test_the_validator_of_a_list_that_was_not_taken_is_not_sent(desk: Desk) -> None:
    """Else a bad list that a server serves once would keep the same good one away for ever."""
    desk.complete(2)
    assert desk.status() == "good"
    good = desk.shelf.asked[0]
    desk.shelf.lists[COMPLETE] = b"<html>"
    desk.status()
    desk.status()
    validators = [etag for url, etag in desk.shelf.asked if url == COMPLETE]
    assert good == (COMPLETE, None)
    assert validators[1] == validators[2] is not None


def test_an_unchanged_list_is_not_read_again_even_without_validators(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.shelf.validators = False
    desk.complete(1)
    assert desk.status() == "good"

    def never(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("teacher_registry.publications.crl_source.index_crl", never)
    assert desk.status() == "good"


def test_a_request_takes_the_old_list_while_another_fetches(desk: Desk) -> None:
    desk.complete(1)
    assert desk.status() == "good"
    fetching, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        fetching.set()
        assert go_on.wait(10)

    desk.shelf.on_get = slow
    desk.clock.pass_seconds(15)
    other = threading.Thread(target=desk.source.refresh)
    other.start()
    assert fetching.wait(10)
    assert desk.status(later=0) == "good"
    go_on.set()
    other.join()


def test_the_refresher_fetches_without_being_asked_and_ends(desk: Desk, me: int) -> None:
    desk.complete(1)
    fetched = threading.Semaphore(0)
    desk.shelf.on_get = fetched.release
    with Refresher([desk.source], timedelta(seconds=0.02)):
        assert fetched.acquire(timeout=10)
        desk.complete(2, {me: HOLD})
        for _ in range(4):
            assert fetched.acquire(timeout=10)
    desk.shelf.on_get = lambda: None
    asked = len(desk.shelf.asked)
    assert desk.status(later=1) == "frozen"
    assert len(desk.shelf.asked) == asked
