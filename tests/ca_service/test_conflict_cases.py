"""Duplicate persons: cases with both sides, who decides them, and what cannot be approved before."""

from collections.abc import Sequence

import pytest

from ca_service.domain import errors
from ca_service.domain.applications import Application, ApplicationStatus
from ca_service.domain.changes import ChangeKind
from ca_service.domain.conflicts import ConflictCase, ConflictEvent, ConflictStatus
from ca_service.domain.roles import Role
from ca_service.workflows import change, review
from ca_service.workflows.conflict_cases import ConflictDecision, conflict_cases, decide_conflict, show_conflict
from tests.ca_service.desk import BANNER_REVIEWER, CENTRE_REVIEWER, LEAGUE_REVIEWER, Desk, id_number
from tests.ca_service.office import BANNER, LEAGUE, Office, actor

_E, _S = ConflictEvent, ConflictStatus

# Where two act at once, the store matters: test_two_at_once.py runs on both.
pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


def _twice(desk: Desk, *, second: str = "") -> tuple[Application, Application]:
    """One person in two schools of the banner."""
    units = desk.schools()
    return desk.enter(1, unit=units[0]), desk.enter(1, unit=second or units[1])


def _cases(office: Office) -> Sequence[ConflictCase]:
    return conflict_cases(office.services, CENTRE_REVIEWER, status=None).rows


def _decide(office: Office, event: ConflictEvent, reason: str = "同一人兼任", who: object = BANNER_REVIEWER) -> None:
    (case,) = conflict_cases(office.services, CENTRE_REVIEWER).rows
    decide_conflict(office.services, who, case.id, ConflictDecision(event, reason))  # type: ignore[arg-type]


def test_a_person_in_two_units_is_one_case_at_the_lowest_unit_above_both(desk: Desk, office: Office) -> None:
    first, second = _twice(desk)
    desk.enter(2, unit=desk.schools()[2])
    (case,) = _cases(office)
    assert set(case.sides) == {first.id, second.id}
    assert (case.status, case.at_unit) == (_S.UNDECIDED, BANNER)


@pytest.mark.parametrize(("second", "place"), [(BANNER, LEAGUE), (LEAGUE, "150000")])
def test_a_bureau_never_decides_about_its_own_person(desk: Desk, office: Office, second: str, place: str) -> None:
    _twice(desk, second=second)
    (case,) = _cases(office)
    assert case.at_unit == place
    with pytest.raises(errors.Forbidden):
        _decide(office, _E.KEEP_BOTH, who=actor(Role.REVIEWER, second))
    assert desk.audited("ra:review:refused")[0][1] == case.id
    _decide(office, _E.KEEP_BOTH, who=actor(Role.REVIEWER, place))


def test_nothing_in_an_open_conflict_is_approved(desk: Desk, office: Office) -> None:
    pair = desk.at_centre(*_twice(desk))
    with pytest.raises(errors.Conflict, match="重复登记"):
        review.approve(office.services, CENTRE_REVIEWER, pair)
    _decide(office, _E.KEEP_BOTH, who=CENTRE_REVIEWER)
    approved = review.approve(office.services, CENTRE_REVIEWER, pair)
    assert {a.status for a in approved} == {ApplicationStatus.APPROVED}


def test_an_application_that_came_in_past_the_import_is_found_when_it_is_approved(desk: Desk, office: Office) -> None:
    pair = desk.at_centre(*_twice(desk))
    with office.services.begin() as uow:
        (case,) = uow.conflicts.find()
        uow.conflicts.change(case, status=_S.LAPSED)
    with pytest.raises(errors.Conflict, match="重复登记"):
        review.approve(office.services, CENTRE_REVIEWER, pair[:1])
    assert [case.status for case in _cases(office)] == [_S.UNDECIDED]


@pytest.mark.parametrize(
    ("event", "returned"),
    [(_E.RETURN_FIRST, [True, False]), (_E.RETURN_SECOND, [False, True]), (_E.RETURN_BOTH, [True, True])],
)
def test_the_sides_that_are_returned_go_back_with_the_reason(
    desk: Desk, office: Office, event: ConflictEvent, returned: list[bool]
) -> None:
    _twice(desk)
    _decide(office, event, "另一单位已登记")
    (case,) = _cases(office)
    sides = [desk.application(own) for own in case.sides]
    assert [side.status is ApplicationStatus.RETURNED for side in sides] == returned
    assert all(side.reason == "另一单位已登记" for side in sides if side.status is ApplicationStatus.RETURNED)
    assert (case.status, case.decided_by) == (_S.RESOLVED, BANNER_REVIEWER.login)


def test_a_side_that_is_submitted_again_is_judged_again(desk: Desk, office: Office) -> None:
    first, second = _twice(desk)
    review.give_back(office.services, BANNER_REVIEWER, [second.id], reason="缺少公章")
    assert [case.status for case in _cases(office)] == [_S.LAPSED]
    review.resubmit(office.services, office.clerk, [second.id])
    assert [case.status for case in _cases(office)] == [_S.UNDECIDED]
    (own,) = desk.at_centre(first)
    with pytest.raises(errors.Conflict, match="重复登记"):
        review.approve(office.services, CENTRE_REVIEWER, [own])


def test_of_three_the_other_two_are_joined_when_the_first_goes(desk: Desk, office: Office) -> None:
    units = desk.schools()
    made = [desk.enter(1, unit=unit) for unit in units[:3]]
    assert len(_cases(office)) == 2
    review.give_back(office.services, BANNER_REVIEWER, [made[0].id], reason="缺少公章")
    (case,) = conflict_cases(office.services, BANNER_REVIEWER).rows
    assert set(case.sides) == {made[1].id, made[2].id}


def test_an_approved_side_cannot_be_returned_only_the_other(desk: Desk, office: Office) -> None:
    units = desk.schools()
    holder = desk.confirmed(desk.enter(1, unit=units[0]))
    desk.enter(1, unit=units[1])
    (case,) = _cases(office)
    old = next(own for own in case.sides if desk.application(own).status is ApplicationStatus.CONFIRMED)
    wrong = _E.RETURN_FIRST if case.first_id == old else _E.RETURN_SECOND
    with pytest.raises(errors.Conflict, match="用户变更申请单"):
        _decide(office, wrong)
    form = change.Form(ChangeKind.STOP, holder, "调离", "同意", True, office.scan, "form.pdf")
    stop = change.submit(office.services, office.clerk, form)
    change.decide(office.services, CENTRE_REVIEWER, stop.id, change.Decision(approve=True))
    change.execute(office.services, CENTRE_REVIEWER, stop.id)
    assert [case.status for case in _cases(office)] == [_S.LAPSED]


def test_a_decision_needs_a_reason_a_fresh_page_and_somebody_who_entered_neither(desk: Desk, office: Office) -> None:
    _twice(desk)
    (case,) = _cases(office)
    with pytest.raises(errors.Invalid):
        _decide(office, _E.KEEP_BOTH, " ")
    with pytest.raises(errors.Forbidden, match="录入人"):
        _decide(office, _E.KEEP_BOTH, who=actor(Role.REVIEWER, LEAGUE, office.clerk.login))
    stale = ConflictDecision(_E.KEEP_BOTH, "兼任", (desk.sha256(case.first_id), "0" * 64))
    with pytest.raises(errors.Conflict, match="过时"):
        decide_conflict(office.services, BANNER_REVIEWER, case.id, stale)
    fresh = ConflictDecision(_E.KEEP_BOTH, "兼任", (desk.sha256(case.first_id), desk.sha256(case.second_id)))
    decide_conflict(office.services, BANNER_REVIEWER, case.id, fresh)
    with pytest.raises(errors.IllegalTransition):
        decide_conflict(office.services, BANNER_REVIEWER, case.id, fresh)


def test_both_sides_are_shown_masked_unless_the_role_may_see_them_and_each_look_is_recorded(
    desk: Desk, office: Office
) -> None:
    _twice(desk)
    (case,) = _cases(office)
    for who, plain in ((LEAGUE_REVIEWER, True), (actor(Role.AUDITOR), False)):
        view = show_conflict(office.services, who, case.id)
        assert [side.application.contact.id_number == id_number(1) for side in view.sides] == [plain, plain]
    assert sorted(desk.audited("ra:application:unmasked")) == sorted((LEAGUE_REVIEWER.login, own) for own in case.sides)
    with pytest.raises(errors.Forbidden):
        show_conflict(office.services, actor(Role.REVIEWER, "150400"), case.id)
