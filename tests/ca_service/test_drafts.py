"""The import in two steps: nothing is registered by looking, everything chosen afterwards without another upload."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

import pytest
from openpyxl import load_workbook

from ca_service.domain import errors
from ca_service.domain.drafts import MOST_DRAFTS
from ca_service.domain.roles import Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.intake.columns import Column
from ca_service.wiring import Wiring
from ca_service.workflows import drafts
from ca_service.workflows.register import Upload, dry_run, import_batch
from ca_service.workflows.units import import_units
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import BANNER, LEAGUE, Office, actor
from tests.ca_service.sheets import SCHOOLS, person, sheet, upload
from tests.road.roster import make_scan_pdf

# What is no matter of the store is shown on one.
on_sqlite = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
BAD = person(1, NAME="<b>")


def _kept(office: Office) -> tuple[int, int, int]:
    """Applications, batches and drafts in the store."""
    with office.services.read() as uow:
        return uow.applications.count(), uow.batches.count(), uow.drafts.count()


def _tags(office: Office) -> list[str]:
    with office.services.read() as uow:
        return [entry.tag for entry in uow.audit.entries()]


def test_a_dry_run_registers_nothing_and_says_what_would_be(office: Office, wiring: Wiring) -> None:
    view = drafts.examine(office.services, office.clerk, upload(office, person(0), BAD))
    assert (view.findings.rows, view.findings.fit, view.findings.bad_rows) == (2, 1, 1)
    assert _kept(office) == (0, 0, 1)
    assert not wiring.config.path(wiring.config.service.documents).exists()
    again = drafts.view_draft(office.services, office.clerk, view.draft.id)
    assert (again.draft, again.findings.bad, again.findings.fit) == (view.draft, view.findings.bad, 1)
    assert _tags(office)[-1] == "ra:batch:examined"


def test_the_good_rows_are_taken_without_another_upload_and_the_draft_is_gone(office: Office) -> None:
    view = drafts.examine(office.services, office.clerk, upload(office, person(0), BAD))
    report = drafts.take(office.services, office.clerk, view.draft.id, all_or_nothing=False, chosen={})
    assert [taken.row for taken in report.taken] == [2]
    assert _kept(office) == (1, 1, 0)
    with office.services.read() as uow:
        (batch,) = uow.batches.find()
    assert (batch.sheet_name, batch.uploaded_by) == ("登记表.xlsx", office.clerk.login)
    with pytest.raises(errors.NotFound):
        drafts.take(office.services, office.clerk, view.draft.id, all_or_nothing=False, chosen={})


@on_sqlite
def test_all_or_nothing_takes_nothing_and_keeps_the_draft(office: Office) -> None:
    view = drafts.examine(office.services, office.clerk, upload(office, person(0), BAD))
    with pytest.raises(errors.Invalid, match="第 3 行 B 列（姓名）"):
        drafts.take(office.services, office.clerk, view.draft.id, all_or_nothing=True, chosen={})
    assert _kept(office) == (0, 0, 1)


@on_sqlite
def test_a_sheet_without_a_good_row_makes_no_batch(office: Office) -> None:
    view = drafts.examine(office.services, office.clerk, upload(office, BAD))
    with pytest.raises(errors.Invalid, match="没有可以录入的行"):
        drafts.take(office.services, office.clerk, view.draft.id, all_or_nothing=False, chosen={})
    assert import_batch(office.services, office.clerk, upload(office, BAD)).batch_id == ""
    assert _kept(office) == (0, 0, 1)


@on_sqlite
def test_what_is_true_when_it_is_taken_counts_not_what_was_shown(office: Office) -> None:
    view = drafts.examine(office.services, office.clerk, upload(office, person(0)))
    other = person(0, NAME="另一人", ID_NUMBER=person(7)[Column.ID_NUMBER])
    import_batch(office.services, office.clerk, upload(office, other))
    with pytest.raises(errors.Invalid, match="只能有一名信息管理员"):
        drafts.take(office.services, office.clerk, view.draft.id, all_or_nothing=True, chosen={})


def _twins(office: Office) -> list[str]:
    """Two schools of one name below the league; their codes."""
    assert office.school
    made = [
        f"{2115990000 + n},光明小学,school,{SCHOOLS[n].parent_code},{SCHOOLS[n].area_code},211"
        for n in range(2)
        if SCHOOLS[n].kind.value == "school"
    ]
    text = "code,name,kind,parent,area_code,school_type\n" + "\n".join(made)
    import_units(office.services, office.operator, text.encode(), filename="u.csv")
    return [line.split(",")[0] for line in made]


def test_a_unit_is_picked_on_the_page_and_the_row_then_taken(office: Office) -> None:
    codes = _twins(office)
    row = person(0, UNIT="光明小学", SCHOOL_TYPE="211")
    view = drafts.examine(office.services, office.clerk, upload(office, row))
    (error,) = view.findings.bad
    assert [choice.code for choice in error.choices] == codes
    view = drafts.choose(office.services, office.clerk, view.draft.id, {2: codes[1]})
    assert (view.findings.fit, view.chosen) == (1, {2: codes[1]})
    assert "已按您的选择录入" in view.findings.warnings[0].why
    report = drafts.take(office.services, office.clerk, view.draft.id, all_or_nothing=True, chosen={})
    assert report.taken[0].unit_code == codes[1]


@on_sqlite
def test_a_pick_may_be_taken_back_and_one_outside_is_refused(office: Office) -> None:
    codes = _twins(office)
    view = drafts.examine(office.services, office.clerk, upload(office, person(0, UNIT="光明小学")))
    for picked, why in ((CENTRE_CODE, "所选单位"), (codes[0], ""), ("", "有 2 个单位")):
        found = drafts.choose(office.services, office.clerk, view.draft.id, {2: picked}).findings
        assert [why in error.why for error in found.bad] == ([True] if why else [])


@on_sqlite
def test_a_draft_is_its_uploaders_alone(office: Office) -> None:
    view = drafts.examine(office.services, office.clerk, upload(office, person(0)))
    for who, refusal in (
        (actor(Role.CLERK, LEAGUE, login="another"), errors.NotFound),
        (actor(Role.REVIEWER, LEAGUE, login=office.clerk.login), errors.Forbidden),
        (actor(Role.CLERK, "150400", login=office.clerk.login), errors.Forbidden),
    ):
        for act in (drafts.view_draft, drafts.marked_draft, drafts.drop):
            with pytest.raises(refusal):
                act(office.services, who, view.draft.id)
    assert drafts.own_drafts(office.services, actor(Role.CLERK, LEAGUE, login="another")) == []
    with pytest.raises(errors.Forbidden):
        drafts.own_drafts(office.services, actor(Role.REVIEWER, LEAGUE, login=office.clerk.login))


def test_drafts_are_dropped_by_hand_by_number_and_by_age(office: Office, clock: TestClock) -> None:
    made = []
    for number in range(MOST_DRAFTS + 1):
        clock.pass_time(seconds=1)
        made.append(drafts.examine(office.services, office.clerk, upload(office, person(number))).draft.id)
    assert [draft.id for draft in drafts.own_drafts(office.services, office.clerk)] == made[:0:-1]
    drafts.drop(office.services, office.clerk, made[-1])
    assert _kept(office)[2] == MOST_DRAFTS - 1
    assert drafts.drop_old(office.services) == 0
    clock.pass_time(days=8)
    assert drafts.drop_old(office.services) == MOST_DRAFTS - 1
    assert _kept(office)[2] == 0


@on_sqlite
def test_the_sheet_is_given_back_marked_mended_and_taken_without_doubles(office: Office) -> None:
    first = upload(office, person(0), BAD)
    view = drafts.examine(office.services, office.clerk, first)
    book = load_workbook(BytesIO(drafts.marked_draft(office.services, office.clerk, view.draft.id)))
    assert book.worksheets[0]["B3"].comment
    assert _tags(office)[-1] == "ra:batch:sheet-exported"
    drafts.take(office.services, office.clerk, view.draft.id, all_or_nothing=False, chosen={})
    book.worksheets[0]["B3"].value = "李四"
    mended = BytesIO()
    book.save(mended)
    report = import_batch(office.services, office.clerk, replace(first, sheet=mended.getvalue()))
    assert ([taken.row for taken in report.taken], report.already_there) == ([3], [2])


def test_a_person_who_stands_elsewhere_is_taken_and_told(office: Office) -> None:
    import_batch(office.services, office.clerk, upload(office, person(0)))
    twice = person(1, ID_NUMBER=person(0)[Column.ID_NUMBER])
    findings = dry_run(office.services, office.clerk, upload(office, twice))
    (shared,) = findings.shared
    assert (findings.fit, shared.row, shared.letter) == (1, 2, "C")
    with office.services.read() as uow:
        (there,) = uow.applications.find()
    assert f"{SCHOOLS[0].name}的申请 {there.id}" in shared.why
    assert person(0)[Column.ID_NUMBER] not in f"{shared}"


@on_sqlite
def test_what_lies_outside_the_scope_is_not_named(office: Office) -> None:
    elsewhere = next(n for n, unit in enumerate(SCHOOLS) if unit.parent_code not in (BANNER, LEAGUE))
    inside = next(n for n, unit in enumerate(SCHOOLS) if unit.parent_code == BANNER)
    import_batch(office.services, office.clerk, upload(office, person(elsewhere)))
    twice = person(inside, ID_NUMBER=person(elsewhere)[Column.ID_NUMBER])
    clerk = actor(Role.CLERK, BANNER)
    (shared,) = dry_run(office.services, clerk, upload(office, twice, unit=BANNER)).shared
    assert "管理范围外的单位的申请" in shared.why
    assert SCHOOLS[elsewhere].name not in shared.why


@on_sqlite
def test_a_form_for_a_unit_that_is_not_ones_own_is_refused_and_recorded(office: Office) -> None:
    theirs = upload(office, person(0))
    for who in (actor(Role.CLERK, "150400"), actor(Role.REVIEWER, LEAGUE)):
        with pytest.raises(errors.Forbidden):
            drafts.examine(office.services, who, theirs)
        assert _tags(office)[-1] == "ra:batch:refused"
    with pytest.raises(errors.NotFound):
        drafts.examine(office.services, office.clerk, replace(theirs, unit_code="9999999999"))


def test_of_two_uploads_at_once_for_one_place_one_is_taken(office: Office) -> None:
    sheets = [upload(office, person(0, ID_NUMBER=person(n)[Column.ID_NUMBER])) for n in range(10, 14)]

    def take(one: Upload) -> int:
        return len(import_batch(office.services, office.clerk, one).taken)

    with ThreadPoolExecutor(4) as crowd:
        assert sorted(crowd.map(take, sheets)) == [0, 0, 0, 1]


@on_sqlite
def test_the_report_of_a_batch_is_kept_short_and_says_how_much_there_was(office: Office) -> None:
    people = [person(n % 50, NAME="<b>", MOBILE="1", EMAIL="x", ADDRESS="路") for n in range(600)]
    view = drafts.examine(office.services, office.clerk, upload(office, *people, person(0)))
    again = drafts.view_draft(office.services, office.clerk, view.draft.id).findings
    assert len(view.findings.bad) > 2_400
    assert (len(again.bad), again.count("bad")) == (2_000, len(view.findings.bad))


@on_sqlite
def test_the_scan_must_be_one(office: Office) -> None:
    for broken in (b"", sheet(person(0)), make_scan_pdf()[:200]):
        with pytest.raises(errors.Invalid):
            drafts.examine(office.services, office.clerk, replace(upload(office, person(0)), scan=broken))
    assert _kept(office) == (0, 0, 0)
