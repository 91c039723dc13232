"""How this service is connected to its database, SQLite (WAL) or PostgreSQL, and where its transactions begin.

Both drivers are left in autocommit mode, and a transaction begins where this module says so. A writing one with BEGIN;
on SQLite with BEGIN IMMEDIATE, the lock first, so that no two wait for each other to upgrade theirs. A reading one on
SQLite with BEGIN; on PostgreSQL with nothing: each statement sees what is committed, as it would under READ COMMITTED,
and two round trips are saved.
"""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError

from ca_service.store import outages
from ca_service.store.bounds import LASTING, UNBOUNDED, Bounds, PatientConnection

READ_ONLY = "educa_read_only"
"""The execution option of those who only read."""


def connect(url: str, bounds: Bounds = UNBOUNDED) -> Engine:
    """An engine whose transactions start as this service needs them, and take no longer than it may wait.

    An error of the database names the statement and never the values, which may be a person's: it ends up in a log.
    """
    engine = _sqlite(url) if make_url(url).get_backend_name() == "sqlite" else _postgresql(url, bounds)
    event.listen(engine, "before_cursor_execute", _refuse_to_write)
    return engine


@contextmanager
def without_bounds(engine: Engine) -> Iterator[Engine]:
    """The same database, for a task that takes as long as it takes."""
    if engine.dialect.name == "sqlite":
        yield engine
        return
    lasting = connect(engine.url.render_as_string(hide_password=False), LASTING)
    try:
        yield lasting
    finally:
        lasting.dispose()


def see_one_moment(connection: Connection) -> None:
    """Let the rest of a reading transaction see the database as it is at its next statement."""
    driver = connection.connection.driver_connection
    if isinstance(driver, psycopg.Connection) and driver.info.transaction_status is TransactionStatus.IDLE:
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _sqlite(url: str) -> Engine:
    """Commits are synced to disk (synchronous=FULL): a serial must not be forgotten by a power cut after its
    certificate was signed.
    """
    engine = create_engine(url, connect_args={"timeout": 15}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if _only_reads(connection) else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: str, bounds: Bounds) -> Engine:
    options = outages.connection_options(make_url(url), bounds)
    engine = create_engine(
        url, isolation_level="AUTOCOMMIT", pool_size=10, max_overflow=20, hide_parameters=True, connect_args=options
    )
    outages.drop_what_goes_away(engine)

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, arguments: Any, named: Any) -> PatientConnection:
        connection = PatientConnection.connect(*arguments, **named)
        connection.patience = bounds.answer
        return connection

    @event.listens_for(engine, "checkout")
    def _look(connection: Any, _record: object, _borrowed: object) -> None:
        # In place of a question that the server must answer: one that has gone has said so, or has closed.
        if connection.closed or _has_spoken(connection.fileno()):
            raise DisconnectionError

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Who asks for an isolation level of its own has the driver begin.
        # Before anything is done: a connection that is broken is found out while another one can still be taken.
        if not _only_reads(connection) and "isolation_level" not in connection.get_execution_options():
            connection.exec_driver_sql("BEGIN")

    return engine


def _only_reads(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(READ_ONLY, False))


def _refuse_to_write(
    connection: Connection, _cursor: object, _statement: str, _parameters: object, context: Any, _many: bool
) -> None:
    # On SQLite it would be lost, on PostgreSQL it would stand by itself.
    if context.is_crud and _only_reads(connection) and (context.isinsert or context.isupdate or context.isdelete):
        raise RuntimeError("a reading transaction must not write")


def _has_spoken(descriptor: int) -> bool:
    """Whether there is something to read on a connection on which nobody has asked for anything."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))
