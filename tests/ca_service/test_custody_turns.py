"""Custody takes a turn: collected instead of sent, lost on the way and found, promised and not kept."""

import pytest

from ca_service.domain import errors
from ca_service.domain.media import Arrival, Medium, MediumStatus, ParcelStatus
from ca_service.domain.roles import Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows import custody, handovers, incidents, parcels, reconciliation
from ca_service.workflows.parcels import Receipt, Shipment
from tests.ca_service.office import LEAGUE, UNIVERSITY, Office, actor

LEAGUE_CUSTODIAN = actor(Role.CUSTODIAN, LEAGUE)


def _medium(office: Office, serial: str) -> Medium:
    with office.services.read() as uow:
        return uow.media.get(serial)


def _where(office: Office, serial: str) -> tuple[MediumStatus, str]:
    medium = _medium(office, serial)
    return medium.status, medium.place


def _ship(office: Office, *serials: str) -> str:
    assert office.school
    for serial in serials:
        office.token(serial)
    return parcels.dispatch(office.services, office.custodian, Shipment(serials, LEAGUE, "SF1", "F001")).id


def test_universities_collect_at_the_centre(office: Office) -> None:
    holder = office.colleague("U1")
    office.token("T1")
    handovers.allocate(office.services, office.custodian, "T1", holder_id=holder)
    sheet = handovers.prepare_sheet(office.services, office.custodian)
    handovers.sign_sheet(office.services, office.custodian, sheet.id, scan=office.scan, scan_name="s.pdf")
    assert _where(office, "T1") == (MediumStatus.HANDED_OVER, holder)
    with office.services.read() as uow:
        (row,) = uow.hand_overs.find()
    assert (row.from_unit, row.unit_code, row.sheet_id) == (CENTRE_CODE, UNIVERSITY, sheet.id)
    assert parcels.list_parcels(office.services, office.custodian).total == 0
    now = reconciliation.reconcile(office.services, office.custodian, UNIVERSITY)
    assert now.by_unit == {UNIVERSITY: {MediumStatus.HANDED_OVER: 1}}


def test_a_token_lost_on_the_way_holds_up_neither_its_parcel_nor_the_others(office: Office) -> None:
    parcel = _ship(office, "T1", "T2")
    incidents.report_lost(office.services, office.custodian, "T1", reason="快递遗失")
    receipt = Receipt(missing=["T1"], note="少一个")
    assert parcels.receive(office.services, LEAGUE_CUSTODIAN, parcel, receipt).status is ParcelStatus.RECEIVED
    assert [_where(office, f"T{n}") for n in (1, 2)] == [
        (MediumStatus.LOST, CENTRE_CODE),
        (MediumStatus.AT_UNIT, LEAGUE),
    ]
    items = parcels.show_parcel(office.services, office.custodian, parcel).items
    assert {item.serial: item.arrival for item in items} == {"T1": Arrival.LOST, "T2": Arrival.RECEIVED}


def test_a_missing_token_that_is_reported_lost_settles_its_parcel(office: Office) -> None:
    parcel = _ship(office, "T1", "T2")
    parcels.receive(office.services, LEAGUE_CUSTODIAN, parcel, Receipt(missing=["T2"], note="少一个"))
    incidents.report_lost(office.services, office.custodian, "T2", reason="找不到")
    assert parcels.show_parcel(office.services, office.custodian, parcel).parcel.status is ParcelStatus.RECEIVED
    assert reconciliation.reconcile(office.services, office.custodian, CENTRE_CODE).missing == []


def test_what_was_lost_on_the_way_and_found_goes_in_another_parcel_and_not_in_both(office: Office) -> None:
    first = _ship(office, "T1", "T2")
    incidents.report_lost(office.services, office.custodian, "T1", reason="快递遗失")
    incidents.report_found(office.services, office.custodian, "T1")
    key = _medium(office, "T1").binding_key
    assert key
    custody.initialise(office.services, office.custodian, "T1", binding_key=key)
    second = parcels.dispatch(office.services, office.custodian, Shipment(["T1"], LEAGUE, "SF2")).id
    parcels.receive(office.services, LEAGUE_CUSTODIAN, first)
    assert _where(office, "T1") == (MediumStatus.IN_TRANSIT, second)


def test_whether_a_token_under_way_is_broken_says_who_takes_it_in(office: Office) -> None:
    parcel = _ship(office, "T1")
    with pytest.raises(errors.Conflict, match="由收件单位签收时登记"):
        incidents.report_damaged(office.services, office.custodian, "T1", reason="摔坏")
    parcels.receive(office.services, LEAGUE_CUSTODIAN, parcel, Receipt(damaged=["T1"], note="摔坏"))
    assert _where(office, "T1") == (MediumStatus.DAMAGED, LEAGUE)


def test_a_promise_that_ended_with_a_loss_is_not_the_next_holders_row(office: Office) -> None:
    first, second = office.holder("A1"), office.holder("A2")
    office.token("T1")
    handovers.allocate(office.services, office.custodian, "T1", holder_id=first)
    incidents.report_lost(office.services, office.custodian, "T1", reason="遗失")
    incidents.report_found(office.services, office.custodian, "T1")
    key = _medium(office, "T1").binding_key
    assert key
    custody.initialise(office.services, office.custodian, "T1", binding_key=key)
    handovers.hand_over(office.services, office.custodian, "T1", holder_id=second)
    with office.services.read() as uow:
        assert [row.holder_id for row in uow.hand_overs.find() if row.handed_over_at] == [second]


def test_a_promise_taken_back_after_the_sheet_was_printed_is_not_kept_by_signing_it(office: Office) -> None:
    holders = [office.holder(f"A{n}") for n in (1, 2)]
    for number, holder in enumerate(holders, 1):
        office.token(f"T{number}")
        handovers.allocate(office.services, office.custodian, f"T{number}", holder_id=holder)
    sheet = handovers.prepare_sheet(office.services, office.custodian)
    handovers.release(office.services, office.custodian, "T2")
    assert [line.hand_over.serial for line in handovers.sheet_lines(office.services, office.custodian, sheet.id)] == [
        "T1"
    ]
    handovers.sign_sheet(office.services, office.custodian, sheet.id, scan=office.scan, scan_name="s.pdf")
    assert [_medium(office, f"T{n}").status for n in (1, 2)] == [MediumStatus.HANDED_OVER, MediumStatus.AT_UNIT]
