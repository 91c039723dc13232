"""Custody: every token is in one known place, from the box to the person, and when something goes wrong."""

from io import BytesIO

import openpyxl
import pytest

from ca_service.domain import errors
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.enrolments import EnrolmentStatus
from ca_service.domain.media import Arrival, Medium, MediumStatus, ParcelStatus, SheetStatus
from ca_service.domain.roles import Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.intake.media_file import read_media
from ca_service.workflows import custody, handovers, incidents, parcels, reconciliation
from ca_service.workflows.custody import NewMedium
from ca_service.workflows.enrol_codes import issue_code
from ca_service.workflows.parcels import Receipt, Shipment
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import BANNER, LEAGUE, Office, actor

LEAGUE_CUSTODIAN, BANNER_CUSTODIAN = actor(Role.CUSTODIAN, LEAGUE), actor(Role.CUSTODIAN, BANNER)


def _medium(office: Office, serial: str) -> Medium:
    with office.services.read() as uow:
        return uow.media.get(serial)


def _where(office: Office, serial: str) -> tuple[MediumStatus, str]:
    medium = _medium(office, serial)
    return medium.status, medium.place


def _ship(office: Office, *serials: str, to_unit: str = LEAGUE) -> str:
    assert office.school
    for serial in serials:
        office.token(serial)
    return parcels.dispatch(office.services, office.custodian, Shipment(serials, to_unit, "SF1", "F001")).id


def test_a_token_is_in_one_place_at_each_step(office: Office) -> None:
    parcel = _ship(office, "T1")
    assert _where(office, "T1") == (MediumStatus.IN_TRANSIT, parcel)
    with pytest.raises(errors.Conflict):
        parcels.dispatch(office.services, office.custodian, Shipment(["T1"], LEAGUE, "SF2"))
    parcels.receive(office.services, LEAGUE_CUSTODIAN, parcel)
    with pytest.raises(errors.Conflict):
        parcels.receive(office.services, LEAGUE_CUSTODIAN, parcel)
    assert _where(office, "T1") == (MediumStatus.AT_UNIT, LEAGUE)
    _, steps = custody.show(office.services, LEAGUE_CUSTODIAN, "T1")
    assert [(e.from_place, e.to_place) for e in steps] == [
        (CENTRE_CODE, CENTRE_CODE),
        (CENTRE_CODE, parcel),
        (parcel, LEAGUE),
    ]


def test_only_the_addressee_takes_a_parcel_in(office: Office) -> None:
    parcel = _ship(office, "T1")
    for who in (office.custodian, BANNER_CUSTODIAN, actor(Role.CLERK, LEAGUE)):
        with pytest.raises(errors.Forbidden):
            parcels.receive(office.services, who, parcel)


def test_a_parcel_goes_down_the_tree_or_back_to_the_unit_right_above(office: Office) -> None:
    parcel = _ship(office, "T1")
    parcels.receive(office.services, LEAGUE_CUSTODIAN, parcel)
    for wrong in ("150400", LEAGUE):
        with pytest.raises((errors.Forbidden, errors.Invalid)):
            parcels.dispatch(office.services, LEAGUE_CUSTODIAN, Shipment(["T1"], wrong, ""))
    back = parcels.dispatch(office.services, LEAGUE_CUSTODIAN, Shipment(["T1"], CENTRE_CODE, ""))
    parcels.receive(office.services, office.custodian, back.id)
    assert _where(office, "T1") == (MediumStatus.AT_UNIT, CENTRE_CODE)


def test_what_is_missing_stays_in_the_parcel_until_it_is_settled(office: Office) -> None:
    parcel = _ship(office, "T1", "T2", "T3")
    with pytest.raises(errors.Invalid, match="情况说明"):
        parcels.receive(office.services, LEAGUE_CUSTODIAN, parcel, Receipt(missing=["T2"]))
    received = parcels.receive(
        office.services, LEAGUE_CUSTODIAN, parcel, Receipt(missing=["T2"], damaged=["T3"], note="封签已破")
    )
    assert received.status is ParcelStatus.DISPUTED
    assert [_where(office, f"T{n}") for n in (1, 2, 3)] == [
        (MediumStatus.AT_UNIT, LEAGUE),
        (MediumStatus.IN_TRANSIT, parcel),
        (MediumStatus.DAMAGED, LEAGUE),
    ]
    with pytest.raises(errors.Forbidden):
        parcels.settle(office.services, LEAGUE_CUSTODIAN, parcel, "T2", Arrival.RECALLED, note="在柜中")
    view = parcels.settle(office.services, office.custodian, parcel, "T2", Arrival.RECALLED, note="在柜中")
    assert view.parcel.status is ParcelStatus.RECEIVED
    assert _where(office, "T2") == (MediumStatus.AT_UNIT, CENTRE_CODE)


@pytest.mark.parametrize(
    ("outcome", "where"),
    [(Arrival.RECEIVED, (MediumStatus.AT_UNIT, LEAGUE)), (Arrival.LOST, (MediumStatus.LOST, CENTRE_CODE))],
)
def test_a_missing_token_turns_up_or_is_given_up(
    office: Office, outcome: Arrival, where: tuple[MediumStatus, str]
) -> None:
    parcel = _ship(office, "T1")
    parcels.receive(office.services, LEAGUE_CUSTODIAN, parcel, Receipt(missing=["T1"], note="空包裹"))
    who = LEAGUE_CUSTODIAN if outcome is Arrival.RECEIVED else office.custodian
    parcels.settle(office.services, who, parcel, "T1", outcome, note="查实")
    assert _where(office, "T1") == where
    with pytest.raises(errors.Conflict):
        parcels.settle(office.services, who, parcel, "T1", outcome, note="查实")


def test_a_token_that_was_not_on_the_list_is_taken_if_it_lay_at_the_sender(office: Office) -> None:
    office.token("T9")
    parcel = _ship(office, "T1")
    parcels.receive(office.services, LEAGUE_CUSTODIAN, parcel, Receipt(extra=["T9"], note="多一个"))
    assert _where(office, "T9") == (MediumStatus.AT_UNIT, LEAGUE)


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt(missing=["T7"], note="x"),
        Receipt(damaged=["T7"], note="x"),
        Receipt(extra=["T1"], note="x"),
        Receipt(extra=["T7"], note="x"),
        Receipt(missing=["T1"], damaged=["T1"], note="x"),
    ],
)
def test_a_receipt_that_cannot_be_is_refused_and_changes_nothing(office: Office, receipt: Receipt) -> None:
    parcel = _ship(office, "T1")
    with pytest.raises(errors.Invalid):
        parcels.receive(office.services, LEAGUE_CUSTODIAN, parcel, receipt)
    assert _where(office, "T1") == (MediumStatus.IN_TRANSIT, parcel)


def test_a_token_that_was_promised_before_it_left_is_given_to_that_person_only(office: Office) -> None:
    first, second = office.holder("A1"), office.holder("A2")
    office.token("T1")
    handovers.allocate(office.services, office.custodian, "T1", holder_id=first)
    parcel = parcels.dispatch(office.services, office.custodian, Shipment(["T1"], BANNER, "SF1"))
    parcels.receive(office.services, BANNER_CUSTODIAN, parcel.id)
    assert _where(office, "T1") == (MediumStatus.ALLOCATED, BANNER)
    with pytest.raises(errors.Conflict):
        handovers.hand_over(office.services, BANNER_CUSTODIAN, "T1", holder_id=second)
    handovers.hand_over(office.services, BANNER_CUSTODIAN, "T1", holder_id=first)
    assert _where(office, "T1") == (MediumStatus.HANDED_OVER, first)


def test_a_person_is_promised_one_token(office: Office) -> None:
    holder = office.holder()
    office.token("T1")
    office.token("T2")
    handovers.allocate(office.services, office.custodian, "T1", holder_id=holder)
    for give in (handovers.allocate, handovers.hand_over):
        with pytest.raises(errors.Conflict):
            give(office.services, office.custodian, "T2", holder_id=holder)
    handovers.release(office.services, office.custodian, "T1")
    handovers.hand_over(office.services, office.custodian, "T2", holder_id=holder)
    assert _where(office, "T1") == (MediumStatus.AT_UNIT, CENTRE_CODE)


def test_a_token_without_binding_key_is_not_handed_over(office: Office) -> None:
    holder = office.holder()
    custody.register(office.services, office.custodian, [NewMedium("T9", "test")])
    with pytest.raises(errors.Conflict):
        handovers.hand_over(office.services, office.custodian, "T9", holder_id=holder)


def test_the_signed_sheet_hands_over_whoever_signed(office: Office) -> None:
    holders = [office.holder(f"A{n}") for n in (1, 2, 3)]
    for number, holder in enumerate(holders, 1):
        office.token(f"T{number}")
        handovers.allocate(office.services, office.custodian, f"T{number}", holder_id=holder)
    sheet = handovers.prepare_sheet(office.services, office.custodian)
    assert [line.hand_over.serial for line in handovers.sheet_lines(office.services, office.custodian, sheet.id)] == [
        "T1",
        "T2",
        "T3",
    ]
    signed = handovers.sign_sheet(
        office.services, office.custodian, sheet.id, scan=office.scan, scan_name="s.pdf", absent=["T2"]
    )
    assert signed.status is SheetStatus.SIGNED
    assert [_medium(office, f"T{n}").status for n in (1, 2, 3)] == [
        MediumStatus.HANDED_OVER,
        MediumStatus.ALLOCATED,
        MediumStatus.HANDED_OVER,
    ]
    with office.services.read() as uow:
        tied = {row.serial: row.sheet_id for row in uow.hand_overs.find()}
    assert tied == {"T1": sheet.id, "T2": None, "T3": sheet.id}
    with pytest.raises(errors.Conflict):
        handovers.sign_sheet(office.services, office.custodian, sheet.id, scan=office.scan, scan_name="s.pdf")
    following = handovers.prepare_sheet(office.services, office.custodian)
    assert [x.hand_over.serial for x in handovers.sheet_lines(office.services, office.custodian, following.id)] == [
        "T2"
    ]


def test_a_sheet_is_its_units_own_and_its_look_is_recorded(office: Office) -> None:
    office.handed_over()
    sheet = handovers.prepare_sheet(office.services, office.custodian)
    with pytest.raises(errors.Forbidden):
        handovers.sheet_lines(office.services, LEAGUE_CUSTODIAN, sheet.id)
    handovers.sheet_lines(office.services, office.custodian, sheet.id)
    with office.services.read() as uow:
        assert [e.tag for e in uow.audit.entries()][-1] == "media:sheet:printed"
    with pytest.raises(errors.Conflict):
        handovers.prepare_sheet(office.services, office.custodian)


def test_the_record_shows_persons_masked_and_exports_them_for_the_custodian_only(office: Office) -> None:
    office.handed_over()
    (shown,) = handovers.record(office.services, LEAGUE_CUSTODIAN).rows
    assert (shown.name, shown.mobile) == ("示*", "199******01")
    (exported,) = handovers.export_record(office.services, LEAGUE_CUSTODIAN)
    assert (exported.name, exported.mobile) == ("示范人", "19900000001")
    with pytest.raises(errors.Forbidden):
        handovers.export_record(office.services, actor(Role.AUDITOR))


def test_a_lost_token_freezes_its_certificate_at_once_and_is_found_without_thawing_it(office: Office) -> None:
    certificate = office.enrolled()
    with pytest.raises(errors.Invalid):
        incidents.report_lost(office.services, BANNER_CUSTODIAN, "T1", reason=" ")
    incidents.report_lost(office.services, BANNER_CUSTODIAN, "T1", reason="本人电话报告遗失")
    incidents.report_found(office.services, BANNER_CUSTODIAN, "T1")
    with office.services.read() as uow:
        assert uow.certificates.get(certificate.serial).status is CertificateStatus.FROZEN
    assert _where(office, "T1") == (MediumStatus.RETURNED, BANNER)


def test_a_lost_token_voids_codes_that_were_not_used(office: Office) -> None:
    holder, _ = office.handed_over()
    issue_code(office.services, office.reviewer, holder)
    incidents.report_lost(office.services, office.custodian, "T1", reason="遗失")
    with office.services.read() as uow:
        assert [e.status for e in uow.enrolments.find()] == [EnrolmentStatus.VOIDED]


def test_a_returned_token_is_initialised_again_and_handed_to_another(office: Office) -> None:
    office.enrolled()
    incidents.report_lost(office.services, office.custodian, "T1", reason="遗失")
    incidents.report_found(office.services, office.custodian, "T1")
    public = _medium(office, "T1").binding_key
    assert public is not None
    custody.initialise(office.services, office.custodian, "T1", binding_key=public)
    other = office.holder("A2")
    handovers.hand_over(office.services, office.custodian, "T1", holder_id=other)
    assert _where(office, "T1") == (MediumStatus.HANDED_OVER, other)


def test_a_token_is_destroyed_before_a_witness_and_never_while_its_key_may_sign(office: Office) -> None:
    office.enrolled()
    with pytest.raises(errors.DomainError):
        incidents.destroy(office.services, office.custodian, "T1", witness="监销人")
    office.token("T2")
    incidents.report_damaged(office.services, office.custodian, "T2", reason="断裂")
    with pytest.raises(errors.Invalid):
        incidents.destroy(office.services, office.custodian, "T2", witness="")
    incidents.destroy(office.services, office.custodian, "T2", witness="监销人")
    assert _medium(office, "T2").status is MediumStatus.DESTROYED


def test_reconciliation_accounts_for_every_token_now_and_then(office: Office, clock: TestClock) -> None:
    before = clock()
    clock.pass_time(seconds=1)
    parcel = _ship(office, "T1", "T2")
    custody.register(office.services, office.custodian, [NewMedium("T3", "test")])
    sent = clock()
    clock.pass_time(days=11)
    late = reconciliation.reconcile(office.services, office.custodian, CENTRE_CODE)
    assert [p.id for p in late.overdue] == [parcel]
    parcels.receive(office.services, LEAGUE_CUSTODIAN, parcel, Receipt(missing=["T2"], note="少一个"))
    now = reconciliation.reconcile(office.services, office.custodian, CENTRE_CODE)
    assert (now.total, now.unaccounted, [i.serial for i in now.missing]) == (3, 0, ["T2"])
    assert now.by_unit[LEAGUE] == {MediumStatus.AT_UNIT: 1}
    then = reconciliation.reconcile(office.services, office.custodian, CENTRE_CODE, at=sent)
    assert then.by_unit == {CENTRE_CODE: {MediumStatus.IN_TRANSIT: 2, MediumStatus.BLANK: 1}}
    assert reconciliation.reconcile(office.services, office.custodian, CENTRE_CODE, at=before).total == 0
    assert reconciliation.reconcile(office.services, LEAGUE_CUSTODIAN, LEAGUE).total == 1


@pytest.mark.parametrize("serials", [[], ["a b"], ["x" * 41], ["T1", "T1"], ["号"]])
def test_bad_serial_numbers_are_never_registered(office: Office, serials: list[str]) -> None:
    with pytest.raises(errors.Invalid):
        custody.register(office.services, office.custodian, [NewMedium(s, "test") for s in serials])
    assert custody.stock(office.services, office.custodian).total == 0


def test_a_serial_number_is_registered_once(office: Office) -> None:
    custody.register(office.services, office.custodian, [NewMedium("T1", "test")])
    with pytest.raises(errors.Conflict, match="T1"):
        custody.register(office.services, office.custodian, [NewMedium(s, "test") for s in ("T2", "T1")])
    assert custody.stock(office.services, office.custodian).total == 1


def _book(*rows: tuple[str | int, ...]) -> bytes:
    book, out = openpyxl.Workbook(), BytesIO()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(out)
    return out.getvalue()


def test_a_box_is_read_from_a_scanners_lines_or_a_table() -> None:
    assert [one.serial for one in read_media(b"T1\r\n\r\n T2 \n", filename="box.txt")] == ["T1", "T2"]
    table = _book(("序列号", "型号", "固件版本"), ("T1", "K3", "1.2"), ("T2", "K3", ""))
    assert [(m.serial, m.model, m.firmware) for m in read_media(table, filename="box.xlsx")] == [
        ("T1", "K3", "1.2"),
        ("T2", "K3", ""),
    ]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (_book(("序列号", "型号", "固件版本"), (1234567890123456789, "K3", "")), "box.xlsx"),
        (_book(("号码",), ("T1",)), "box.xlsx"),
        (b"\xff\xfe\x00", "box.txt"),
        (b"PK\x03\x04broken", "box.xlsx"),
        (b"", "box.xlsx"),
    ],
)
def test_a_list_that_cannot_be_trusted_is_refused(data: bytes, name: str) -> None:
    with pytest.raises(errors.Invalid):
        read_media(data, filename=name)
