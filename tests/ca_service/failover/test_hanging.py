"""A database that hangs and stays connected: nobody waits for it for ever, and each is told what became of the act."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text

from ca_service.app import create_console
from ca_service.clock import system_clock
from ca_service.config import Config, DatabaseTable
from ca_service.domain.audit import Tag
from ca_service.domain.errors import OutcomeUnknown, Unavailable
from ca_service.domain.roles import Role
from ca_service.store import bounds, outages
from ca_service.store.bounds import Bounds
from ca_service.store.database import Database
from ca_service.store.sealing import FieldKey, Sealer
from ca_service.wiring import Wiring
from ca_service.workflows.ports import UnitOfWork
from tests.ca_service.office import actor
from tests.ca_service.postgres_relay import relay

pytestmark = pytest.mark.parametrize("config", ["postgresql"], indirect=True)
_WHO = actor(Role.OPERATOR)
_SECONDS = "SELECT extract(epoch FROM current_setting('{}')::interval)::int"


@contextmanager
def _store(url: str, within: Bounds) -> Iterator[Database]:
    database = Database(url, sealer=Sealer(FieldKey(bytes(32))), clock=system_clock, bounds=within)
    yield database
    database.engine.dispose()


@pytest.fixture
def store(config: Config) -> Iterator[Database]:
    """One that waits long, but on the connections of `_impatient`."""
    with _store(config.database.url, Bounds(statement=60, lock=60)) as database:
        yield database


@pytest.fixture
def other(config: Config) -> Iterator[psycopg.Connection[Any]]:
    """Somebody else at the same database."""
    plain = make_url(config.database.url).set(drivername="postgresql").render_as_string()
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection


def _impatient(uow: UnitOfWork) -> int:
    """Let its connection be given up soon; return the process that serves it."""
    driver: Any = uow.session.connection().connection.driver_connection  # type: ignore[attr-defined]
    driver.patience = 0.5
    return int(driver.info.backend_pid)


def _act(database: Database, subject: str, *, hangs: list[int], goes_on: bool = False) -> None:
    """Append an entry, have the server hang, and append another one if it `goes_on`."""
    with database.begin() as uow:
        uow.audit.append(_WHO, Tag.CEREMONY, subject, unit=_WHO.unit_code)
        hangs.append(_impatient(uow))
        os.kill(hangs[0], signal.SIGSTOP)
        if goes_on:
            uow.audit.append(_WHO, Tag.CEREMONY, "too late", unit=_WHO.unit_code)


def _write(database: Database, subject: str) -> None:
    with database.begin() as uow:
        uow.audit.append(_WHO, Tag.CEREMONY, subject, unit=_WHO.unit_code)


def _written(database: Database) -> list[str]:
    with database.read() as uow:
        return [entry.subject for entry in uow.audit.entries() if entry.actor == _WHO.login]


def _until(holds: Callable[[], object], *, what: str) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def test_a_statement_that_takes_too_long_is_ended_and_its_connection_is_still_good(config: Config) -> None:
    with _store(config.database.url, Bounds(statement=0.2)) as store:
        with store.engine.connect() as connection:
            before = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with pytest.raises(Unavailable, match="QueryCanceled"), store.connected(writing=False) as connection:
            connection.exec_driver_sql("SELECT pg_sleep(600)")
        with store.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() == before


def test_a_lock_that_nobody_gives_back_is_not_waited_for_long(config: Config, other: psycopg.Connection[Any]) -> None:
    with _store(config.database.url, Bounds(lock=0.2)) as store:
        with other.transaction():
            other.execute("SELECT * FROM head FOR UPDATE")
            with pytest.raises(Unavailable, match="LockNotAvailable"):
                _write(store, "in vain")
        _write(store, "later")
        assert _written(store) == ["later"]


def test_who_stops_in_the_middle_does_not_keep_its_locks(config: Config, other: psycopg.Connection[Any]) -> None:
    def stop_in_the_middle(store: Database) -> None:
        with store.begin() as uow:
            uow.audit.append(_WHO, Tag.CEREMONY, "lost", unit=_WHO.unit_code)
            other.execute("SET lock_timeout = '60s'; SELECT * FROM head FOR UPDATE")

    with _store(config.database.url, Bounds(idle=0.2)) as store:
        with pytest.raises(Unavailable) as raised:
            stop_in_the_middle(store)
        assert not isinstance(raised.value, OutcomeUnknown)
        assert _written(store) == []


def test_a_look_at_a_server_that_hangs_ends_and_the_next_one_asks_another_process(store: Database) -> None:
    def look() -> None:
        with store.read() as uow:
            hangs.append(_impatient(uow))
            os.kill(hangs[0], signal.SIGSTOP)
            uow.issuers.find()

    hangs: list[int] = []
    with pytest.raises(Unavailable):
        look()
    with store.read() as uow:
        assert uow.issuers.find()
    os.kill(hangs[0], signal.SIGCONT)


def test_an_act_in_which_the_server_hangs_has_done_nothing(store: Database) -> None:
    hangs: list[int] = []
    with pytest.raises(Unavailable) as raised:
        _act(store, "lost", hangs=hangs, goes_on=True)
    assert not isinstance(raised.value, OutcomeUnknown)
    os.kill(hangs[0], signal.SIGCONT)
    # It finds that nobody is there any more, and gives its locks back.
    _write(store, "again")
    assert _written(store) == ["again"]


def test_a_commit_without_an_answer_is_unknown_while_its_process_hangs(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ca_service.store.database._WAIT_FOR_LOCK", text("SET LOCAL lock_timeout = '300ms'"))
    hangs: list[int] = []
    with pytest.raises(OutcomeUnknown):
        _act(store, "done", hangs=hangs)
    assert _written(store) == []
    # It has the COMMIT before it, and does it: "unknown" was the truth.
    os.kill(hangs[0], signal.SIGCONT)
    _until(lambda: _written(store) == ["done"], what="the commit was not carried out")


def test_a_commit_that_is_carried_out_while_its_entry_is_looked_for_counts_as_done(
    store: Database, other: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ca_service.store.database._WAIT_FOR_LOCK", text("SET LOCAL lock_timeout = '60s'"))
    hangs: list[int] = []
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

    def go_on() -> None:
        try:
            _until(lambda: other.execute(waits).fetchone() == (1,), what="nobody looks for the entry")
        finally:
            os.kill(hangs[0], signal.SIGCONT)

    helper = threading.Thread(target=go_on)
    helper.start()
    _act(store, "done", hangs=hangs)
    helper.join(60)
    assert _written(store) == ["done"]


def test_a_server_that_is_connected_and_silent_is_told_as_one_that_is_away(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a relay or a firewall that has lost the connection; over HTTP, as a helper program sees it."""
    monkeypatch.setattr(bounds, "GRACE", 0.0)
    monkeypatch.setattr(outages, "PATIENCE", 0.2)
    with relay(config.database.url) as between:
        url = between.url(config.database.url, connect_timeout="2")
        table = DatabaseTable(url=url, statement_seconds=1)
        wiring = Wiring(config.model_copy(update={"database": table}), serving=True)
        client = create_console(wiring).test_client()
        body = {"reference_number": "A", "authorisation_code": "B", "token_serial": "T"}
        path = "/api/v1/enrolments/begin"
        assert client.post(path, json=body, base_url=config.service.console_url).status_code != 503
        between.fall_silent()
        for _ in range(2):  # one on the connection that was there, one that tries to connect
            answer = client.post(path, json=body, base_url=config.service.console_url)
            assert (answer.status_code, answer.get_json()["kind"]) == (503, "unavailable")
            assert int(answer.headers["Retry-After"]) > 0
        wiring.database.engine.dispose()


def test_the_server_is_told_the_bounds_of_the_part_that_asks(config: Config) -> None:
    table = DatabaseTable(url=config.database.url, statement_seconds=7, task_seconds=400)
    of_part = {True: (7, 7, 14), False: (400, 60, 400)}
    for serving, wanted in of_part.items():
        wiring = Wiring(config.model_copy(update={"database": table}), serving=serving)
        with wiring.database.reading.connect() as connection:
            names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
            told = tuple(connection.exec_driver_sql(_SECONDS.format(name)).scalar() for name in names)
            driver: Any = connection.connection.driver_connection
            assert (told, driver.patience) == (wanted, wanted[0] + bounds.GRACE)
            libpq = driver.info.get_parameters()
            assert {"keepalives_idle", "tcp_user_timeout", "connect_timeout"} <= libpq.keys()
        wiring.database.engine.dispose()


def test_what_the_url_says_itself_stands(config: Config) -> None:
    url = make_url(config.database.url).update_query_dict({"options": "-c statement_timeout=9s"})
    within = Bounds(statement=60)
    with _store(url.render_as_string(hide_password=False), within) as store, store.reading.connect() as connection:
        assert connection.exec_driver_sql(_SECONDS.format("statement_timeout")).scalar() == 9
