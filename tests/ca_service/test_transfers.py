"""A hand-over: never without and never with two information administrators, whatever is done in which order."""

from typing import Any

import pytest
from sqlalchemy import text

from ca_service.domain import errors
from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.certificates import CertificateStatus, RevocationReason
from ca_service.domain.changes import AccountEventKind, CertificateAct, ChangeKind, ChangeStatus, Particular
from ca_service.domain.holders import HolderStatus
from ca_service.domain.media import MediumStatus
from ca_service.domain.persons import UserType
from ca_service.domain.transfers import Leg, Progress, Transfer, TransferStatus
from ca_service.intake.columns import Column
from ca_service.store.repositories import SqlAuditLog
from ca_service.wiring import Wiring
from ca_service.workflows import change, handovers, push, review, transfer_execution, transfers
from ca_service.workflows.certificate_status import by_serial
from ca_service.workflows.entry import enter
from ca_service.workflows.person_form import PersonForm
from tests.ca_service.desk import BANNER_REVIEWER, CENTRE_REVIEWER, Desk, id_number
from tests.ca_service.office import Office

_REVOKE = change.Decision(approve=True, certificate_act=CertificateAct.REVOKE)


# What may happen in any order runs on both: test_transfers_any_order.py.
pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


def stop_form(office: Office, holder: str, **more: Any) -> change.Form:
    fields: dict[str, Any] = {"explanation": "调离", "opinion": "同意", "transferred": True, "scan": office.scan} | more
    return change.Form(ChangeKind.STOP, holder, scan_name="form.pdf", **fields)


def begun(office: Office, holder: str) -> Transfer:
    return transfers.begin(office.services, office.clerk, stop_form(office, holder))


def active(office: Office, unit: str = "") -> list[str]:
    with office.services.read() as uow:
        found = uow.holders.find(
            unit_code=unit or office.school, user_type=UserType.INFORMATION.value, status=HolderStatus.ACTIVE
        )
    return [holder.external_id for holder in found]


def test_the_whole_way_from_one_administrator_to_the_next(desk: Desk, office: Office) -> None:
    first = desk.enter(1)
    holder, token = desk.confirmed(first), office.token()
    handovers.hand_over(office.services, office.custodian, token.serial, holder_id=holder)
    opened = office.begin(token, office.codes(holder))
    old = office.confirm(token, opened, office.fetch(token, opened))
    case = begun(office, holder)
    second = apply_for(office, 2)
    assert _case(office, case).application_id == second
    review.approve(office.services, CENTRE_REVIEWER, desk.at_centre(desk.application(second)))
    assert desk.pushed() == {}
    assert active(office) == [first.id]
    with pytest.raises(errors.Conflict, match="还没有审核同意"):
        transfer_execution.execute(office.services, CENTRE_REVIEWER, case.id)
    freeze = change.Decision(approve=True, certificate_act=CertificateAct.FREEZE)
    with pytest.raises(errors.Invalid):
        change.decide(office.services, CENTRE_REVIEWER, case.change_id, freeze)
    change.decide(office.services, CENTRE_REVIEWER, case.change_id, _REVOKE)
    with pytest.raises(errors.Conflict, match=case.id):
        change.execute(office.services, CENTRE_REVIEWER, case.change_id)
    done = transfer_execution.execute(office.services, CENTRE_REVIEWER, case.id)
    assert done.status is TransferStatus.DONE
    assert active(office) == [second]
    with office.services.read() as uow:
        now, medium = by_serial(uow, old.serial), uow.media.get("T1")
        (successor,) = uow.holders.find(external_id=second)
        (told,) = uow.account_events(after=0, limit=9)
    assert (now.status, now.reason) == (CertificateStatus.REVOKED, RevocationReason.AFFILIATION_CHANGED)
    assert medium.status is MediumStatus.RETURNED
    assert (told.kind, told.holder_id) == (AccountEventKind.STOP, holder)
    assert desk.application(second).status is ApplicationStatus.CONFIRMED
    _gap_closes_with_the_download(office, case, successor.id)


def _gap_closes_with_the_download(office: Office, case: Transfer, successor: str) -> None:
    assert _next(office, case) == [Leg.TOKEN]
    assert transfers.view(office.services, office.clerk, case.id).has_gap
    token = office.token("T2")
    handovers.hand_over(office.services, office.custodian, token.serial, holder_id=successor)
    assert _next(office, case) == [Leg.CODE]
    opened = office.begin(token, office.codes(successor))
    assert _next(office, case) == [Leg.CERTIFICATE]
    office.confirm(token, opened, office.fetch(token, opened))
    assert _next(office, case) == []
    assert not transfers.view(office.services, office.clerk, case.id).has_gap


def _case(office: Office, case: Transfer) -> Transfer:
    return transfers.view(office.services, office.clerk, case.id).case


def _next(office: Office, case: Transfer) -> list[Leg]:
    legs = transfers.view(office.services, office.clerk, case.id).way
    return [leg for leg, progress in legs.items() if progress is Progress.NEXT]


def apply_for(office: Office, person: int) -> str:
    """An application typed into the form page: the rules of every intake are asked."""
    values = {
        Column.UNIT: office.school,
        Column.NAME: "接任甲",
        Column.ID_NUMBER: id_number(person),
        Column.OFFICE_PHONE: "0473-3000001",
        Column.EMAIL: f"p{person}@example.com",
        Column.MOBILE: f"1990000{person:04d}",
        Column.SCHOOL_TYPE: "211",
        Column.USER_TYPE: "信息管理员",
        Column.ADDRESS: "某街一号",
        Column.CERTIFICATE: "是",
    }
    form = PersonForm(values, True, has_account=False, scan=office.scan, scan_name="form.pdf")
    return enter(office.services, office.clerk, form)


def test_the_page_says_what_can_be_done_next(desk: Desk, office: Office) -> None:
    holder = desk.confirmed(desk.enter(1))
    case = begun(office, holder)
    assert _next(office, case) == [Leg.STOP_APPROVED, Leg.SUCCESSOR_APPLIED]
    second = apply_for(office, 2)
    assert _next(office, case) == [Leg.STOP_APPROVED, Leg.SUCCESSOR_APPROVED]
    change.decide(office.services, CENTRE_REVIEWER, case.change_id, _plain())
    review.approve(office.services, CENTRE_REVIEWER, desk.at_centre(desk.application(second)))
    assert _next(office, case) == [Leg.EXECUTED]
    assert transfers.view(office.services, office.clerk, case.id).ready


def _plain() -> change.Decision:
    return change.Decision(approve=True)


def _ready(desk: Desk, office: Office) -> tuple[Transfer, str]:
    case = begun(office, desk.confirmed(desk.enter(1)))
    second = apply_for(office, 2)
    change.decide(office.services, CENTRE_REVIEWER, case.change_id, _plain())
    review.approve(office.services, CENTRE_REVIEWER, desk.at_centre(desk.application(second)))
    return case, second


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("UPDATE change_case SET opinion = '别的'", (ChangeStatus.SUBMITTED, ApplicationStatus.APPROVED)),
        ("UPDATE application SET name = '别人'", (ChangeStatus.APPROVED, ApplicationStatus.SUBMITTED)),
    ],
)
def test_a_paper_changed_by_hand_goes_back_to_review_and_nobody_is_stopped(
    desk: Desk, office: Office, wiring: Wiring, statement: str, left: tuple[ChangeStatus, ApplicationStatus]
) -> None:
    case, second = _ready(desk, office)
    before = active(office)
    with wiring.database.engine.begin() as connection:
        connection.execute(text(statement))
    with pytest.raises(errors.Conflict, match="不一致"):
        transfer_execution.execute(office.services, CENTRE_REVIEWER, case.id)
    assert (change.case(office.services, office.clerk, case.change_id).status, desk.application(second).status) == left
    assert active(office) == before


def test_a_certificate_fetched_after_the_decision_is_not_left_alive(desk: Desk, office: Office) -> None:
    case, _ = _ready(desk, office)
    token = office.token()
    handovers.hand_over(office.services, office.custodian, token.serial, holder_id=case.holder_id)
    opened = office.begin(token, office.codes(case.holder_id))
    office.confirm(token, opened, office.fetch(token, opened))
    with pytest.raises(errors.Conflict, match="又领取了证书"):
        transfer_execution.execute(office.services, CENTRE_REVIEWER, case.id)
    refused = change.Decision(approve=False, reason="重新办理")
    change.decide(office.services, CENTRE_REVIEWER, case.change_id, refused)
    assert _case(office, case).status is TransferStatus.ABANDONED


def test_given_up_the_successor_goes_back_and_the_stop_form_goes_on_alone(desk: Desk, office: Office) -> None:
    case, second = _ready(desk, office)
    with pytest.raises(errors.Invalid):
        transfers.give_up(office.services, office.clerk, case.id, reason=" ")
    transfers.give_up(office.services, office.clerk, case.id, reason="不调走了")
    back = desk.application(second)
    assert (back.status, back.at_unit, back.approved_sha256) == (ApplicationStatus.RETURNED, office.school, "")
    assert "不调走了" in back.reason
    with pytest.raises(errors.Conflict):
        review.resubmit(office.services, office.clerk, [second])
    assert desk.pushed() == {}
    change.execute(office.services, CENTRE_REVIEWER, case.change_id)
    assert active(office) == []
    review.resubmit(office.services, office.clerk, [second])


def test_a_returned_successor_comes_again_or_another_one_takes_the_chance(desk: Desk, office: Office) -> None:
    case = begun(office, desk.confirmed(desk.enter(1)))
    second = apply_for(office, 2)
    reviewer = CENTRE_REVIEWER
    desk.at_centre(desk.application(second))
    review.give_back(office.services, reviewer, [second], reason="照片不清")
    assert _next(office, case) == [Leg.STOP_APPROVED, Leg.SUCCESSOR_APPLIED]
    third = apply_for(office, 3)
    assert _case(office, case).application_id == third
    with pytest.raises(errors.Conflict, match="已有一名"):
        review.resubmit(office.services, office.clerk, [second])
    with pytest.raises(errors.Conflict, match=third):
        transfers.name_successor(office.services, office.clerk, case.id, second)
    desk.at_centre(desk.application(third))
    review.give_back(office.services, reviewer, [third], reason="换人")
    transfers.name_successor(office.services, office.clerk, case.id, second)
    review.resubmit(office.services, office.clerk, [second])
    assert _case(office, case).application_id == second


def test_a_returned_application_from_before_becomes_the_successor_when_it_comes_again(
    desk: Desk, office: Office
) -> None:
    early = desk.enter(5, name="早来的")
    desk.at_centre(early)
    review.give_back(office.services, CENTRE_REVIEWER, [early.id], reason="名额已满")
    case = begun(office, desk.confirmed(desk.enter(1)))
    assert transfers.view(office.services, office.clerk, case.id).candidates == [early.id]
    review.resubmit(office.services, office.clerk, [early.id])
    assert _case(office, case).application_id == early.id


def test_who_leaves_stays_until_the_hand_over_is_done(desk: Desk, office: Office) -> None:
    holder = desk.confirmed(desk.enter(1))
    case = begun(office, holder)
    with pytest.raises(errors.Conflict):
        change.submit(office.services, office.clerk, stop_form(office, holder))
    change.give_back(office.services, BANNER_REVIEWER, case.change_id, reason="补充说明")
    with pytest.raises(errors.Conflict, match=case.id):
        change.submit(office.services, office.clerk, stop_form(office, holder))
    away = {Particular.UNIT: desk.schools()[3]}
    form = change.Form(
        ChangeKind.INFORMATION_CHANGE, holder, "调动", "同意", False, office.scan, "form.pdf", after=away
    )
    moving = change.submit(office.services, office.clerk, form)
    change.decide(office.services, CENTRE_REVIEWER, moving.id, change.Decision(approve=True))
    with pytest.raises(errors.Conflict, match="正在交接"):
        change.execute(office.services, CENTRE_REVIEWER, moving.id)


def test_a_stop_form_entered_before_becomes_a_hand_over_until_it_is_decided(desk: Desk, office: Office) -> None:
    holder = desk.confirmed(desk.enter(1))
    stop = change.submit(office.services, office.clerk, stop_form(office, holder))
    case = transfers.begin_with(office.services, office.clerk, stop.id)
    assert (case.change_id, case.status) == (stop.id, TransferStatus.SEEKING)
    with pytest.raises(errors.Conflict):
        transfers.begin_with(office.services, office.clerk, stop.id)


def test_dying_at_any_step_of_the_execution_leaves_the_predecessor_and_a_repeat_does_it(
    desk: Desk, office: Office, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every entry of the audit log is a place to die at; they lie before, between and after all other writes."""
    case, second = _ready(desk, office)
    before, log = active(office), SqlAuditLog._write
    reached = 0
    for last in range(20):
        left = last

        def write(self: SqlAuditLog, *facts: Any) -> None:
            nonlocal left
            if left == 0:
                raise RuntimeError("the process died")
            left -= 1
            log(self, *facts)

        monkeypatch.setattr(SqlAuditLog, "_write", write)
        try:
            transfer_execution.execute(office.services, CENTRE_REVIEWER, case.id)
        except RuntimeError:
            reached += 1
        else:
            break
        assert active(office) == before
        assert desk.application(second).status is ApplicationStatus.APPROVED
    assert reached >= 4
    assert active(office) == [second]


@pytest.mark.parametrize("more", [{"transferred": False}, {"explanation": ""}, {"scan": b"x"}])
def test_a_form_that_is_no_transfer_opens_none(office: Office, more: dict[str, Any]) -> None:
    with pytest.raises(errors.Invalid):
        transfers.begin(office.services, office.clerk, stop_form(office, office.holder(), **more))
    assert not transfers.transfers(office.services, office.clerk).rows


def test_the_directory_cannot_bring_the_successor_in_before_the_time(desk: Desk, office: Office) -> None:
    _, second = _ready(desk, office)
    person = push._person(desk.application(second))
    (answer,) = office.push([person])
    assert answer.outcome is push.Outcome.REFUSED
    assert "只能有一名" in answer.detail
