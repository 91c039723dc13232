"""Lists that were published before there were lines of them go on: the next one follows the last one of before."""

from datetime import timedelta

from alembic import command
from alembic.script import ScriptDirectory
from cryptography import x509
from sqlalchemy import text

from ca_service.domain.certificates import RevocationReason
from ca_service.domain.crls import CrlStatus
from ca_service.store import schema
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze, revoke
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office

_THIS = "0019"


def _as_before(wiring: Wiring) -> None:
    """The schema of the version before, with what is in the tables."""
    engine = wiring.database.engine
    with engine.connect() as connection, schema._tables_may_be_rebuilt(connection), connection.begin():
        config = schema._config(connection)
        before = ScriptDirectory.from_config(config).get_revision(_THIS).down_revision
        command.downgrade(config, str(before))


def test_the_lists_of_before_are_the_first_of_the_complete_line(
    office: Office, wiring: Wiring, clock: TestClock
) -> None:
    frozen, ended = office.enrolled("1"), office.enrolled("2")
    lost = RevocationReason.KEY_COMPROMISE
    revoke(office.services, office.reviewer, ended.serial, reason="遗失", crl_reason=lost)
    clock.passed = ended.not_after - clock() - timedelta(days=1)
    again = office.enrolled("3")
    freeze(office.services, office.reviewer, again.serial, reason="遗失")
    good = publish_crl(office.services, office.operator, "issuing")
    _as_before(wiring)
    with wiring.database.engine.begin() as connection:
        values = "'issuing', 90, 1, :at, :at, :tbs"
        columns = "issuer, number, status_version, this_update, next_update, tbs"
        at = {
            "at": "2026-01-01 00:00:00.000000+00:00"[: 26 if connection.dialect.name == "sqlite" else None],
            "tbs": b"x",
        }
        connection.execute(text(f"INSERT INTO crl ({columns}, refusal) VALUES ({values}, 'difference')"), at)
        connection.execute(text("UPDATE issuer SET crl_number = 90 WHERE name = 'issuing'"))
    schema.upgrade(wiring.database.engine)
    with office.services.read() as uow:
        newest, latest = uow.crls.outlines("issuing")
        assert newest is not None
        assert latest is not None
        assert (newest.number, newest.status) == (90, CrlStatus.REFUSED)
        assert (latest.number, latest.status, latest.scheduled) == (good.number, CrlStatus.PUBLISHED, True)
        # As it was then: nothing that had ended within seven days was left out.
        assert latest.settled == latest.this_update - timedelta(days=7)
        assert uow.certificates.get(frozen.serial).shard is None
    clock.pass_time(days=2)
    lists = []
    for _ in range(2):
        lists.append(publish_crl(office.services, office.operator, "issuing"))
        clock.pass_time(hours=2)
    assert [one.number for one in lists] == [91, 92]
    said = [{f"{e.serial_number:x}" for e in x509.load_der_x509_crl(one.der or b"")} for one in lists]
    assert said == [{ended.serial, again.serial}, {again.serial}]
