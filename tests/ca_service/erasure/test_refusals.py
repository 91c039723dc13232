"""What must not be erased: too early, still in use, held, in dispute; and never by one person, or other than seen."""

from datetime import UTC, datetime, timedelta

import pytest

from ca_service.clock import SHANGHAI
from ca_service.domain import errors
from ca_service.domain.changes import ChangeKind
from ca_service.domain.erasures import Erasure, ErasureStatus
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.roles import Role
from ca_service.workflows import change
from ca_service.workflows import erasures as workflow
from ca_service.workflows.holders import retention
from ca_service.workflows.records_holds import hold_records, lift_hold
from tests.ca_service.conftest import TestClock
from tests.ca_service.desk import Desk
from tests.ca_service.erasure.scene import SECURITY, Scene
from tests.ca_service.office import CONTACT, Office, actor

# What is refused does not depend on the store; what is guarded by it is in test_nothing_is_left.py.
pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
REVIEWER = actor(Role.REVIEWER)


def _stopped(office: Office, external_id: str = "A1") -> str:
    """A stopped person without a certificate."""
    holder = office.holder(external_id)
    with office.services.begin() as uow:
        uow.holders.change(uow.holders.get(holder), status=HolderStatus.STOPPED)
    return holder


def _proposed(office: Office, *holders: str) -> Erasure:
    return workflow.propose(office.services, REVIEWER, holders, ground="教档1号")


def _get(office: Office, holder: str) -> Holder:
    with office.services.read() as uow:
        return uow.holders.get(holder)


def test_before_its_time_a_record_is_kept_and_the_refusal_says_until_when(office: Office, clock: TestClock) -> None:
    holder = _stopped(office)
    (kept,) = retention(office.services, office.operator)
    day = kept.until.astimezone(SHANGHAI).strftime("%Y-%m-%d")
    with pytest.raises(errors.Conflict, match=f"须保存到 {day}"):
        _proposed(office, holder)
    clock.passed = kept.until - datetime.now(UTC) - timedelta(hours=1)
    with pytest.raises(errors.Conflict, match=day):
        _proposed(office, holder)
    clock.pass_time(hours=2)
    assert _proposed(office, holder).status is ErasureStatus.PROPOSED


def test_a_live_certificate_or_an_account_in_use_forbids_it(scene: Scene, office: Office, clock: TestClock) -> None:
    certificate = office.enrolled()
    holder = str(certificate.holder_id)
    clock.pass_time(days=365 * 20)
    with pytest.raises(errors.Conflict, match="还在使用"):
        _proposed(office, holder)
    clock.passed = timedelta(0)
    with office.services.begin() as uow:
        uow.holders.change(uow.holders.get(holder), status=HolderStatus.STOPPED)
    with pytest.raises(errors.Conflict, match="尚未失效"):
        _proposed(office, holder)
    assert _get(office, holder).contact == CONTACT
    del scene


def test_held_records_stay_until_somebody_else_lifts_the_hold(office: Office, clock: TestClock) -> None:
    holder = _stopped(office)
    clock.pass_time(days=365 * 6)
    case = _proposed(office, holder)
    hold = hold_records(office.services, REVIEWER, holder, reason="信访 2032-7")
    with pytest.raises(errors.Conflict, match="保留中"):
        hold_records(office.services, SECURITY, holder, reason="再次")
    with pytest.raises(errors.Conflict, match=hold.id):
        workflow.confirm(office.services, SECURITY, case.id, seen=case.seen)
    with pytest.raises(errors.Forbidden):
        lift_hold(office.services, REVIEWER, hold.id, reason="已结")
    with pytest.raises(errors.Invalid):
        lift_hold(office.services, SECURITY, hold.id, reason=" ")
    lift_hold(office.services, SECURITY, hold.id, reason="已结")
    with pytest.raises(errors.Conflict, match="已经解除"):
        lift_hold(office.services, SECURITY, hold.id, reason="已结")
    workflow.confirm(office.services, SECURITY, case.id, seen=case.seen)
    with pytest.raises(errors.Conflict, match="已经清除"):
        hold_records(office.services, REVIEWER, holder, reason="太迟")
    with office.services.read() as uow:
        assert uow.erasing.holds.get(hold.id).reason == ""


def test_an_open_change_case_an_open_application_and_a_conflict_forbid_it(office: Office, clock: TestClock) -> None:
    desk = Desk(office)
    holder = desk.confirmed(desk.enter(3))
    form = change.Form(ChangeKind.RESTORE, holder, "恢复", "同意", False, office.scan, "form.pdf")
    with office.services.begin() as uow:
        uow.holders.change(uow.holders.get(holder), status=HolderStatus.STOPPED)
    clock.pass_time(days=365 * 6)
    case = change.submit(office.services, office.clerk, form)
    with pytest.raises(errors.Conflict, match=case.id):
        _proposed(office, holder)
    change.decide(office.services, REVIEWER, case.id, change.Decision(approve=False, reason="不再任职"))
    one, two = (desk.enter(3, unit=school) for school in desk.schools()[1:3])
    with pytest.raises(errors.Conflict, match=f"{one.id}|{two.id}"):
        _proposed(office, holder)
    with office.services.read() as uow:
        texts = [h.kind.value for h in workflow.preview(office.services, REVIEWER, [holder]).hindrances]
        assert uow.conflicts.count() >= 1
    assert {"application", "conflict"} <= set(texts)


def test_nobody_confirms_what_they_proposed_and_roles_exclude_each_other(office: Office, clock: TestClock) -> None:
    holder = _stopped(office)
    clock.pass_time(days=365 * 6)
    case = _proposed(office, holder)
    for wrong in (REVIEWER, actor(Role.CA_ADMIN), actor(Role.AUDITOR), actor(Role.SECURITY_ADMIN, "150300")):
        with pytest.raises(errors.Forbidden):
            workflow.confirm(office.services, wrong, case.id, seen=case.seen)
    same = actor(Role.SECURITY_ADMIN, login=REVIEWER.login)
    with pytest.raises(errors.Forbidden):
        workflow.confirm(office.services, same, case.id, seen=case.seen)
    for nobody in (SECURITY, actor(Role.OPERATOR), actor(Role.REVIEWER, "150300")):
        with pytest.raises(errors.Forbidden):
            workflow.propose(office.services, nobody, [holder], ground="x")
    assert _get(office, holder).contact == CONTACT


def test_what_changed_since_it_was_proposed_is_not_erased(office: Office, clock: TestClock) -> None:
    holder = _stopped(office)
    clock.pass_time(days=365 * 6)
    case = _proposed(office, holder)
    with pytest.raises(errors.Conflict, match="已有变化"):
        workflow.confirm(office.services, SECURITY, case.id, seen="0" * 64)
    form = change.Form(ChangeKind.RESTORE, holder, "恢复", "同意", False, office.scan, "form.pdf")
    late = change.submit(office.services, office.clerk, form)
    change.decide(office.services, REVIEWER, late.id, change.Decision(approve=False, reason="不再任职"))
    now = workflow.view(office.services, SECURITY, case.id)
    assert now.changed
    assert now.plan
    with pytest.raises(errors.Conflict, match="已有变化"):
        workflow.confirm(office.services, SECURITY, case.id, seen=now.plan.sha256())
    workflow.withdraw(office.services, REVIEWER, case.id)
    again = _proposed(office, holder)
    workflow.confirm(office.services, SECURITY, again.id, seen=again.seen)
    assert _get(office, holder).status is HolderStatus.ERASED


def test_a_person_stands_in_one_open_case_and_a_decided_one_is_decided(office: Office, clock: TestClock) -> None:
    holder = _stopped(office)
    clock.pass_time(days=365 * 6)
    case = _proposed(office, holder)
    with pytest.raises(errors.Conflict, match=case.id):
        _proposed(office, holder)
    assert workflow.all_due(office.services, REVIEWER) == []
    with pytest.raises(errors.Invalid):
        workflow.refuse(office.services, SECURITY, case.id, reason=" ")
    workflow.refuse(office.services, SECURITY, case.id, reason="尚在核对")
    with pytest.raises(errors.Conflict, match="已经办结"):
        workflow.confirm(office.services, SECURITY, case.id, seen=case.seen)
    assert workflow.all_due(office.services, REVIEWER) == [holder]
    done = _proposed(office, holder)
    workflow.confirm(office.services, SECURITY, done.id, seen=done.seen)
    with pytest.raises(errors.Conflict, match="已经清除"):
        _proposed(office, holder)


@pytest.mark.parametrize(
    ("holders", "ground"),
    [([], "x"), ([" "], "x"), (["H0"], " "), (["H0"] * 3, "x"), ([f"H{n}" for n in range(201)], "x")],
)
def test_nonsense_is_refused(office: Office, holders: list[str], ground: str) -> None:
    with pytest.raises((errors.Invalid, errors.NotFound)):
        workflow.propose(office.services, REVIEWER, holders, ground=ground)


def test_what_is_kept_of_a_case_names_nobody(office: Office, clock: TestClock) -> None:
    holder = _stopped(office)
    name = _get(office, holder).name
    clock.pass_time(days=365 * 6)
    with pytest.raises(errors.Invalid, match="姓名"):
        workflow.propose(office.services, REVIEWER, [holder], ground=f"{name}的档案到期")
    case = _proposed(office, holder)
    with pytest.raises(errors.Invalid, match="姓名"):
        workflow.refuse(office.services, SECURITY, case.id, reason=f"{name}尚有争议")
    hold = hold_records(office.services, REVIEWER, holder, reason=f"{name}信访")
    with office.services.read() as uow:
        details = [entry.detail for entry in uow.audit.entries() if entry.subject in (holder, case.id)]
    assert any(hold.id in detail for detail in details)
    assert not any(name in detail for detail in details)


def test_an_erased_person_takes_part_in_nothing_any_more(office: Office, clock: TestClock) -> None:
    holder = _stopped(office)
    clock.pass_time(days=365 * 6)
    case = _proposed(office, holder)
    workflow.confirm(office.services, SECURITY, case.id, seen=case.seen)
    form = change.Form(ChangeKind.RESTORE, holder, "恢复", "同意", False, office.scan, "form.pdf")
    with pytest.raises(errors.Conflict, match="已按保存期规定清除"):
        change.submit(office.services, office.clerk, form)
    # The same person may come again, as somebody new.
    again = office.holder("A1")
    assert again != holder
    assert _get(office, again).contact == CONTACT
