"""An erasure and other hands at the same moment, on both stores: one comes first, the other is told."""

from functools import partial

from ca_service.domain.changes import UNDER_WAY, ChangeKind
from ca_service.domain.erasures import Erasure
from ca_service.domain.holders import HolderStatus
from ca_service.domain.roles import Role
from ca_service.workflows import change
from ca_service.workflows import erasures as workflow
from ca_service.workflows.records_holds import hold_records
from tests.ca_service.conftest import TestClock
from tests.ca_service.erasure.scene import SECURITY
from tests.ca_service.office import Office, actor
from tests.ca_service.test_two_at_once import _at_once


def _ready(office: Office, clock: TestClock) -> tuple[str, Erasure]:
    holder = office.holder()
    with office.services.begin() as uow:
        uow.holders.change(uow.holders.get(holder), status=HolderStatus.STOPPED)
    clock.pass_time(days=365 * 6)
    return holder, workflow.propose(office.services, office.reviewer, [holder], ground="教档1号")


def test_of_two_who_confirm_at_once_one_is_told_and_it_is_done_once(office: Office, clock: TestClock) -> None:
    holder, case = _ready(office, clock)
    crowd = [actor(Role.SECURITY_ADMIN, login=f"security-{number}") for number in range(2)]
    told = _at_once(*[partial(workflow.confirm, office.services, who, case.id, seen=case.seen) for who in crowd])
    assert len(told) == 1
    with office.services.read() as uow:
        assert uow.holders.get(holder).status is HolderStatus.ERASED
        assert len([e for e in uow.audit.entries() if e.tag == "ra:holder:erased"]) == 1


def test_a_change_or_a_hold_at_the_same_moment_comes_before_or_not_at_all(office: Office, clock: TestClock) -> None:
    holder, case = _ready(office, clock)
    form = change.Form(ChangeKind.RESTORE, holder, "恢复", "同意", False, office.scan, "form.pdf")
    told = _at_once(
        partial(workflow.confirm, office.services, SECURITY, case.id, seen=case.seen),
        partial(change.submit, office.services, office.clerk, form),
        partial(hold_records, office.services, office.reviewer, holder, reason="信访7号"),
    )
    with office.services.read() as uow:
        erased = uow.holders.get(holder).status is HolderStatus.ERASED
        others = (uow.changes.count(status=UNDER_WAY), uow.erasing.holds.count(lifted_at=None))
    assert (len(told), others) == ((2, (0, 0)) if erased else (1, (1, 1)))
