"""The store while a primary dies and its copy takes over: what was acknowledged stands, the rest is named rightly."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from ca_service.clock import system_clock
from ca_service.domain.audit import Tag
from ca_service.domain.errors import OutcomeUnknown, Unavailable
from ca_service.domain.roles import Role
from ca_service.store import outages, schema
from ca_service.store.database import Database
from ca_service.store.sealing import FieldKey, Sealer
from tests.ca_service.office import actor
from tests.ca_service.postgres_pair import Pair, pair

_WHO = actor(Role.OPERATOR)
_WAITING = "SELECT max(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = 'educa'"


@pytest.fixture
def servers() -> Iterator[Pair]:
    folder = Path(tempfile.mkdtemp(prefix="educa-pair-"))
    folder.chmod(0o755)
    try:
        with pair(folder) as made:
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def store(servers: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    # A machine that does much else besides takes its time; nothing here waits for as long where all is well.
    monkeypatch.setattr(outages, "PATIENCE", 60.0)
    monkeypatch.setattr(outages, "RESOLVED_WITHIN", 60.0)
    database = Database(servers.create("educa"), sealer=Sealer(FieldKey(bytes(32))), clock=system_clock)
    schema.upgrade(database.engine)
    yield database
    database.engine.dispose()


def _write(database: Database, subject: str) -> None:
    with database.begin() as uow:
        uow.audit.append(_WHO, Tag.CEREMONY, subject, unit=_WHO.unit_code)


def _written(database: Database) -> list[str]:
    with database.read() as uow:
        return [entry.subject for entry in uow.audit.entries()]


def _until(holds: Callable[[], object], *, what: str) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def _stuck_commit(servers: Pair, act: Callable[[], None], crowd: ThreadPoolExecutor) -> Future[None]:
    """Take the copy away and begin an act: its commit is done here, and waits to be there too."""
    servers.standby.stop()
    under_way = crowd.submit(act)
    _until(lambda: servers.primary.ask(_WAITING), what="no commit waits for the copy")
    return under_way


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def test_what_was_acknowledged_is_on_the_copy_when_the_primary_dies(servers: Pair, store: Database) -> None:
    for number in range(20):
        _write(store, f"act {number}")
    servers.fail_over()
    assert _written(store) == [f"act {number}" for number in range(20)]
    _write(store, "after")
    assert _written(store)[-1] == "after"


def test_what_begins_while_no_server_takes_writes_waits_for_the_next_primary(
    servers: Pair, store: Database, crowd: ThreadPoolExecutor
) -> None:
    _write(store, "before")
    servers.primary.kill()
    under_way = crowd.submit(_write, store, "in between")
    _until(lambda: store._patience._away_since, what="nobody noticed the outage")
    assert not under_way.done()
    servers.promote()
    under_way.result(60)
    assert _written(store) == ["before", "in between"]


def test_an_outage_that_lasts_keeps_nobody_waiting_and_says_that_nothing_was_done(
    servers: Pair, store: Database
) -> None:
    servers.primary.kill()
    store._patience = outages.Patience(0.3)
    with pytest.raises(Unavailable, match="未作任何更改"):
        _write(store, "in vain")
    tried = store._patience._away_since
    with pytest.raises(Unavailable):
        _write(store, "in vain")
    assert tried is not None
    assert store._patience._away_since == tried, "the time is counted anew for each act"


def test_a_transaction_that_is_cut_off_in_its_middle_has_done_nothing_and_may_be_repeated(
    servers: Pair, store: Database
) -> None:
    def cut_off() -> None:
        with store.begin() as uow:
            uow.audit.append(_WHO, Tag.CEREMONY, "lost", unit=_WHO.unit_code)
            servers.fail_over()
            uow.audit.append(_WHO, Tag.CEREMONY, "too late", unit=_WHO.unit_code)

    with pytest.raises(Unavailable) as raised:
        cut_off()
    assert not isinstance(raised.value, OutcomeUnknown)
    _write(store, "again")
    assert _written(store) == ["again"]


def test_a_look_whose_connection_breaks_at_its_end_may_be_repeated(servers: Pair, store: Database) -> None:
    """Only one that sees a single moment has an end of which the server hears."""

    def look() -> None:
        with store.read() as uow:
            uow.audit.head()
            servers.fail_over()

    with pytest.raises(Unavailable):
        look()
    with store.read() as uow:
        assert uow.audit.head()[0] == 0


def test_a_look_that_has_seen_all_it_wanted_does_not_mind_that_its_connection_breaks(
    servers: Pair, store: Database
) -> None:
    for _ in range(2):
        with store.read() as uow:
            assert uow.issuers.find() == []
            if servers.standby.ask("SELECT pg_is_in_recovery()"):
                servers.fail_over()


def test_a_commit_that_broke_off_after_it_was_done_is_found_and_counts_as_done(
    servers: Pair, store: Database, crowd: ThreadPoolExecutor
) -> None:
    under_way = _stuck_commit(servers, lambda: _write(store, "done"), crowd)
    cut = servers.primary.ask(_WAITING)
    servers.primary.ask(f"SELECT pg_terminate_backend({cut})")
    # The question waits too: nobody hears that it is done before the copy has it.
    _until(lambda: servers.primary.ask(_WAITING) not in (None, cut), what="the question does not wait for the copy")
    assert not under_way.done()
    servers.standby.start()
    under_way.result(60)
    servers.fail_over()
    assert _written(store) == ["done"]


def test_a_commit_that_broke_off_and_is_not_on_the_new_primary_counts_as_not_done(
    servers: Pair, store: Database, crowd: ThreadPoolExecutor
) -> None:
    under_way = _stuck_commit(servers, lambda: _write(store, "on the dead one only"), crowd)
    servers.primary.kill()
    servers.standby.start()
    servers.promote()
    with pytest.raises(Unavailable) as raised:
        under_way.result(60)
    assert not isinstance(raised.value, OutcomeUnknown)
    assert _written(store) == []
    _write(store, "again")
    assert _written(store) == ["again"]


def test_a_commit_that_broke_off_and_left_no_entry_to_look_for_is_called_unknown(
    servers: Pair, store: Database, crowd: ThreadPoolExecutor
) -> None:
    def act() -> None:
        with store.begin() as uow:
            uow.tries.count("somebody", per=timedelta(minutes=1), now=system_clock())

    under_way = _stuck_commit(servers, act, crowd)
    servers.primary.kill()
    with pytest.raises(OutcomeUnknown, match="不能确定"):
        under_way.result(60)


def test_a_commit_about_which_nobody_can_be_asked_is_called_unknown(
    servers: Pair, store: Database, crowd: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way = _stuck_commit(servers, lambda: _write(store, "who knows"), crowd)
    monkeypatch.setattr(outages, "RESOLVED_WITHIN", 0.5)
    servers.primary.kill()
    with pytest.raises(OutcomeUnknown, match="不能确定"):
        under_way.result(60)


def test_a_connection_to_a_server_that_takes_no_writes_any_more_is_given_up(servers: Pair, store: Database) -> None:
    with store.engine.begin() as connection:
        before = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        # What a primary that was made a standby says to those who were connected.
        connection.exec_driver_sql("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    with pytest.raises(Unavailable):
        _write(store, "refused")
    _write(store, "accepted")
    with store.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() != before
    assert _written(store) == ["accepted"]
