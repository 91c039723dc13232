"""Accounts that were there before sessions and second factors came keep working."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, text

from ca_service.clock import system_clock
from ca_service.domain.roles import Role
from ca_service.store import schema
from ca_service.store.database import Database
from ca_service.store.sealing import FieldKey, Sealer
from tests.ca_service import postgres

_BEFORE = "0002"
_UNIT = "INSERT INTO unit (code, name, kind, area_code) VALUES ('150000', '中心', 'centre', '150000')"
_ACCOUNT = (
    "INSERT INTO staff (login, name, unit_code, roles, password_hash, must_change_password, active, created_at) "
    "VALUES ('zhang', '张', '150000', 'auditor', 'x', false, true, '2026-01-01 00:00:00')"
)


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_an_account_of_the_earlier_schema_is_read_after_the_upgrade(
    request: pytest.FixtureRequest, tmp_path: Path, store: str
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    if store == "postgresql":
        url = postgres.create(request.getfixturevalue("postgres_server"), "staff_migration")
    database = Database(url, sealer=Sealer(FieldKey(bytes(32))), clock=system_clock)
    _upgrade_to(database.engine, _BEFORE)
    with database.engine.begin() as connection:
        connection.execute(text(_UNIT))
        connection.execute(text(_ACCOUNT))
    schema.upgrade(database.engine)
    with database.read() as uow:
        staff = uow.staff.get("zhang")
        assert uow.sessions.count() == 0
    # One of the three says at the next sign-in who it is.
    assert (staff.roles, staff.active, staff.must_identify) == (frozenset({Role.AUDITOR}), True, True)
    assert not staff.second_factor
    database.engine.dispose()


def _upgrade_to(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        command.upgrade(schema._config(connection), revision)
