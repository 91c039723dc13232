"""Review up the tree: who may, what is kept of it, batches with exceptions, stale pages, two at once."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from ca_service.domain import errors
from ca_service.domain.applications import ApplicationEvent, ApplicationStatus
from ca_service.domain.roles import Actor, Role
from ca_service.domain.staff import Staff
from ca_service.wiring import Wiring
from ca_service.workflows import review
from ca_service.workflows.listing import Window
from ca_service.workflows.review import Verdict
from ca_service.workflows.review_queue import Wanted, waiting
from tests.ca_service.desk import BANNER_REVIEWER, CENTRE, CENTRE_REVIEWER, LEAGUE_REVIEWER, Desk
from tests.ca_service.office import BANNER, LEAGUE, Office, actor

FORWARD, RETURN, APPROVE = ApplicationEvent.FORWARD, ApplicationEvent.RETURN, ApplicationEvent.APPROVE
FOREIGN = actor(Role.REVIEWER, "150400")

# Where two act at once, the store matters: test_two_at_once.py runs on both.
pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


def test_each_step_is_kept_with_what_was_shown_and_the_approval_is_bound_to_it(desk: Desk, office: Office) -> None:
    own = desk.enter().id
    seen = desk.sha256(own)
    desk.confirmed(desk.application(own))
    with office.services.read() as uow:
        steps = uow.steps.find(subject=own)
        (holder,) = uow.holders.find()
    ways = [(s.event, s.from_unit, s.to_unit, s.by) for s in steps]
    assert ways == [
        ("forward", BANNER, LEAGUE, BANNER_REVIEWER.login),
        ("forward", LEAGUE, CENTRE, LEAGUE_REVIEWER.login),
        ("approve", CENTRE, CENTRE, CENTRE_REVIEWER.login),
    ]
    assert {step.shown_sha256 for step in steps} == {seen}
    approved = desk.application(own)
    assert approved.approved_sha256 == holder.approved_sha256 == seen
    assert holder.approved_in == own


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE application SET name = '别人'",
        "UPDATE application SET address = '别处'",
        "UPDATE batch SET scan_sha256 = sheet_sha256",
        "UPDATE unit SET name = '改名小学' WHERE code IN (SELECT unit_code FROM application)",
        "UPDATE unit SET name = '改名的局' WHERE code = '150302'",
    ],
)
def test_a_page_that_showed_something_else_is_told_and_nothing_is_overwritten(
    desk: Desk, office: Office, wiring: Wiring, change: str
) -> None:
    own = desk.enter().id
    seen = desk.sha256(own)
    with wiring.database.engine.begin() as connection:
        connection.execute(text(change))
    with pytest.raises(errors.Conflict, match="已经过时"):
        review.decide(office.services, BANNER_REVIEWER, [Verdict(own, FORWARD, seen_sha256=seen)])
    assert desk.application(own).at_unit == BANNER
    review.decide(office.services, BANNER_REVIEWER, [Verdict(own, FORWARD, seen_sha256=desk.sha256(own))])


def test_a_batch_goes_on_with_exceptions_each_with_its_reason(desk: Desk, office: Office) -> None:
    made = [desk.enter(person, unit=unit) for person, unit in enumerate(desk.schools()[:4])]
    verdicts = [Verdict(a.id, FORWARD) for a in made]
    verdicts[1] = Verdict(made[1].id, RETURN, "缺少公章")
    verdicts[3] = Verdict(made[3].id, RETURN, "照片不清")
    done = review.decide(office.services, BANNER_REVIEWER, verdicts)
    assert [(a.id, a.status.value, a.at_unit, a.reason) for a in done] == [
        (made[0].id, "submitted", LEAGUE, ""),
        (made[1].id, "returned", made[1].unit_code, "缺少公章"),
        (made[2].id, "submitted", LEAGUE, ""),
        (made[3].id, "returned", made[3].unit_code, "照片不清"),
    ]


def test_one_objection_keeps_the_whole_batch_where_it_is_and_names_the_application(desk: Desk, office: Office) -> None:
    made = [desk.enter(person, unit=unit) for person, unit in enumerate(desk.schools()[:3])]
    review.give_back(office.services, BANNER_REVIEWER, [made[1].id], reason="缺少公章")
    verdicts = [Verdict(a.id, FORWARD) for a in made]
    with pytest.raises(errors.Conflict):
        review.decide(office.services, BANNER_REVIEWER, verdicts)
    verdicts[2] = replace(verdicts[2], event=RETURN)
    with pytest.raises(errors.Conflict, match=f"2 份不能办理.*{made[1].id}.*{made[2].id}.*必须填写原因"):
        review.decide(office.services, BANNER_REVIEWER, verdicts)
    assert [desk.application(a.id).at_unit for a in made] == [BANNER, made[1].unit_code, BANNER]
    with office.services.read() as uow:
        assert len(uow.steps.find()) == 1


@pytest.mark.parametrize("who", [FOREIGN, actor(Role.CLERK, BANNER), actor(Role.AUDITOR)])
def test_a_refused_act_changes_nothing_but_stands_in_the_audit_log(desk: Desk, office: Office, who: Actor) -> None:
    own = desk.enter().id
    with pytest.raises(errors.Forbidden):
        review.give_back(office.services, who, [own], reason="x")
    assert desk.application(own).status is ApplicationStatus.SUBMITTED
    assert desk.audited("ra:review:refused") == [(who.login, own)]


def test_who_entered_or_submitted_again_does_not_review(desk: Desk, office: Office) -> None:
    clerk, second = (actor(Role.REVIEWER, BANNER, login) for login in ("first-hand", "second-hand"))
    own = desk.enter(clerk=clerk).id
    review.give_back(office.services, BANNER_REVIEWER, [own], reason="缺少公章")
    review.resubmit(office.services, replace(second, roles=frozenset({Role.CLERK})), [own])
    for who in (clerk, second):
        with pytest.raises(errors.Forbidden, match="录入人不能审核"):
            review.forward(office.services, who, [own])
    assert [who for who, _ in desk.audited("ra:review:refused")] == [clerk.login, second.login]
    review.forward(office.services, BANNER_REVIEWER, [own])


def test_a_bureaus_own_administrator_is_reviewed_by_the_unit_above(desk: Desk, office: Office) -> None:
    assert office.school
    own = desk.enter(unit=BANNER).id
    assert desk.application(own).at_unit == LEAGUE
    with pytest.raises(errors.Forbidden):
        review.forward(office.services, BANNER_REVIEWER, [own])
    review.forward(office.services, LEAGUE_REVIEWER, [own])


def test_the_centres_own_people_are_reviewed_there_by_somebody_of_another_name(desk: Desk, office: Office) -> None:
    assert office.school
    own = desk.enter(unit=CENTRE, name="张示范", user_type="信息查询员").id
    for login, name in (("zhang", "张示范"), ("li", "李示范")):
        staff = Staff(login, name, CENTRE, frozenset({Role.REVIEWER}), "-", False, True, office.services.clock())
        with office.services.begin() as uow:
            uow.staff.add(staff)
    with pytest.raises(errors.Forbidden, match="本人"):
        review.approve(office.services, actor(Role.REVIEWER, login="zhang"), [own])
    review.approve(office.services, actor(Role.REVIEWER, login="li"), [own])


def test_after_the_tree_was_changed_the_nearest_reviewer_takes_over(desk: Desk, office: Office) -> None:
    own = desk.enter().id
    with office.services.begin() as uow:
        uow.applications.change(uow.applications.get(own), at_unit="150402")
    review.forward(office.services, BANNER_REVIEWER, [own])
    assert desk.application(own).at_unit == LEAGUE


def test_a_second_resubmission_for_a_units_only_place_is_refused(desk: Desk, office: Office) -> None:
    first = desk.enter(1)
    review.give_back(office.services, BANNER_REVIEWER, [first.id], reason="缺少公章")
    desk.enter(2)
    with pytest.raises(errors.Conflict, match="已有一名"):
        review.resubmit(office.services, office.clerk, [first.id])


def test_the_queue_holds_what_waits_for_the_own_unit_narrowed_as_asked(desk: Desk, office: Office) -> None:
    units = desk.schools()
    made = [desk.enter(person, unit=units[person], name=f"示范{'甲乙丙'[person]}") for person in range(3)]
    double = desk.enter(0, unit=units[3], name="示范甲")
    review.forward(office.services, BANNER_REVIEWER, [made[2].id])
    window = Window(10)

    def listed(**wanted: object) -> set[str]:
        found = waiting(office.services, BANNER_REVIEWER, Wanted(**wanted), window)  # type: ignore[arg-type]
        assert found.total == len(found.rows)
        return {row.shown.application.id for row in found.rows}

    assert listed() == {made[0].id, made[1].id, double.id}
    assert listed(batch_id=made[1].batch_id) == {made[1].id}
    assert listed(unit_code=units[0]) == {made[0].id}
    assert listed(name="示范甲") == {made[0].id, double.id}
    assert listed(in_conflict=True) == {made[0].id, double.id}
    with pytest.raises(errors.Forbidden):
        waiting(office.services, BANNER_REVIEWER, Wanted(unit_code="150400"), window)
    assert not waiting(office.services, LEAGUE_REVIEWER, Wanted(unit_code=units[0]), window).rows
