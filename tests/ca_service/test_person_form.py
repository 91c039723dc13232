"""The form page's workflows: the rules of the sheets, each error at its field; mending of what was returned."""

from dataclasses import replace

import pytest

from ca_service.domain import errors
from ca_service.domain.applications import Application, ApplicationStatus, Source
from ca_service.domain.persons import check_digit
from ca_service.domain.roles import Role
from ca_service.intake.columns import Column
from ca_service.intake.sheet import SheetLimits, read_roster
from ca_service.workflows import review
from ca_service.workflows.applications import scan_of
from ca_service.workflows.entry import enter
from ca_service.workflows.mend import mend, mendable, seen_as
from ca_service.workflows.person_form import FormRefused, PersonForm, keep_scan
from ca_service.workflows.register import import_batch
from tests.ca_service.office import BANNER, LEAGUE, Office, actor
from tests.ca_service.sheets import BUREAUS, SCHOOLS, person, upload
from tests.road.roster import make_scan_pdf

# What is no matter of the store is shown on one.
on_sqlite = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
REVIEWER = actor(Role.REVIEWER, BANNER)
HERE = next(number for number, unit in enumerate(SCHOOLS) if unit.parent_code == BANNER)


def form(office: Office, **deviation: str) -> PersonForm:
    """The form of a good person; deviations are named by Column."""
    assert office.school
    values = {**person(HERE), Column.USER_TYPE: "信息管理员", Column.CERTIFICATE: "是"}
    values |= {Column[name]: text for name, text in deviation.items()}
    return PersonForm(values, has_account=False, scan=office.scan, scan_name="form.pdf")


def refused(office: Office, given: PersonForm) -> dict[str, str]:
    """The fields that are refused."""
    with pytest.raises(FormRefused) as caught:
        enter(office.services, office.clerk, given)
    return dict(caught.value.fields)


def stored(office: Office, application_id: str) -> Application:
    """The application as it is."""
    with office.services.read() as uow:
        return uow.applications.get(application_id)


@on_sqlite
def test_a_person_is_entered_by_the_rules_of_the_sheets(office: Office) -> None:
    given = form(office, NAME=" 张　三", REMARKS="第一行\r\n第二行", ACCOUNT="zhangsan01")
    made = stored(office, enter(office.services, office.clerk, replace(given, has_account=True)))
    assert (made.name, made.status, made.at_unit) == ("张三", ApplicationStatus.SUBMITTED, BANNER)
    assert (made.wants_certificate, made.existing_account, made.remarks) == (True, "zhangsan01", "第一行\n第二行")
    with office.services.read() as uow:
        (batch,) = uow.batches.find()
    assert (batch.source, batch.unit_code) == (Source.FORM, made.unit_code)
    roster = read_roster(office.services.documents.get(batch.sheet_sha256), filename="a", limits=SheetLimits())
    assert roster.rows[0].cell(Column.ACCOUNT).text == "zhangsan01"
    assert office.services.documents.get(batch.scan_sha256) == office.scan


@on_sqlite
def test_every_missing_field_is_told_at_once(office: Office) -> None:
    assert office.school
    fields = refused(office, PersonForm({}))
    mandatory = {column.name for column in Column} - {"SCHOOL_TYPE", "REMARKS"}
    assert set(fields) == mandatory | {"SCAN"}
    assert all(text.endswith("。") for text in fields.values())


@on_sqlite
@pytest.mark.parametrize(
    ("deviation", "field", "why"),
    [
        ({"SCHOOL_TYPE": ""}, "SCHOOL_TYPE", "学校必须填写办学类型"),
        ({"CERTIFICATE": "否"}, "CERTIFICATE", "信息管理员必须申请证书"),
        ({"MOBILE": "12345678901"}, "MOBILE", "不是有效的手机号码"),
        ({"ID_NUMBER": "150102800102001"}, "ID_NUMBER", "15 位"),
        ({"UNIT": "没有的学校"}, "UNIT", "没有这个单位"),
        ({"UNIT": "内蒙古自治区教育信息中心"}, "UNIT", "管理范围"),
    ],
)
def test_a_bad_field_is_told_at_its_place(office: Office, deviation: dict[str, str], field: str, why: str) -> None:
    fields = refused(office, form(office, **deviation))
    assert list(fields) == [field]
    assert why in fields[field]


@on_sqlite
def test_who_has_an_account_must_name_it_and_a_bureau_needs_no_school_type(office: Office) -> None:
    bureau = form(office, UNIT=BUREAUS[0].code, SCHOOL_TYPE="")
    assert list(refused(office, replace(bureau, has_account=True))) == ["ACCOUNT"]
    made = stored(office, enter(office.services, office.clerk, bureau))
    assert (made.unit_code, made.school_type, made.at_unit) == (BUREAUS[0].code, "", LEAGUE)


@on_sqlite
def test_a_number_that_ends_in_000_is_taken_once_it_was_compared_with_the_card(office: Office) -> None:
    bodies = (f"150302198003{day:02d}000" for day in range(1, 29))
    given = form(office, ID_NUMBER=next(body + "0" for body in bodies if check_digit(body) == "0"))
    assert "000" in refused(office, given)["ID_NUMBER"]
    assert stored(office, enter(office.services, office.clerk, replace(given, compared_with_card=True)))


def test_the_button_pressed_twice_makes_one_application(office: Office) -> None:
    given = form(office)
    assert enter(office.services, office.clerk, given) == enter(office.services, office.clerk, given)
    other = actor(Role.CLERK, LEAGUE, login="another")
    with pytest.raises(FormRefused, match="不能重复录入"):
        enter(office.services, other, given)


@on_sqlite
def test_a_second_administrator_is_refused_at_the_unit(office: Office) -> None:
    enter(office.services, office.clerk, form(office))
    second = form(office, ID_NUMBER=person(30)[Column.ID_NUMBER])
    assert "只能有一名信息管理员" in refused(office, second)["UNIT"]


@on_sqlite
def test_a_scan_from_a_first_try_is_kept_for_the_next(office: Office) -> None:
    kept, name = keep_scan(office.services, office.clerk, form(office))
    assert name == "form.pdf"
    again = replace(form(office), scan=b"", scan_name="", kept=kept)
    other = actor(Role.CLERK, LEAGUE, login="another")
    with pytest.raises(FormRefused, match="请选择盖章申请单"):
        enter(office.services, other, again)
    assert enter(office.services, office.clerk, again)
    with office.services.read() as uow:
        assert uow.drafts.count() == 0
    assert keep_scan(office.services, office.clerk, replace(form(office), scan=b"MZ")) == ("", "")


@on_sqlite
def test_who_is_no_clerk_enters_nobody(office: Office) -> None:
    with pytest.raises(errors.Forbidden):
        enter(office.services, actor(Role.REVIEWER, LEAGUE), form(office))


def _returned(office: Office) -> Application:
    report = import_batch(office.services, office.clerk, upload(office, person(HERE)))
    review.give_back(office.services, REVIEWER, [report.taken[0].id], reason="手机号码与申请单不一致")
    return mendable(office.services, office.clerk, report.taken[0].id)


def test_a_returned_application_is_mended_and_goes_up_again(office: Office) -> None:
    found = _returned(office)
    given = replace(form(office, MOBILE="19900009999", NAME="李四"), scan=make_scan_pdf(pages=2))
    mended = mend(office.services, office.clerk, found.id, given, seen=seen_as(found))
    assert (mended.status, mended.at_unit, mended.reason) == (ApplicationStatus.SUBMITTED, BANNER, "")
    assert stored(office, found.id) == mended
    assert (mended.name, mended.contact.mobile) == ("李四", "19900009999")
    assert scan_of(office.services, REVIEWER, found.id) == given.scan
    with office.services.read() as uow:
        entries = [entry for entry in uow.audit.entries() if entry.tag == "ra:application:mended"]
    assert entries[0].detail == '{"fields":"name,scan_sha256,mobile"}'


@on_sqlite
def test_what_was_mended_is_reviewed_by_neither_of_the_two_who_entered_it(office: Office) -> None:
    found = _returned(office)
    mender = actor(Role.CLERK, BANNER, login="mender")
    mend(office.services, mender, found.id, form(office, NAME="李四"), seen=seen_as(found))
    for login in (office.clerk.login, "mender"):
        with pytest.raises(errors.Forbidden):
            review.forward(office.services, actor(Role.REVIEWER, BANNER, login=login), [found.id])
    review.forward(office.services, REVIEWER, [found.id])


@on_sqlite
def test_a_stale_page_overwrites_nothing(office: Office) -> None:
    found = _returned(office)
    mend(office.services, office.clerk, found.id, form(office, NAME="李四"), seen=seen_as(found))
    with pytest.raises(errors.Conflict, match="已经过时"):
        mend(office.services, office.clerk, found.id, form(office, NAME="王五"), seen=seen_as(found))
    assert stored(office, found.id).name == "李四"
    with pytest.raises(errors.Conflict):
        mendable(office.services, office.clerk, found.id)


@on_sqlite
def test_a_mended_application_keeps_the_rules_and_its_place(office: Office) -> None:
    found = _returned(office)
    with pytest.raises(FormRefused) as caught:
        mend(office.services, office.clerk, found.id, form(office, NAME="<b>"), seen=seen_as(found))
    assert list(caught.value.fields) == ["NAME"]
    successor = person(HERE, ID_NUMBER=person(30)[Column.ID_NUMBER], NAME="后来人")
    import_batch(office.services, office.clerk, upload(office, successor))
    with pytest.raises(FormRefused, match="只能有一名信息管理员"):
        mend(office.services, office.clerk, found.id, form(office), seen=seen_as(found))
    assert stored(office, found.id).status is ApplicationStatus.RETURNED


@on_sqlite
def test_nobody_else_mends_it(office: Office) -> None:
    found = _returned(office)
    for who in (actor(Role.CLERK, "150400"), actor(Role.REVIEWER, BANNER)):
        with pytest.raises(errors.Forbidden):
            mendable(office.services, who, found.id)
        with pytest.raises(errors.Forbidden):
            mend(office.services, who, found.id, form(office), seen=seen_as(found))
