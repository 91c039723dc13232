"""Several people at once, on both stores: one succeeds, the others are told, nothing happens twice."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from ca_service.domain import errors
from ca_service.domain.applications import ApplicationEvent, ApplicationStatus
from ca_service.domain.changes import ChangeKind, Particular
from ca_service.domain.conflicts import ConflictEvent, ConflictStatus
from ca_service.domain.roles import Role
from ca_service.workflows import change, review
from ca_service.workflows.conflict_cases import ConflictDecision, decide_conflict
from ca_service.workflows.review import Verdict
from tests.ca_service.desk import BANNER_REVIEWER, CENTRE_REVIEWER, LEAGUE_REVIEWER, Desk
from tests.ca_service.office import BANNER, LEAGUE, Office, actor

FORWARD, RETURN = ApplicationEvent.FORWARD, ApplicationEvent.RETURN


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


def _at_once(*acts: Callable[[], object]) -> Sequence[str]:
    """Do all at the same time; what those were told whom it was refused."""

    def told(act: Callable[[], object]) -> str:
        try:
            act()
        except errors.Conflict as error:
            return error.detail
        return ""

    with ThreadPoolExecutor(len(acts)) as crowd:
        return [detail for detail in crowd.map(told, acts) if detail]


def _form(office: Office, holder: str, kind: ChangeKind) -> change.Form:
    after = {Particular.MOBILE: "19900004321"} if kind is ChangeKind.INFORMATION_CHANGE else {}
    return change.Form(kind, holder, "工作调整", "同意", False, office.scan, "form.pdf", after)


def test_of_four_reviewers_who_forward_at_once_one_succeeds_and_the_others_are_told(desk: Desk, office: Office) -> None:
    own = desk.enter().id
    crowd = [actor(Role.REVIEWER, BANNER, f"reviewer-{number}") for number in range(4)]
    told = _at_once(*[partial(review.forward, office.services, who, [own]) for who in crowd])
    assert len(told) == 3
    assert all("他人" in detail for detail in told)
    with office.services.read() as uow:
        assert len(uow.steps.find(subject=own)) == 1
    assert desk.application(own).at_unit == LEAGUE


def test_while_one_forwards_and_another_returns_only_one_of_both_happens(desk: Desk, office: Office) -> None:
    own = desk.enter().id
    verdicts = [Verdict(own, FORWARD), Verdict(own, RETURN, "缺少公章")] * 2
    told = _at_once(*[partial(review.decide, office.services, BANNER_REVIEWER, [v]) for v in verdicts])
    assert len(told) == 3
    with office.services.read() as uow:
        assert len(uow.steps.find(subject=own)) == 1


def test_of_two_who_submit_again_for_a_units_only_place_one_gets_it(desk: Desk, office: Office) -> None:
    made = []
    for person in (1, 2):
        made.append(desk.enter(person).id)
        review.give_back(office.services, BANNER_REVIEWER, made[-1:], reason="缺少公章")
    told = _at_once(*[partial(review.resubmit, office.services, office.clerk, [own]) for own in made])
    assert ["已有一名信息管理员" in detail for detail in told] == [True]
    statuses = sorted(desk.application(own).status for own in made)
    assert statuses == [ApplicationStatus.RETURNED, ApplicationStatus.SUBMITTED]


def test_a_change_is_decided_once_and_carried_out_once(desk: Desk, office: Office) -> None:
    holder = desk.confirmed(desk.enter())
    case = change.submit(office.services, office.clerk, _form(office, holder, ChangeKind.INFORMATION_CHANGE))
    assert case.paper
    assert case.paper.after == {"mobile": "19900004321"}
    decision = change.Decision(approve=True)
    crowd = [actor(Role.REVIEWER, login=f"reviewer-{number}") for number in range(3)]
    told = _at_once(*[partial(change.decide, office.services, who, case.id, decision) for who in crowd])
    assert len(told) == 2
    told = _at_once(*[partial(change.execute, office.services, who, case.id) for who in crowd])
    assert len(told) == 2
    with office.services.read() as uow:
        assert len(uow.account_events(after=0, limit=9)) == 1
        assert uow.holders.get(holder).contact.mobile == "19900004321"
        assert [step.event for step in uow.steps.find(subject=case.id)] == ["approve", "execute"]


def test_a_conflict_is_decided_once(desk: Desk, office: Office) -> None:
    for unit in desk.schools()[:2]:
        desk.enter(1, unit=unit)
    with office.services.read() as uow:
        (case,) = uow.conflicts.find(status=ConflictStatus.UNDECIDED)
    events = (ConflictEvent.KEEP_BOTH, ConflictEvent.RETURN_FIRST, ConflictEvent.RETURN_BOTH)
    decisions = [ConflictDecision(event, "核实过") for event in events]
    reviewers = (BANNER_REVIEWER, LEAGUE_REVIEWER, CENTRE_REVIEWER)
    pairs = zip(reviewers, decisions, strict=True)
    told = _at_once(*[partial(decide_conflict, office.services, who, case.id, decision) for who, decision in pairs])
    assert len(told) == 2
    assert len(desk.audited("ra:conflict:decided")) == 1
