"""The campaign board: every stage counted where it happened, for each unit above, and who is late."""

import json
from datetime import UTC, date, datetime
from io import BytesIO

import openpyxl
import pytest
from flask.testing import FlaskClient

from ca_service.app import create_console
from ca_service.config import Config
from ca_service.domain import errors
from ca_service.domain.applications import Application, ApplicationStatus, Batch
from ca_service.domain.campaigns import Campaign, Deadline, Progress, Stage
from ca_service.domain.roles import Role
from ca_service.domain.units import CENTRE_CODE, UnitKind
from ca_service.secret_files import read_secret
from ca_service.wiring import Wiring
from ca_service.workflows import campaign, handovers, parcels
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import BANNER, CONTACT, LEAGUE, Office, actor

ADMIN, READER = actor(Role.CA_ADMIN), actor(Role.REVIEWER)
PLAN = Campaign("", "首批信息管理员", date(2026, 11, 1), date(2026, 12, 20), date(2026, 12, 30), date(2027, 3, 1))


def _progress(office: Office, unit: str = LEAGUE) -> Progress:
    return campaign.board(office.services, READER, unit).whole.progress


def _reached(office: Office, unit: str = LEAGUE) -> dict[Stage, int]:
    found = _progress(office, unit).reached
    return {stage: number for stage, number in found.items() if number}


def _application(office: Office, status: ApplicationStatus, *, at_unit: str = BANNER, number: int = 1) -> None:
    with office.services.begin() as uow:
        batch = Batch(f"B{number}", office.school, f"{number}" * 64, "0" * 64, "clerk", office.services.clock())
        uow.batches.add(batch)
        row = (f"A{number}", batch.id, 2, office.school, "示范人", "信息管理员", "211", "", CONTACT, "0" * 64)
        uow.applications.add(Application(*row, status, at_unit, "clerk", office.services.clock()))


def test_the_expected_are_one_a_unit_and_none_at_the_centre(office: Office) -> None:
    assert office.school
    with office.services.read() as uow:
        units, league = uow.units.count(), uow.units.count(within=LEAGUE)
    assert _progress(office, CENTRE_CODE).expected == units - 1
    assert _progress(office).expected == league


@pytest.mark.parametrize(
    ("status", "reached"),
    [
        (ApplicationStatus.SUBMITTED, {Stage.APPLIED: 1}),
        (ApplicationStatus.APPROVED, {Stage.APPLIED: 1, Stage.APPROVED: 1}),
        (ApplicationStatus.RETURNED, {}),
    ],
)
def test_an_application_counts_as_far_as_it_came(
    office: Office, status: ApplicationStatus, reached: dict[Stage, int]
) -> None:
    _application(office, status)
    for unit in (office.school, BANNER, LEAGUE, CENTRE_CODE):
        assert _reached(office, unit) == reached
    assert _reached(office, "150400") == {}
    assert _progress(office).returned == (status is ApplicationStatus.RETURNED)


def test_the_board_says_where_applications_lie(office: Office) -> None:
    _application(office, ApplicationStatus.SUBMITTED, at_unit=LEAGUE)
    assert _progress(office, CENTRE_CODE).reviewing == {UnitKind.LEAGUE: 1}


def test_a_token_counts_from_the_parcel_to_the_first_sign_in(office: Office, wiring: Wiring, config: Config) -> None:
    pushed = {Stage.APPLIED: 1, Stage.APPROVED: 1, Stage.PUSHED: 1}
    holder, token = office.holder(), office.token()
    assert _reached(office) == pushed
    parcel = parcels.dispatch(office.services, office.custodian, parcels.Shipment(["T1"], LEAGUE, "SF1"))
    for unit in (LEAGUE, CENTRE_CODE):
        assert _reached(office, unit) == pushed | {Stage.DISPATCHED: 1}
    league = actor(Role.CUSTODIAN, LEAGUE)
    parcels.receive(office.services, league, parcel.id)
    on_the_way = parcels.dispatch(office.services, league, parcels.Shipment(["T1"], BANNER, "SF2"))
    arrived = pushed | {Stage.DISPATCHED: 1, Stage.RECEIVED: 1}
    for unit in (LEAGUE, CENTRE_CODE):
        assert _reached(office, unit) == arrived
    assert _reached(office, BANNER) == pushed | {Stage.DISPATCHED: 1}
    banner = actor(Role.CUSTODIAN, BANNER)
    parcels.receive(office.services, banner, on_the_way.id)
    handovers.hand_over(office.services, banner, "T1", holder_id=holder)
    assert _reached(office, office.school) == arrived
    begun = office.begin(token, office.codes(holder))
    delivered = office.fetch(token, begun)
    assert Stage.DOWNLOADED not in _reached(office)
    serial = office.confirm(token, begun, delivered).serial
    assert _reached(office) == arrived | {Stage.DOWNLOADED: 1}
    _report(wiring, config, serial)
    assert _reached(office, CENTRE_CODE) == dict.fromkeys(Stage, 1)


def _report(wiring: Wiring, config: Config, serial: str) -> int:
    client = create_console(wiring).test_client()
    token = read_secret(config.path(config.relying.systems["teacher-registry"]))
    body = {"sign_ins": [{"serial": serial, "at": datetime.now(UTC).isoformat()}]}
    answer = client.post("/api/v1/sign-ins", json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    first: int = answer.json["first"]
    return first


def test_only_the_first_sign_in_counts_and_a_foreign_serial_is_passed_over(
    office: Office, wiring: Wiring, config: Config
) -> None:
    serial = office.enrolled().serial
    assert [_report(wiring, config, s) for s in (serial, serial, "abc")] == [1, 0, 0]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic abc"])
def test_sign_ins_are_taken_from_known_systems_only(wiring: Wiring, header: str) -> None:
    client: FlaskClient = create_console(wiring).test_client()
    answer = client.post("/api/v1/sign-ins", data=json.dumps({}), headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_stopped_person_counts_no_more(office: Office) -> None:
    from ca_service.domain.holders import HolderStatus

    holder = office.holder()
    with office.services.begin() as uow:
        uow.holders.change(uow.holders.get(holder), status=HolderStatus.STOPPED)
    assert _reached(office) == {}


def test_who_is_late_is_who_has_not_come_so_far(office: Office, clock: TestClock) -> None:
    campaign.set_campaign(office.services, ADMIN, PLAN)
    assert office.school
    with office.services.read() as uow:
        units = uow.units.count(within=BANNER)
    before = campaign.late(office.services, READER, BANNER, Deadline.PUSH)
    office.holder()
    after = campaign.late(office.services, READER, BANNER, Deadline.PUSH)
    assert (before.units.total, after.units.total) == (units, units - 1)
    assert office.school not in {unit.code for unit in after.units.rows}
    assert campaign.late(office.services, READER, BANNER, Deadline.TOKENS).units.total == units


def test_the_last_day_is_still_in_time() -> None:
    assert PLAN.overdue(date(2026, 12, 20)) == []
    assert PLAN.overdue(date(2026, 12, 21)) == [Deadline.FORMS]
    assert PLAN.overdue(date(2027, 3, 2)) == list(Deadline)


def test_dates_out_of_order_and_an_empty_name_are_refused(office: Office) -> None:
    for wrong in ({"push_due": date(2026, 12, 19)}, {"name": " "}, {"name": "名" * 61}):
        with pytest.raises(errors.Invalid):
            campaign.set_campaign(office.services, ADMIN, Campaign(**(vars(PLAN) | wrong)))


def test_the_current_campaign_is_the_one_that_started_last(office: Office) -> None:
    first = campaign.set_campaign(office.services, ADMIN, PLAN)
    later = campaign.set_campaign(
        office.services, ADMIN, Campaign("", "第二批", *(date(2027, month, 1) for month in (4, 5, 6, 7)))
    )
    assert campaign.board(office.services, READER, LEAGUE).campaign == later
    assert campaign.campaigns(office.services, READER) == [later, first]


def test_a_league_sees_its_own_numbers_only(office: Office) -> None:
    league = actor(Role.REVIEWER, LEAGUE)
    assert [unit.code for unit in campaign.board(office.services, league, LEAGUE).path] == [LEAGUE]
    for foreign in ("150400", CENTRE_CODE):
        with pytest.raises(errors.Forbidden):
            campaign.board(office.services, league, foreign)


def test_days_are_those_of_shanghai(office: Office, clock: TestClock) -> None:
    office.holder()
    by_day = campaign.board(office.services, READER, LEAGUE).by_day
    with office.services.read() as uow:
        (holder,) = uow.holders.find()
    local = holder.registered_at.timestamp() + 8 * 3600
    assert dict(by_day[Stage.PUSHED]) == {datetime.fromtimestamp(local, UTC).date(): 1}


def test_the_export_names_every_unit_and_a_name_that_looks_like_a_formula_stays_text(
    office: Office, wiring: Wiring
) -> None:
    from sqlalchemy import text

    from ca_service.delivery.workbooks import Column, workbook

    assert office.school
    with wiring.database.engine.begin() as connection:
        connection.execute(text("UPDATE unit SET name = '=1+1' WHERE code = :code"), {"code": office.school})
    lines = campaign.export(office.services, READER, BANNER)
    book = openpyxl.load_workbook(
        BytesIO(workbook("t", [Column("单位"), Column("应有")], [[line.unit.name, 1] for line in lines]))
    )
    cells = [cell for (cell,) in book.worksheets[0].iter_rows(min_row=2, max_col=1)]
    assert len(cells) == len(lines)
    assert [cell.data_type for cell in cells if cell.value == "=1+1"] == ["s"]
    with office.services.read() as uow:
        assert [e.tag for e in uow.audit.entries()][-1] == "ra:campaign:exported"
