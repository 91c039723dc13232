"""The schema by Alembic, without a configuration file of its own."""

from importlib import resources

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine


def upgrade(engine: Engine) -> None:
    """Bring the schema to this version; safe to repeat."""
    with engine.begin() as connection:
        command.upgrade(_config(connection), "head")


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
