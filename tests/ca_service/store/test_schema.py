"""The migrations and the models are one schema, and a filled database goes through them."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ca_service.store import schema
from ca_service.store.models import Base
from ca_service.wiring import Wiring
from tests.ca_service.office import Office


def test_what_the_migrations_make_is_what_the_models_say(wiring: Wiring) -> None:
    with wiring.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_again_changes_nothing(wiring: Wiring, office: Office) -> None:
    holder = office.holder()
    schema.upgrade(wiring.database.engine)
    with office.services.read() as uow:
        assert uow.holders.get(holder).unit_code == office.school
