"""The schema by Alembic, without a configuration file of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from ca_service.domain.errors import StateUnknown
from ca_service.store.engines import without_bounds

# In KiB (negative): new indexes and the check of references jump about in the whole database, and with SQLite's usual
# 2 MB each jump is a read.
_CACHE = -262_144


def upgrade(engine: Engine) -> None:
    """Bring the schema to this version, in one transaction; safe to repeat.

    Whoever dies in it leaves the schema of before, whole; after it the new one.
    """
    with without_bounds(engine) as lasting, _migrating(lasting) as connection:
        command.upgrade(_config(connection), "head")
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise StateUnknown("数据库升级后有记录指向不存在的记录，已撤销升级。请从备份恢复后联系自治区教育信息中心。")


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back, with what is in the tables: for those who try an upgrade, never for a database in use."""
    with without_bounds(engine) as lasting, _migrating(lasting) as connection:
        command.downgrade(_config(connection), revision)


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection, _tables_may_be_rebuilt(connection), connection.begin():
        yield connection


@contextmanager
def _tables_may_be_rebuilt(connection: Connection) -> Iterator[None]:
    """SQLite changes a constraint by building the table anew (sqlite.org/lang_altertable.html, section 7): with foreign
    keys on, dropping the old table would first delete its rows from under those that refer to them."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    before = driver.execute("PRAGMA cache_size").fetchone()[0]  # type: ignore[union-attr]
    driver.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
    driver.execute(f"PRAGMA cache_size={_CACHE}")  # type: ignore[union-attr]
    try:
        yield
    finally:
        driver.execute(f"PRAGMA cache_size={before}")  # type: ignore[union-attr]
        driver.execute("PRAGMA foreign_keys=ON")  # type: ignore[union-attr]


def revisions(engine: Engine) -> tuple[str | None, str | None]:
    """The revision in the database and the one this version needs."""
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
        wanted = ScriptDirectory.from_config(_config(connection)).get_current_head()
    return present, wanted


def _config(connection: Connection) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(resources.files("ca_service.store") / "migrations"))
    config.attributes["connection"] = connection
    return config
