"""Batches after they were taken: undo before a review, never after; their sheet with its marks."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from ca_service.domain import errors
from ca_service.domain.applications import ApplicationStatus, BatchStatus
from ca_service.domain.roles import Role
from ca_service.wiring import Wiring
from ca_service.workflows import batches, review
from ca_service.workflows.register import ImportReport, import_batch
from tests.ca_service.office import BANNER, LEAGUE, Office, actor
from tests.ca_service.sheets import person, upload

# What is no matter of the store is shown on one.
on_sqlite = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
REVIEWER = actor(Role.REVIEWER, BANNER)


def _taken(office: Office) -> ImportReport:
    return import_batch(office.services, office.clerk, upload(office, *(person(n) for n in range(12))))


def _at_the_banner(report: ImportReport) -> str:
    return next(taken.id for taken in report.taken if taken.at_unit == BANNER)


def _statuses(office: Office) -> dict[ApplicationStatus, int]:
    with office.services.read() as uow:
        return dict(uow.applications.tally("status"))


def test_an_undone_batch_frees_its_places_keeps_its_papers_and_may_come_again(office: Office) -> None:
    report = _taken(office)
    undone = batches.undo_batch(office.services, office.clerk, report.batch_id, reason="传错了文件")
    assert undone.status is BatchStatus.UNDONE
    assert _statuses(office) == {ApplicationStatus.WITHDRAWN: 12}
    assert office.services.documents.get(undone.sheet_sha256)
    assert office.services.documents.get(undone.scan_sha256)
    with office.services.read() as uow:
        last = list(uow.audit.entries())[-1]
    assert (last.tag, last.subject, "传错了文件" in last.detail) == ("ra:batch:undone", report.batch_id, True)
    again = _taken(office)
    assert (len(again.taken), again.batch_id == report.batch_id) == (12, False)


@on_sqlite
def test_a_batch_of_which_something_went_up_cannot_be_undone(office: Office) -> None:
    report = _taken(office)
    review.forward(office.services, REVIEWER, [_at_the_banner(report)])
    with pytest.raises(errors.Conflict, match="已有 1 份申请上报"):
        batches.undo_batch(office.services, office.clerk, report.batch_id, reason="x")
    assert _statuses(office) == {ApplicationStatus.SUBMITTED: 12}
    with office.services.read() as uow:
        assert uow.batches.get(report.batch_id).status is BatchStatus.TAKEN


@on_sqlite
def test_returned_applications_do_not_keep_a_batch_from_being_undone(office: Office) -> None:
    report = _taken(office)
    review.give_back(office.services, REVIEWER, [_at_the_banner(report)], reason="缺少公章")
    batches.undo_batch(office.services, office.clerk, report.batch_id, reason="x")
    assert _statuses(office) == {ApplicationStatus.WITHDRAWN: 12}


def test_a_reviewer_who_is_first_makes_the_undo_a_conflict(office: Office, wiring: Wiring) -> None:
    report = _taken(office)
    with office.services.read() as uow:
        seen = uow.applications.find(batch_id=report.batch_id)
    review.forward(office.services, REVIEWER, [_at_the_banner(report)])
    with pytest.raises(errors.Conflict, match="刚刚被他人处理"), wiring.database.begin() as uow:
        uow.applications.change_all(seen, guard=("at_unit",), status=ApplicationStatus.WITHDRAWN)
    assert _statuses(office) == {ApplicationStatus.SUBMITTED: 12}


@on_sqlite
def test_an_undo_needs_a_reason_the_right_clerk_and_happens_once(office: Office) -> None:
    batch = _taken(office).batch_id
    with pytest.raises(errors.Invalid):
        batches.undo_batch(office.services, office.clerk, batch, reason=" ")
    for who in (actor(Role.CLERK, BANNER), actor(Role.REVIEWER, LEAGUE), actor(Role.CLERK, "150400")):
        with pytest.raises(errors.Forbidden):
            batches.undo_batch(office.services, who, batch, reason="x")
    batches.undo_batch(office.services, office.clerk, batch, reason="x")
    with pytest.raises(errors.IllegalTransition):
        batches.undo_batch(office.services, office.clerk, batch, reason="x")


@on_sqlite
def test_withdrawn_applications_cannot_be_reviewed_or_submitted_again(office: Office) -> None:
    report = _taken(office)
    own = _at_the_banner(report)
    batches.undo_batch(office.services, office.clerk, report.batch_id, reason="x")
    with pytest.raises(errors.IllegalTransition):
        review.forward(office.services, REVIEWER, [own])
    with pytest.raises(errors.IllegalTransition):
        review.resubmit(office.services, office.clerk, [own])


@on_sqlite
def test_a_batch_shows_its_numbers_and_its_cells_to_those_who_enter(office: Office) -> None:
    report = import_batch(office.services, office.clerk, upload(office, person(0), person(1, NAME="<b>")))
    view = batches.view_batch(office.services, office.clerk, report.batch_id)
    assert view.statuses == {ApplicationStatus.SUBMITTED: 1}
    assert view.findings is not None
    assert view.findings.bad == list(report.bad)
    assert batches.view_batch(office.services, actor(Role.AUDITOR), report.batch_id).findings is None
    assert batches.list_batches(office.services, office.clerk).total == 1
    assert batches.list_batches(office.services, actor(Role.CLERK, BANNER)).total == 0
    with pytest.raises(errors.Forbidden):
        batches.view_batch(office.services, actor(Role.CLERK, BANNER), report.batch_id)


@on_sqlite
def test_the_sheet_of_a_batch_is_given_back_with_its_marks(office: Office) -> None:
    report = import_batch(office.services, office.clerk, upload(office, person(0), person(1, NAME="<b>")))
    sheet = load_workbook(BytesIO(batches.marked_batch(office.services, office.clerk, report.batch_id))).worksheets[0]
    assert sheet["B3"].comment
    assert sheet["B2"].fill.fgColor.rgb == "FFE2EFDA"
    with pytest.raises(errors.Forbidden):
        batches.marked_batch(office.services, actor(Role.AUDITOR), report.batch_id)


@on_sqlite
def test_the_same_sheet_again_says_that_the_first_scan_stays(office: Office) -> None:
    same = upload(office, person(0))
    import_batch(office.services, office.clerk, same)
    again = import_batch(office.services, office.clerk, same)
    assert any("沿用当时的扫描件" in note for note in again.findings.notes)
