"""Registration: the sheet, the review up the tree, the push."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from ca_service.domain import errors
from ca_service.domain.applications import Application, ApplicationStatus
from ca_service.domain.changes import ChangeKind
from ca_service.domain.roles import Role
from ca_service.wiring import Wiring
from ca_service.workflows import change, push, review
from ca_service.workflows.register import ImportReport, Upload, import_batch
from ca_service.workflows.shown import shown
from tests.ca_service.office import BANNER, LEAGUE, Office, actor
from tests.road.roster import GeneratedRoster, make_roster, make_units

CENTRE_REVIEWER, LEAGUE_REVIEWER = actor(Role.REVIEWER), actor(Role.REVIEWER, LEAGUE)
BANNER_REVIEWER = actor(Role.REVIEWER, BANNER)


def _roster(*, damaged: float = 0.05) -> GeneratedRoster:
    return make_roster(make_units(schools=60, league_code=LEAGUE).units, rows=40, damaged_share=damaged)


def _import(office: Office, sheet: bytes, **changes: object) -> ImportReport:
    assert office.school
    upload = Upload(LEAGUE, sheet, "roster.xlsx", office.scan, "form.pdf", **changes)  # type: ignore[arg-type]
    return import_batch(office.services, office.clerk, upload)


def _below_banner(office: Office, report: ImportReport) -> list[str]:
    return [application.id for application in report.taken if application.at_unit == BANNER]


def _one_at_the_centre(office: Office) -> str:
    report = _import(office, _roster().xlsx)
    chosen = _below_banner(office, report)[:1]
    review.forward(office.services, BANNER_REVIEWER, chosen)
    review.forward(office.services, LEAGUE_REVIEWER, chosen)
    return chosen[0]


def _application(office: Office, own: str) -> Application:
    with office.services.read() as uow:
        return uow.applications.get(own)


def test_good_rows_are_taken_bad_ones_named_and_a_repeat_doubles_nothing(office: Office) -> None:
    roster = _roster()
    report = _import(office, roster.xlsx)
    assert len(report.taken) == len(roster.good)
    assert {(e.row, e.heading) for e in report.bad} == {(row, column.value) for row, column in roster.errors}
    again = _import(office, roster.xlsx)
    assert (again.batch_id, len(again.taken), len(again.already_there)) == (report.batch_id, 0, len(roster.good))
    assert office.services.documents.get(_documents(office)[0]) == roster.xlsx


def _documents(office: Office) -> tuple[str, str]:
    with office.services.read() as uow:
        (batch,) = uow.batches.find()
    return batch.sheet_sha256, batch.scan_sha256


def test_the_person_who_uploads_may_refuse_the_sheet_as_a_whole(office: Office) -> None:
    with pytest.raises(errors.Invalid):
        _import(office, _roster().xlsx, all_or_nothing=True)
    with office.services.read() as uow:
        assert not uow.applications.find()
        assert not uow.batches.find()


def test_a_second_administrator_for_a_unit_is_refused_with_the_reason(office: Office) -> None:
    _import(office, _roster().xlsx)
    other = make_roster(make_units(schools=60, league_code=LEAGUE).units, rows=40, seed=7)
    report = _import(office, other.xlsx)
    assert any("只能有一名信息管理员" in error.why for error in report.bad)
    with office.services.read() as uow:
        units = [a.unit_code for a in uow.applications.find()]
    assert len(units) == len(set(units))


def test_rows_of_units_outside_the_named_one_are_refused(office: Office) -> None:
    assert office.school
    upload = Upload(BANNER, _roster().xlsx, "r.xlsx", office.scan, "f.pdf")
    report = import_batch(office.services, actor(Role.CLERK, BANNER), upload)
    assert report.bad
    with office.services.read() as uow:
        assert all(BANNER in uow.units.lineage(a.unit_code) for a in report.taken)


def test_a_clerk_of_another_league_is_refused(office: Office) -> None:
    assert office.school
    upload = Upload(LEAGUE, _roster().xlsx, "r.xlsx", office.scan, "f.pdf")
    with pytest.raises(errors.Forbidden):
        import_batch(office.services, actor(Role.CLERK, "150400"), upload)


def test_the_path_leads_up_the_tree_to_the_centre(office: Office) -> None:
    own = _one_at_the_centre(office)
    assert _application(office, own).at_unit == "150000"
    review.approve(office.services, CENTRE_REVIEWER, [own])
    with office.services.read() as uow:
        approved = uow.applications.get(own)
        assert approved.approved_sha256 == shown(uow, [approved])[own].sha256()
    assert approved.status is ApplicationStatus.APPROVED


def test_what_lies_elsewhere_is_nobody_elses_to_review(office: Office) -> None:
    own = _below_banner(office, _import(office, _roster().xlsx))[0]
    for who in (LEAGUE_REVIEWER, CENTRE_REVIEWER, actor(Role.REVIEWER, "150400")):
        with pytest.raises(errors.Forbidden):
            review.forward(office.services, who, [own])
    with pytest.raises(errors.Conflict):
        review.approve(office.services, BANNER_REVIEWER, [own])


def test_nobody_reviews_their_own_entry(office: Office) -> None:
    own = _below_banner(office, _import(office, _roster().xlsx))[0]
    entered = actor(Role.REVIEWER, BANNER, login=office.clerk.login)
    with pytest.raises(errors.Forbidden):
        review.forward(office.services, entered, [own])


def test_a_returned_application_says_why_and_can_be_submitted_again(office: Office) -> None:
    own = _below_banner(office, _import(office, _roster().xlsx))[0]
    with pytest.raises(errors.Invalid):
        review.give_back(office.services, BANNER_REVIEWER, [own], reason=" ")
    review.give_back(office.services, BANNER_REVIEWER, [own], reason="缺少公章")
    assert _application(office, own).reason == "缺少公章"
    back = actor(Role.REVIEWER, _application(office, own).at_unit)
    with pytest.raises(errors.IllegalTransition):
        review.give_back(office.services, back, [own], reason="again")
    review.resubmit(office.services, office.clerk, [own])
    assert _application(office, own).at_unit == BANNER


def test_the_same_sheet_again_takes_no_returned_row_twice(office: Office) -> None:
    sheet = _roster().xlsx
    report = _import(office, sheet)
    own = _below_banner(office, report)[0]
    review.give_back(office.services, BANNER_REVIEWER, [own], reason="缺少公章")
    again = _import(office, sheet)
    assert (again.taken, len(again.already_there)) == ([], len(report.taken))


def test_of_two_reviewers_at_once_one_succeeds(office: Office) -> None:
    own = _one_at_the_centre(office)

    def decide(number: int) -> bool:
        try:
            review.approve(office.services, actor(Role.REVIEWER, login=f"reviewer-{number}"), [own])
        except errors.Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as crowd:
        assert sorted(crowd.map(decide, range(4))) == [False, False, False, True]


def test_a_repeated_push_changes_nothing_and_other_content_is_refused(office: Office) -> None:
    first = office.push([office.person()])[0]
    again = office.push([office.person()])[0]
    assert (first.outcome, again.outcome) == (push.Outcome.REGISTERED, push.Outcome.UNCHANGED)
    assert first.holder_id == again.holder_id
    other = office.push([office.person(name="另一人")])[0]
    assert other.outcome is push.Outcome.REFUSED


def test_a_push_for_an_unknown_unit_is_refused_alone(office: Office) -> None:
    persons = [office.person("A1"), office.person("A2", unit_code="9999999999")]
    outcomes = [answer.outcome for answer in office.push(persons)]
    assert outcomes == [push.Outcome.REGISTERED, push.Outcome.REFUSED]


def test_what_was_changed_behind_the_approval_is_not_pushed(office: Office, wiring: Wiring) -> None:
    own = _one_at_the_centre(office)
    review.approve(office.services, CENTRE_REVIEWER, [own])
    with wiring.database.engine.begin() as connection:
        connection.execute(text("UPDATE application SET name = '别人' WHERE id = :id"), {"id": own})
    assert push.due(office.services, limit=10) == []
    again = _application(office, own)
    assert (again.status, again.at_unit) == (ApplicationStatus.SUBMITTED, "150000")
    assert "不一致" in again.reason


def _confirmed(office: Office, own: str) -> str:
    """Approve and push one application; return the holder's id."""
    review.approve(office.services, CENTRE_REVIEWER, [own])
    answers = office.push(push.due(office.services, limit=10))
    push.record_confirmations(office.services, office.directory, answers)
    return answers[0].holder_id


def _execute(office: Office, holder: str, kind: ChangeKind) -> None:
    form = change.Form(kind, holder, "调离", "同意", kind is ChangeKind.STOP, office.scan, "form.pdf")
    case = change.submit(office.services, office.clerk, form)
    change.decide(office.services, CENTRE_REVIEWER, case.id, change.Decision(approve=True))
    change.execute(office.services, CENTRE_REVIEWER, case.id)


def test_a_successor_may_apply_once_the_first_is_stopped_and_then_the_first_cannot_come_back(office: Office) -> None:
    units = make_units(schools=60, league_code=LEAGUE).units
    second, third = (make_roster(units, rows=40, seed=seed) for seed in (7, 8))
    readable = {row.unit_code for row in second.good} & {row.unit_code for row in third.good}
    report = _import(office, _roster().xlsx)
    own = next(a for a in report.taken if a.at_unit == BANNER and a.unit_code in readable)
    for reviewer in (BANNER_REVIEWER, LEAGUE_REVIEWER):
        review.forward(office.services, reviewer, [own.id])
    holder = _confirmed(office, own.id)
    assert own.unit_code not in {a.unit_code for a in _import(office, second.xlsx).taken}
    _execute(office, holder, ChangeKind.STOP)
    assert own.unit_code in {a.unit_code for a in _import(office, third.xlsx).taken}
    with pytest.raises(errors.Conflict):
        _execute(office, holder, ChangeKind.RESTORE)
