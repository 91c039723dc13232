"""Opening the database."""

from importlib import resources
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.orm import Session, sessionmaker

# Any constant of our own: two processes that start at once upgrade one after the other.
_UPGRADE_LOCK = 7_303_014_552


def open_database(url: str) -> sessionmaker[Session]:
    """Connect, bring the schema to this version, and return the session factory. Raises SQLAlchemyError."""
    engine = create_engine(url, pool_size=16, max_overflow=32)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    with engine.begin() as connection:
        _one_at_a_time(connection)
        command.upgrade(_alembic(connection), "head")
    return sessionmaker(engine, expire_on_commit=False)


def _alembic(connection: Connection) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(resources.files("teacher_registry.accounts") / "migrations"))
    config.attributes["connection"] = connection
    return config


def _one_at_a_time(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
    if connection.dialect.name == "sqlite":
        # The driver begins no transaction for CREATE TABLE: without this a death would leave half a schema.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # Readers do not wait for a writer (WAL); a second writer waits up to 5 s instead of failing at once.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA busy_timeout=5000")
        connection.execute("PRAGMA foreign_keys=ON")
