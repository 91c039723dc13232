"""The upgrade finds a filled database: what is open goes on at the centre, what was approved is looked at again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from ca_service.domain.applications import Contact
from ca_service.domain.changes import ChangeKind, ChangeStatus
from ca_service.domain.holders import pushed_sha256
from ca_service.store import schema
from ca_service.store.database import Database
from ca_service.store.sealing import FieldKey, Sealer
from ca_service.workflows.approvals import approved_facts, evidence
from tests.ca_service import postgres

SEALER = Sealer(FieldKey(bytes(32)))
_ROWS = (
    "INSERT INTO unit (code, name, kind, area_code) VALUES ('150000', '中心', 'centre', '150000')",
    "INSERT INTO unit_lineage (unit_code, above_code, depth) VALUES ('150000', '150000', 0)",
    "INSERT INTO holder (id, external_id, unit_code, name, user_type, sealed, id_number_hash, status, registered_at,"
    " pushed_sha256) VALUES ('H1', 'A1', '150000', '示范人', '信息查询员', :sealed, 'h', 'active', :at, :pushed)",
    "INSERT INTO change_case (id, kind, holder_id, unit_code, explanation, opinion, transferred, scan_sha256, status,"
    " submitted_by, submitted_at, decision_reason) VALUES"
    " ('C1', 'unlock', 'H1', '150000', '忘记', '', :no, 'x', 'submitted', 'clerk', :at, '')",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    url = f"sqlite:///{tmp_path / 'educa.db'}"
    if request.param == "postgresql":
        url = postgres.create(request.getfixturevalue("postgres_server"), "upgraded")
    made = Database(url, sealer=SEALER, clock=lambda: datetime.now(UTC))
    yield made
    made.engine.dispose()
    if request.param == "postgresql":
        postgres.drop(request.getfixturevalue("postgres_server"), "upgraded")


def test_an_older_database_is_brought_up_with_its_rows(database: Database) -> None:
    contact = Contact("150302199001010004", "0473-3000001", "a@example.com", "19900000001")
    plain = (
        '{"id_number": "150302199001010004", "office_phone": "0473-3000001",'
        ' "email": "a@example.com", "mobile": "19900000001"}'
    )
    values = {
        "sealed": SEALER.seal(plain.encode(), context="holder/H1"),
        "pushed": pushed_sha256("A1", "150000", "示范人", "信息查询员", contact),
        "at": datetime(2026, 1, 5),
        "no": False,
    }
    with database.engine.begin() as connection:
        command.upgrade(schema._config(connection), "0002")
        for statement in _ROWS:
            connection.execute(text(statement), values)
    schema.upgrade(database.engine)
    with database.read() as uow:
        (case,) = uow.changes.find()
        holder = uow.holders.get("H1")
        facts = approved_facts(evidence(uow, [holder]), holder)
    assert (case.kind, case.status, case.at_unit) == (ChangeKind.UNLOCK, ChangeStatus.SUBMITTED, "150000")
    assert case.paper is None
    assert (holder.approved_in, holder.contact) == ("", contact)
    assert facts
    assert facts["name"] == "示范人"
