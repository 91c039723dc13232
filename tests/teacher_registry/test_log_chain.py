"""The log as a hash chain, on SQLite and on PostgreSQL: whatever is changed in it is named."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts import database
from teacher_registry.accounts.chain import append, verify
from teacher_registry.accounts.database import open_database
from teacher_registry.accounts.models import Act, Base, LogEntry
from tests.teacher_registry.authority import NOW


def engine_of(sessions: sessionmaker[Session]) -> Engine:
    """What is behind it."""
    engine = sessions.kw["bind"]
    assert isinstance(engine, Engine)
    return engine


@pytest.fixture
def sessions(database_url: str) -> Iterator[sessionmaker[Session]]:
    """An empty registry database."""
    opened = open_database(database_url)
    yield opened
    engine_of(opened).dispose()


def write(sessions: sessionmaker[Session], count: int, act: Act = Act.SIGN_IN) -> None:
    """So many entries, each in its own transaction."""
    for number in range(count):
        with sessions.begin() as session:
            entry = LogEntry(at=NOW + timedelta(seconds=number, microseconds=7), act=act, unit_code="150102001")
            append(session, [entry])


def change(sessions: sessionmaker[Session], statement: str) -> None:
    """As someone with access to the database does."""
    with sessions.begin() as session:
        session.execute(text(statement))


def test_an_untouched_log_fits_and_its_head_can_be_kept(sessions: sessionmaker[Session]) -> None:
    assert verify(sessions).entries == 0
    write(sessions, 3)
    kept = verify(sessions)
    assert (kept.entries, kept.wrong) == (3, "")
    write(sessions, 2)
    assert verify(sessions, kept=(kept.entries, kept.head)).wrong == ""


# How the chain is walked does not depend on the database; what is read back from it does (the tests around this one).
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE log SET act = 'account:stop' WHERE seq = 2", "entry 2: its content"),
        ("UPDATE log SET unit_code = '150102002' WHERE seq = 3", "entry 3: its content"),
        ("UPDATE log SET holder_id = 'H1' WHERE seq = 1", "entry 1: its content"),
        ("UPDATE log SET detail = '{}' WHERE seq = 2", "entry 2: its content"),
        ("UPDATE log SET refusal = 'frozen' WHERE seq = 2", "entry 2: its content"),
        ("UPDATE log SET hash = previous WHERE seq = 2", "entry 2: its content"),
        ("UPDATE log SET previous = hash WHERE seq = 2", "entry 2: its link"),
        ("DELETE FROM log WHERE seq = 2", "entry 2 is missing"),
        ("DELETE FROM log WHERE seq = 1", "entry 1 is missing"),
        ("DELETE FROM log WHERE seq = 4", "its head says 4"),
        ("DELETE FROM log", "its head says 4"),
        ("UPDATE log_head SET seq = 3", "its head says 3"),
        ("UPDATE log_head SET hash = '0'", "its head says 4"),
    ],
)
def test_what_was_changed_is_named(sessions: sessionmaker[Session], statement: str, told: str) -> None:
    write(sessions, 4)
    change(sessions, statement)
    assert told in verify(sessions).wrong


def test_a_time_moved_by_a_microsecond_is_named(sessions: sessionmaker[Session]) -> None:
    write(sessions, 2)
    with sessions.begin() as session:
        entry = session.query(LogEntry).filter_by(seq=1).one()
        entry.at += timedelta(microseconds=1)
    assert "entry 1: its content" in verify(sessions).wrong


def test_a_log_written_anew_from_the_start_is_shown_by_a_kept_head(sessions: sessionmaker[Session]) -> None:
    write(sessions, 4)
    kept = verify(sessions)
    for statement in ("DELETE FROM log", f"UPDATE log_head SET seq = 0, hash = '{'0' * 64}'"):
        change(sessions, statement)
    assert "entry 4 was there once" in verify(sessions, kept=(4, kept.head)).wrong
    write(sessions, 5, Act.EXPORT)
    assert verify(sessions).wrong == ""
    assert "entry 4 is not the one" in verify(sessions, kept=(4, kept.head)).wrong


def test_writers_at_once_make_one_chain(sessions: sessionmaker[Session]) -> None:
    writers = [threading.Thread(target=write, args=(sessions, 10)) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    verdict = verify(sessions)
    assert (verdict.entries, verdict.wrong) == (60, "")


def test_an_act_that_fails_leaves_no_entry(sessions: sessionmaker[Session]) -> None:
    write(sessions, 1)
    with sessions() as session:
        append(session, [LogEntry(at=NOW, act=Act.EXPORT)])
        session.rollback()
    verdict = verify(sessions)
    assert (verdict.entries, verdict.wrong) == (1, "")


def test_the_schema_is_that_of_the_models(sessions: sessionmaker[Session]) -> None:
    with engine_of(sessions).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


_FIRST_VERSION = """
INSERT INTO accounts (id, unit_code, login, name, kind, status, password_hash, must_change, created_at, changed_at)
VALUES ('a1', '150102001', 'wangfang', '王芳', 'viewer', 'active', 'x', {true}, '{at}', '{at}');
INSERT INTO log (id, at, act, holder_id, certificate_serial, unit_code, account_id)
VALUES (3, '{at}', 'administrator:sign-in', 'H1', '1001', '150102001', NULL);
INSERT INTO log (id, at, act, holder_id, certificate_serial, unit_code, account_id)
VALUES (7, '{at}', 'account:create', 'H1', '1001', '150102001', 'a1')
"""


def test_a_database_of_the_first_version_is_taken_over_with_its_log(database_url: str) -> None:
    """That version made its tables itself and wrote no revision."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.upgrade(database._alembic(connection), "0001")
        connection.execute(text("DROP TABLE alembic_version"))
        true = "1" if engine.dialect.name == "sqlite" else "true"
        at = "2026-03-02 01:00:00.000000" if engine.dialect.name == "sqlite" else "2026-03-02 01:00:00+00"
        for statement in _FIRST_VERSION.format(true=true, at=at).split(";"):
            connection.execute(text(statement))
    engine.dispose()
    sessions = open_database(database_url)
    write(sessions, 1)
    verdict = verify(sessions)
    assert (verdict.entries, verdict.wrong) == (3, "")
    with sessions() as session:
        assert {entry.id: entry.seq for entry in session.query(LogEntry).filter(LogEntry.act != Act.SIGN_IN)} == {7: 2}
    engine_of(sessions).dispose()


def test_processes_that_start_at_once_all_open(database_url: str) -> None:
    program = "import sys; from teacher_registry.accounts.database import open_database; open_database(sys.argv[1])"
    starts = [subprocess.Popen([sys.executable, "-c", program, database_url]) for _ in range(2)]
    assert [start.wait(30) for start in starts] == [0, 0]
