"""Millions of rows in minutes: one row as the service writes it, and what differs in the others.

SQLite gets them by the driver's `executemany`, PostgreSQL by COPY. Foreign keys are not looked at: who fills knows
what refers to what.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table

from ca_service.store.engines import connect

# Enough for the inner pages of every index of a million rows; durability is of no use to a bench.
_SQLITE = ("PRAGMA foreign_keys=OFF", "PRAGMA synchronous=OFF", "PRAGMA cache_size=-600000")
_MANY = 100_000
_POSTGRES = ("SET session_replication_role = replica", "SET synchronous_commit = off")


@contextmanager
def filling(url: str) -> Iterator[Connection]:
    """A transaction to fill a database in; the engine goes with it, so that the service meets none of its settings."""
    engine = connect(url)
    try:
        with engine.connect() as connection:
            sqlite = connection.dialect.name == "sqlite"
            driver = connection.connection.driver_connection
            for setting in _SQLITE if sqlite else _POSTGRES:
                driver.execute(setting)  # type: ignore[union-attr]
            if not sqlite:
                driver.commit()  # type: ignore[union-attr]
            with connection.begin():
                yield connection
    finally:
        engine.dispose()


def load(
    connection: Connection,
    table: Table,
    like: Mapping[str, Any],
    names: Sequence[str],
    varied: Iterable[tuple[Any, ...]],
) -> None:
    """Insert a row for each of `varied`: the columns of `names` from there (as the driver takes them: texts, octets,
    numbers), all others as in `like`."""
    constant = [name for name in like if name not in names]
    rest = tuple(_driver_value(connection, table, name, like[name]) for name in constant)
    columns = ", ".join(f'"{name}"' for name in (*names, *constant))
    rows = (values + rest for values in varied)
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * (len(names) + len(constant)))
        driver.executemany(f'INSERT INTO "{table.name}" ({columns}) VALUES ({places})', rows)
        return
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


def _driver_value(connection: Connection, table: Table, name: str, value: Any) -> Any:
    dialect = connection.dialect
    convert = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
    return convert(value) if convert else value


def settled(engine: Engine, rows: int) -> None:
    """What autovacuum and the checkpoints do soon after so many new rows; a bench does not wait for it.

    The disk too: gigabytes that still have to be written keep the sync of every commit waiting, which made an act look
    dearer beside many rows than it is.
    """
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        if sqlite:
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        else:
            driver.autocommit = True
            driver.execute("VACUUM ANALYZE")
            driver.execute("CHECKPOINT")
            driver.autocommit = False
    if rows >= _MANY:
        os.sync()
