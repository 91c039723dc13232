"""Making a database forget what was overwritten or deleted: the old octets lie in its files for a while.

SQLite keeps them in free pages and in the write-ahead log. `VACUUM` writes the database anew from its rows (free space
as zeros, by `secure_delete`), and truncating the log leaves nothing of the pages before. PostgreSQL keeps dead rows
until `VACUUM` frees their room; the octets in it are overwritten as the room is used again (docs/operations.md).
"""

import sqlite3
from contextlib import closing

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from ca_service.domain.errors import Unavailable
from ca_service.store.engines import READ_ONLY, without_bounds
from ca_service.store.personal_places import PLACES


def compact(engine: Engine) -> bool:
    """Forget what was erased; False where somebody uses the database just now. Raises Unavailable. A repeat is safe."""
    try:
        return _sqlite(engine) if engine.dialect.name == "sqlite" else _postgresql(engine)
    except DBAPIError as error:
        raise Unavailable(f"数据库暂时无法整理（{type(error.orig).__name__}），稍后会自动重试。") from error


def _sqlite(engine: Engine) -> bool:
    # A connection of its own: what is set here shall not slow down those that serve.
    with closing(sqlite3.connect(str(engine.url.database), timeout=15, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        try:
            connection.execute("VACUUM")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
        return not busy


def _postgresql(engine: Engine) -> bool:
    names = ", ".join(place.table.name for place in PLACES)
    # It begins no transaction then: VACUUM bears none.
    with without_bounds(engine) as lasting, lasting.connect().execution_options(**{READ_ONLY: True}) as connection:
        connection.exec_driver_sql(f"VACUUM {names}")
    return True
