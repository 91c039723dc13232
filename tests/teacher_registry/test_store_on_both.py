"""Accounts, persons, exports and the feed's effects on SQLite and on PostgreSQL, and two writers at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts.actor import Operator
from teacher_registry.accounts.book import AccountBook
from teacher_registry.accounts.chain import verify
from teacher_registry.accounts.database import open_database
from teacher_registry.accounts.errors import AccountConflictError, ExportLimitError, SignInRefusedError
from teacher_registry.accounts.exports import Exporter
from teacher_registry.accounts.journal import Journal
from teacher_registry.accounts.models import AccountKind, Act
from teacher_registry.accounts.people import Credentials, People
from teacher_registry.accounts.standings import Standings
from teacher_registry.accounts.unit_log import UnitLog
from teacher_registry.accounts.wishes import Condition, NewAccount, Search
from teacher_registry.feed.page import AccountEvent, EventKind, FeedPage
from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.subject import VerifiedAdministrator
from tests.teacher_registry.authority import NOW
from tests.teacher_registry.conftest import CHEAP

ACTOR = VerifiedAdministrator("H000001", "张萌", "150102001", "第一试验小学", "1001", bytes(32))


@dataclass
class Store:
    """Everything that writes, over one database."""

    sessions: sessionmaker[Session]

    @property
    def standings(self) -> Standings:
        """What the feed said."""
        return Standings(self.sessions)

    @property
    def book(self) -> AccountBook:
        """The accounts."""
        return AccountBook(
            self.sessions, clock=lambda: NOW, password_hash=CHEAP, resets_per_hour=3, standings=self.standings
        )


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty registry."""
    sessions = open_database(database_url)
    yield Store(sessions)
    engine = sessions.kw["bind"]
    assert isinstance(engine, Engine)
    engine.dispose()


def at_once(count: int, act: object) -> list[BaseException]:
    """Do it in so many threads; what they raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            act()  # type: ignore[operator]
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_an_account_lives_from_creation_to_its_own_password(store: Store) -> None:
    book = store.book
    made = book.create(ACTOR, NewAccount(None, "赵敏", AccountKind.TEACHER))
    people = People(store.sessions, password_hash=CHEAP, new_token=lambda: "token")
    code = made.account.code or ""
    with pytest.raises(SignInRefusedError):
        people.sign_in(Credentials("", code, "wrong"), NOW)
    token = people.sign_in(Credentials("", code, made.password), NOW)
    account = people.who(token, NOW)
    assert account is not None
    people.choose_password(account, token, "草原上的白云2026", NOW)
    book.act(ACTOR, account.id, Act.STOP)
    assert people.who(token, NOW) is None
    assert [one.login for one in book.page(ACTOR, 1, Search("赵", condition=Condition.STOPPED)).accounts] == [code]
    acts = [entry.act for entry in UnitLog(store.sessions).page(ACTOR, None).entries]
    assert acts == [Act.STOP, Act.PERSON_PASSWORD, Act.PERSON_SIGN_IN, Act.PERSON_REFUSED, Act.CREATE]
    assert verify(store.sessions).wrong == ""


def test_of_two_acts_at_once_one_succeeds(store: Store) -> None:
    book = store.book
    account = book.create(ACTOR, NewAccount("wangfang", "王芳", AccountKind.VIEWER)).account.id
    raised = at_once(4, lambda: book.act(ACTOR, account, Act.STOP))
    assert [type(error) for error in raised] == [AccountConflictError] * 3
    raised = at_once(4, lambda: book.create(ACTOR, NewAccount("liqiang", "李强", AccountKind.VIEWER)))
    assert [type(error) for error in raised] == [AccountConflictError] * 3
    assert (verify(store.sessions).entries, verify(store.sessions).wrong) == (3, "")


def test_limits_hold_for_requests_at_once(store: Store) -> None:
    book, exporter = store.book, Exporter(store.sessions, 2)
    account = book.create(ACTOR, NewAccount("wangfang", "王芳", AccountKind.VIEWER)).account.id
    raised = at_once(5, lambda: exporter.export(ACTOR, "核对在岗教师名单", NOW, "n"))
    assert [type(error) for error in raised] == [ExportLimitError] * 3
    raised = at_once(5, lambda: book.reset_password(ACTOR, account))
    assert [type(error) for error in raised] == [RefusalError] * 2
    with pytest.raises(RefusalError) as refusal:
        store.standings.require(ACTOR)
    assert refusal.value.kind is RefusalKind.ACCOUNT_LOCKED
    assert verify(store.sessions).wrong == ""


def page(after: int, *kinds: EventKind, seconds: int = 0) -> FeedPage:
    """Events about the actor."""
    at = NOW + timedelta(seconds=seconds)
    events = tuple(
        AccountEvent(after + number, kind, ACTOR.holder_id, ACTOR.unit_code, at, "C1", ())
        for number, kind in enumerate(kinds, start=1)
    )
    return FeedPage(after, after + len(events), after + len(events), at, events)


def test_the_feed_is_applied_once_whoever_applies_it(store: Store) -> None:
    standings = store.standings
    stop = page(0, EventKind.REGISTER, EventKind.STOP)
    applied: list[bool] = []
    assert at_once(4, lambda: applied.append(standings.apply(stop, NOW))) == []
    assert sorted(applied) == [False, False, False, True]
    with pytest.raises(RefusalError):
        standings.require(ACTOR)
    assert not standings.apply(page(1, EventKind.RESTORE), NOW)
    assert not standings.apply(page(2, EventKind.RESTORE, seconds=-1), NOW)
    assert standings.apply(page(2, EventKind.RESTORE, seconds=1), NOW)
    standings.require(ACTOR)
    assert verify(store.sessions).entries == 3


def test_a_browser_that_opens_two_connections_signs_in_once(store: Store) -> None:
    journal = Journal(store.sessions)
    assert at_once(4, lambda: journal.signed_in(ACTOR, NOW)) == []
    assert verify(store.sessions).entries == 1


def test_an_operator_acts_for_one_unit(store: Store) -> None:
    operator = Operator("operator:root", "150102001")
    store.book.create(operator, NewAccount("wangfang", "王芳", AccountKind.VIEWER))
    assert store.book.page(Operator("operator:root", "2"), 1).total == 0
