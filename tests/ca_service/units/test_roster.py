"""The roster of responsible persons: who may enter, see, export; what was there before stays; the table out and in."""

from collections.abc import Mapping
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from ca_service.domain import errors
from ca_service.domain.responsible import Duty, Entry, ResponsiblePerson
from ca_service.domain.roles import Role
from ca_service.intake.responsible_sheet import TITLE, RosterColumn, write_table
from ca_service.wiring import Wiring
from ca_service.workflows import roster
from ca_service.workflows.roster_sheet import export_roster, import_roster
from ca_service.workflows.units import ImportMode
from tests.ca_service.office import BANNER, LEAGUE, Office, actor

TEXTS: Mapping[str, str] = {
    "name": "其木格", "office": "教务处", "post": "主任", "office_phone": "0473-3000001",
    "mobile": "19900000001", "email": "office@example.com",
}  # fmt: skip
BANNER_CLERK, LEAGUE_REVIEWER = actor(Role.CLERK, BANNER), actor(Role.REVIEWER, LEAGUE)
UNIVERSITY = "4115099901"


def _entry(duty: Duty = Duty.LEADER, **changes: str) -> Entry:
    return roster.read_entry(duty, {**TEXTS, **changes})


def _enter(office: Office, entry: Entry, *, instead_of: str = "", unit: str = "") -> ResponsiblePerson:
    return roster.enter(office.services, office.clerk, unit or office.school, entry, instead_of=instead_of)


def test_a_line_is_entered_by_the_clerk_above_masked_for_readers_and_sealed(office: Office, wiring: Wiring) -> None:
    person = roster.enter(office.services, BANNER_CLERK, office.school, _entry())
    shown = roster.unit_roster(office.services, actor(Role.AUDITOR), office.school)
    (line,) = shown.current
    assert (line.name, line.contact.mobile, line.contact.email) == ("其*", "199******01", "o*@example.com")
    assert roster.reveal(office.services, BANNER_CLERK, office.school).current == [person]
    with wiring.database.engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM responsible_person")).one()
    assert TEXTS["mobile"].encode() not in b"".join(str(value).encode() for value in row) + bytes(row.sealed)
    with office.services.read() as uow:
        looks = [entry.actor for entry in uow.audit.entries() if entry.tag == "ra:roster:unmasked"]
    assert looks == [BANNER_CLERK.login]


def test_a_change_keeps_what_was_there_and_of_two_one_succeeds(office: Office) -> None:
    first = _enter(office, _entry())
    second = _enter(office, _entry(mobile="19900000002"), instead_of=first.id)
    with pytest.raises(errors.Conflict, match="刚刚被他人更改"):
        _enter(office, _entry(mobile="19900000003"), instead_of=first.id)
    with pytest.raises(errors.Invalid, match="没有变化"):
        _enter(office, _entry(mobile="19900000002"), instead_of=second.id)
    with pytest.raises(errors.Invalid, match="最多填报 1 名"):
        _enter(office, _entry(name="乌云"))
    roster.remove(office.services, office.clerk, office.school, second.id)
    with pytest.raises(errors.Conflict):
        roster.remove(office.services, office.clerk, office.school, second.id)
    found = roster.reveal(office.services, office.clerk, office.school)
    assert (found.current, [person.id for person in found.former]) == ([], [second.id, first.id])
    assert found.former[1].contact.mobile == "19900000001"


def test_a_university_names_several_administrators(office: Office) -> None:
    assert office.school
    centre_clerk = actor(Role.CLERK)
    for name in ("其木格", "乌云"):
        roster.enter(office.services, centre_clerk, UNIVERSITY, _entry(Duty.ADMINISTRATOR, name=name))
    found = roster.unit_roster(office.services, centre_clerk, UNIVERSITY)
    assert [(person.duty, person.place) for person in found.current] == [
        (Duty.ADMINISTRATOR, 1),
        (Duty.ADMINISTRATOR, 2),
    ]


def test_nobody_reaches_a_foreign_unit_and_only_those_who_may(office: Office) -> None:
    assert office.school
    foreign = actor(Role.CLERK, "150100")
    for act in (
        lambda who: roster.enter(office.services, who, office.school, _entry()),
        lambda who: roster.unit_roster(office.services, who, office.school),
        lambda who: roster.reveal(office.services, who, office.school),
    ):
        with pytest.raises(errors.Forbidden):
            act(foreign)
    for role in (Role.AUDITOR, Role.CA_ADMIN, Role.SECURITY_ADMIN, Role.CUSTODIAN, Role.OPERATOR):
        with pytest.raises(errors.Forbidden):
            export_roster(office.services, actor(role), reason="核对")
        with pytest.raises(errors.Forbidden):
            roster.enter(office.services, actor(role), office.school, _entry())


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "姓名为空"),
        ("name", "<b>", "姓名含有控制字符或尖括号"),
        ("office", "\u202e处", "处（科）室含有控制字符或尖括号"),
        ("post", "长" * 61, "职务最多 60 个字"),
        ("office_phone", "3000001", "区号"),
        ("mobile", "12345678901", "手机号码"),
        ("email", "x", "电子邮箱"),
    ],
)
def test_a_wrong_field_is_named_with_its_mending(field: str, value: str, said: str) -> None:
    with pytest.raises(errors.Invalid, match=said):
        roster.read_entry(Duty.LEADER, {**TEXTS, field: value})


def _cells(content: bytes) -> list[list[object]]:
    sheet = load_workbook(BytesIO(content)).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_the_table_goes_out_for_a_reason_and_comes_back(office: Office) -> None:
    _enter(office, _entry())
    with pytest.raises(errors.Invalid, match="用途"):
        export_roster(office.services, LEAGUE_REVIEWER, reason=" ")
    content = export_roster(office.services, LEAGUE_REVIEWER, reason="年度核对", with_empty=True)
    title, header, *rows = _cells(content)
    assert (title[0], header) == (TITLE, [column.value for column in RosterColumn])
    (mine,) = [row for row in rows if row[4] is not None]
    assert mine[1:] == [office.school, mine[2], "分管领导", *TEXTS.values()]
    with office.services.read() as uow:
        below = uow.units.count(within=LEAGUE)
        (entry,) = [entry for entry in uow.audit.entries() if entry.tag == "ra:roster:exported"]
    assert len(rows) == 3 * below
    assert "年度核对" in entry.detail
    again = import_roster(office.services, office.clerk, content, filename="t.xlsx", mode=ImportMode.ALL_OR_NOTHING)
    assert (again.added, again.changed, again.unchanged, again.bad) == (0, 0, 1, [])


def _table(office: Office, *rows: tuple[str, ...]) -> bytes:
    with office.services.read() as uow:
        name = uow.units.get(office.school).name
    filled = ((code.replace("@", office.school), unit.replace("@", name), *rest) for code, unit, *rest in rows)
    return write_table(filled)


_GOOD = ("处(科)室负责人", "乌云", "信息中心", "科长", "0473-3000002", "19900000002", "wuyun@example.com")


def test_rows_are_taken_by_code_or_name_and_every_bad_cell_is_named(office: Office) -> None:
    assert office.school
    sheet = _table(
        office,
        ("@", "", *_GOOD),
        ("", "@", "分管领导", *_GOOD[1:]),
        ("@", "另一名称", "信息管理员", *_GOOD[1:]),
        ("150100", "", *_GOOD),
        ("@", "@", "校长", "=1+1", *_GOOD[2:5], "12345", "-"),
        ("@", "@", *_GOOD),
        ("@", "@", "分管领导", "", "", "", "", "", ""),
    )
    report = import_roster(office.services, office.clerk, sheet, filename="t.xlsx", mode=ImportMode.GOOD_ROWS)
    assert (report.added, report.changed, report.unchanged) == (2, 0, 0)
    assert [(cell.row, cell.letter, cell.heading) for cell in report.bad] == [
        (5, "B", "单位代码"),
        (6, "B", "单位代码"),
        (7, "D", "人员类别"),
        (7, "E", "姓名"),
        (7, "I", "手机号码"),
        (7, "J", "电子邮箱"),
        (8, "", "人员类别"),
    ]
    assert all(cell.why and cell.mend and "12345" not in cell.found for cell in report.bad)
    changed = _table(office, ("@", "@", *_GOOD[:2], "教务处", *_GOOD[3:]))
    before = import_roster(office.services, office.clerk, changed, filename="t.xlsx", mode=ImportMode.CHECK)
    after = import_roster(office.services, office.clerk, changed, filename="t.xlsx", mode=ImportMode.ALL_OR_NOTHING)
    assert [(r.added, r.changed) for r in (before, after)] == [(0, 1), (0, 1)]
    assert len(roster.unit_roster(office.services, office.clerk, office.school).former) == 1


def test_one_bad_row_refuses_the_sheet_if_so_chosen(office: Office) -> None:
    sheet = _table(office, ("@", "", *_GOOD), ("@", "", "校长", *_GOOD[1:]))
    with pytest.raises(errors.Invalid, match="第 4 行 D 列（人员类别）"):
        import_roster(office.services, office.clerk, sheet, filename="t.xlsx", mode=ImportMode.ALL_OR_NOTHING)
    assert roster.unit_roster(office.services, office.clerk, office.school).current == []
    for damaged in (b"", b"PK\x03\x04 no zip", sheet[:200]):
        with pytest.raises(errors.Invalid):
            import_roster(office.services, office.clerk, damaged, filename="t.xlsx", mode=ImportMode.CHECK)


def test_no_cell_of_the_table_is_a_formula() -> None:
    row = ("2115000001", "=cmd()", "+1", "-1", "@x", "\t=1", " =2", "#N/A", "https://example.com")
    sheet = load_workbook(BytesIO(write_table([row]))).worksheets[0]
    cells = next(sheet.iter_rows(min_row=3))[1:]
    assert [cell.value for cell in cells] == list(row)
    assert {cell.data_type for cell in cells} == {"s"}
    assert [bool(cell.quotePrefix) for cell in cells] == [False, True, True, True, True, True, True, False, False]
    assert all(cell.hyperlink is None for cell in cells)
