"""Rows against every rule: the default person is good, each test states one deviation."""

from datetime import date

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from ca_service.domain.persons import UserType
from ca_service.domain.units import Unit, UnitKind
from ca_service.intake.columns import COLUMNS, OPTIONAL, Column
from ca_service.intake.rows import CellError, Checked, check_rows
from tests.ca_service.intake.books import (
    HEADINGS,
    PERSON,
    SHEET_PART,
    Value,
    invented_id,
    read,
    replaced,
    with_parts,
    xlsx,
)
from tests.road.roster import UnitIndex

TODAY = date(2026, 11, 24)
SCHOOL = Unit("2115000001", "新城区示范小学", UnitKind.SCHOOL, "150102", "150102", "211")
BANNER = Unit("150102", "新城区教育局", UnitKind.BANNER, "150100", "150102")
TWINS = [Unit(f"211500000{n}", "光明小学", UnitKind.SCHOOL, "150102", "150102", "211") for n in (2, 3)]
FAR = Unit("2115000009", "远方小学", UnitKind.SCHOOL, "150202", "150202", "211")
UNITS = UnitIndex([SCHOOL, BANNER, FAR, *TWINS], inside=lambda code: code != FAR.code)
OWN_ID = invented_id("19800102")
SECOND_ID = invented_id("19800103")
WRONG_ID = OWN_ID[:-1] + ("1" if OWN_ID[-1] != "1" else "2")


def person(**deviation: Value) -> list[Value]:
    """The default person with some cells replaced, named by Column."""
    row: list[Value] = list(PERSON)
    for name, value in deviation.items():
        row[COLUMNS.index(Column[name])] = value
    return row


def check(*rows: list[Value]) -> Checked:
    """Check a sheet of these rows; the uploader may not register for FAR."""
    roster = read(xlsx([HEADINGS, *rows]))
    return check_rows(roster, units=UNITS, today=TODAY)


def only_error(*rows: list[Value]) -> CellError:
    """The single error of a sheet whose rows are all bad."""
    checked = check(*rows)
    assert not checked.good
    (error,) = checked.bad
    assert error.why
    assert error.mend
    return error


def test_a_good_row_comes_out_with_typed_fields() -> None:
    checked = check(person())
    (row,) = checked.good
    assert (row.row, row.unit.code, row.name, row.id_number.value) == (2, SCHOOL.code, "张三", PERSON[2])
    assert (row.office_phone.e164, row.mobile.e164) == ("+864716543210", "+8619900001234")
    assert row.school_type is not None
    assert (row.school_type.code, row.user_type) == ("211", UserType.INFORMATION)
    assert (checked.bad, checked.normalised, checked.warnings) == ([], [], [])


def test_a_row_does_not_show_its_person() -> None:
    text = repr(check(person()).good[0])
    assert not any(secret in text for secret in ("张三", PERSON[2], "19900001234"))


@pytest.mark.parametrize("column", [c for c in COLUMNS if c is not Column.SCHOOL_TYPE], ids=lambda c: c.name)
def test_every_mandatory_cell_is_missed_by_name(column: Column) -> None:
    error = only_error(person(**{column.name: None}))
    assert (error.heading, error.found) == (column.value, "（空）")
    assert error.letter == "ABCDEFGHI"[COLUMNS.index(column)]


def test_a_school_must_give_its_type_and_a_bureau_need_not() -> None:
    assert only_error(person(SCHOOL_TYPE=None)).heading == "办学类型"
    (row,) = check(person(UNIT=BANNER.name, SCHOOL_TYPE=None)).good
    assert row.school_type is None


@pytest.mark.parametrize("unit", [SCHOOL.code, int(SCHOOL.code), " 新城区 示范小学 "])
def test_a_unit_is_found_by_code_and_by_its_only_name(unit: Value) -> None:
    assert check(person(UNIT=unit)).good[0].unit.code == SCHOOL.code


@pytest.mark.parametrize(
    ("unit", "why"),
    [
        ("没有的小学", "没有这个单位"),
        ("光明小学", "有 2 个单位"),
        (FAR.name, "管理范围"),
        ("2115000099", "没有"),
    ],
)
def test_a_unit_that_is_unknown_ambiguous_or_out_of_scope_is_refused(unit: str, why: str) -> None:
    first = only_error(person(UNIT=unit))
    assert why in first.why
    assert len(check(person(UNIT=unit), person(UNIT=unit, ID_NUMBER=SECOND_ID)).bad) == 2


def test_twins_by_name_are_told_apart_by_the_codes_in_the_message() -> None:
    assert TWINS[0].code in only_error(person(UNIT="光明小学")).mend


@pytest.mark.parametrize(
    ("deviation", "heading"),
    [
        ({"NAME": "张3"}, "姓名"),
        ({"ID_NUMBER": WRONG_ID}, "身份证号码"),
        ({"OFFICE_PHONE": "6543210"}, "办公电话"),
        ({"EMAIL": "zhangsan"}, "电子邮箱"),
        ({"MOBILE": "12345678901"}, "手机号码"),
        ({"SCHOOL_TYPE": "999"}, "办学类型"),
        ({"USER_TYPE": "校长"}, "用户类型"),
        ({"ADDRESS": "路"}, "单位通讯地址"),
        ({"NAME": '="张三"'}, "姓名"),
        ({"NAME": "#N/A"}, "姓名"),
        ({"ADDRESS": "路" * 1500}, "单位通讯地址"),
    ],
)
def test_one_bad_cell_is_one_error_at_its_column(deviation: dict[str, Value], heading: str) -> None:
    assert only_error(person(**deviation)).heading == heading


def test_every_bad_cell_of_a_row_is_told_at_once() -> None:
    checked = check(person(NAME="张3", MOBILE="1", EMAIL="x"))
    assert [error.heading for error in checked.bad] == ["姓名", "电子邮箱", "手机号码"]


def test_good_rows_beside_bad_ones_are_kept() -> None:
    checked = check(person(NAME="张3"), person(ID_NUMBER=SECOND_ID))
    assert [row.row for row in checked.good] == [3]
    assert [error.row for error in checked.bad] == [2]


def test_an_id_number_kept_as_a_number_is_damaged_even_if_its_digits_look_whole() -> None:
    as_number = replaced('<c r="C2".*?</c>', f'<c r="C2"><v>{OWN_ID}</v></c>')
    roster = read(with_parts(xlsx(), {SHEET_PART: as_number}))
    checked = check_rows(roster, units=UNITS, today=TODAY)
    assert ["数值" in error.why for error in checked.bad] == [True]


@pytest.mark.parametrize("number", [1.50102198001020006e17, 150102198001020000, "1.5E+17", "150102198001020000"])
def test_an_id_number_damaged_by_a_spreadsheet_says_so(number: Value) -> None:
    error = only_error(person(ID_NUMBER=number))
    assert "电子表格软件" in error.why
    assert "文本" in error.mend


def test_a_phone_kept_as_a_number_is_read_exactly() -> None:
    (row,) = check(person(MOBILE=19900001234)).good
    assert row.mobile.national == "19900001234"
    error = only_error(person(OFFICE_PHONE=4716543210))
    assert "缺少 0" in error.why


def test_what_was_normalised_is_listed_masked() -> None:
    checked = check(person(NAME="张 三", ID_NUMBER=f" {PERSON[2]}", EMAIL="Z@QQ.COM"))
    changes = {change.heading: (change.before, change.after) for change in checked.normalised}
    assert changes["姓名"] == ("张 三", "张三")
    assert changes["电子邮箱"] == ("Z@QQ.COM", "Z@qq.com")
    assert OWN_ID[6:14] not in "".join(changes["身份证号码"])
    assert len(checked.good) == 1


def test_a_double_id_number_makes_every_row_bad_and_names_the_others() -> None:
    checked = check(person(), person(ID_NUMBER=SECOND_ID), person(NAME="李四"))
    assert [row.row for row in checked.good] == [3]
    assert [(error.row, "第 4 行" in error.why or "第 2 行" in error.why) for error in checked.bad] == [
        (2, True),
        (4, True),
    ]


def test_one_person_may_have_several_accounts_in_one_unit_but_not_two_of_a_kind() -> None:
    other = person(USER_TYPE="培训管理员")
    assert [row.row for row in check(person(), other).good] == [2, 3]
    assert check(person(), other, person(USER_TYPE="培训管理员")).good == []
    assert check(person(), person(USER_TYPE="培训管理员", NAME="李四")).good == []


def with_extras(*values: Value) -> Checked:
    """The default person with the three columns that a sheet may add."""
    extra = [column.value for column in OPTIONAL]
    roster = read(xlsx([[*HEADINGS, *extra], [*person(), *values]]))
    return check_rows(roster, units=UNITS, today=TODAY)


def test_the_forms_further_fields_may_stand_in_columns_of_their_own() -> None:
    (row,) = with_extras("是", "zhangsan01", "兼任培训").good
    assert (row.wants_certificate, row.account, row.remarks) == (True, "zhangsan01", "兼任培训")
    (row,) = with_extras(None, None, None).good
    assert (row.wants_certificate, row.account, row.remarks) == (True, "", "")


@pytest.mark.parametrize(
    ("values", "heading", "why"),
    [
        (("否", None, None), "是否申请证书", "信息管理员必须申请证书"),
        (("√", None, None), "是否申请证书", "只能填“是”或“否”"),
        (("是", "a b", None), "现有登录账号", "空格"),
        (("是", "a" * 61, None), "现有登录账号", "超过 60"),
        (("是", None, "<b>"), "其他补充说明", "尖括号"),
        (("是", None, "说" * 501), "其他补充说明", "超过 500"),
    ],
)
def test_a_bad_further_field_is_told_at_its_column(values: tuple[Value, ...], heading: str, why: str) -> None:
    (error,) = with_extras(*values).bad
    assert (error.heading, error.letter) == (heading, "JKL"[list(OPTIONAL).index(Column(heading))])
    assert why in error.why


def test_who_is_no_information_administrator_applies_for_a_certificate_only_when_the_sheet_says_so() -> None:
    assert check(person(USER_TYPE="信息查询员")).good[0].wants_certificate is False
    assert check(person()).good[0].wants_certificate is True


def test_a_hidden_row_is_bad_as_a_whole() -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[2].hidden = True

    roster = read(xlsx([HEADINGS, person()], hide))
    checked = check_rows(roster, units=UNITS, today=TODAY)
    assert [(error.letter, error.heading) for error in checked.bad] == [("", "整行")]
    assert not checked.good


def test_warnings_do_not_refuse() -> None:
    old_county = invented_id("19800102", "150188")
    checked = check(person(ID_NUMBER=old_county, SCHOOL_TYPE="218"))
    assert len(checked.good) == 1
    assert [warning.heading for warning in checked.warnings] == ["身份证号码", "办学类型"]


def test_no_message_shows_an_id_number_or_phone_whole_in_any_column() -> None:
    number = WRONG_ID
    checked = check(person(ID_NUMBER=number, NAME=number, ADDRESS=f"<{number}>", MOBILE="12345678901", EMAIL=number))
    text = repr(checked)
    assert len(checked.bad) == 5
    assert number not in text
    assert "12345678901" not in text


def test_messages_carry_no_control_characters() -> None:
    assert "\u202e" not in only_error(person(NAME="张\u202e三")).found
