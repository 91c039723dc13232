"""What people are told about each kind of bad input: what was found, and how to mend it."""

import csv
from collections.abc import Callable, Sequence
from io import StringIO

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from ca_service.intake.report import CellError
from ca_service.intake.rows import check_rows
from ca_service.intake.sheet import SheetError, SheetLimits, read_roster
from tests.ca_service.intake.books import (
    HEADINGS,
    PERSON,
    Value,
    compound,
    invented_id,
    labels,
    number,
    record,
    save,
    with_parts,
    xls,
    xlsx,
)
from tests.ca_service.intake.test_hostile_sheets import sheet_with
from tests.ca_service.intake.test_rows import OWN_ID, SECOND_ID, TODAY, UNITS, check, only_error, person

Change = Callable[[Worksheet], None]


def _cell(coordinate: str, value: object, number_format: str = "General") -> Change:
    def change(sheet: Worksheet) -> None:
        sheet[coordinate].value = value
        sheet[coordinate].number_format = number_format

    return change


def _merge(sheet: Worksheet) -> None:
    sheet.merge_cells("A2:A3")


def _hide_row(sheet: Worksheet) -> None:
    sheet.row_dimensions[2].hidden = True


def _errors(data: bytes, name: str = "a.xlsx") -> Sequence[CellError]:
    roster = read_roster(data, filename=name, limits=SheetLimits())
    return check_rows(roster, units=UNITS, today=TODAY).bad


@pytest.mark.parametrize(
    ("change", "heading", "why", "mend"),
    [
        (_merge, "申请人单位名称", "合并的单元格", "请取消合并，并在每一行分别填写"),
        (_hide_row, "整行", "隐藏的", "取消隐藏、核对内容后重新上传"),
        (_cell("F2", 29222, "yyyy-mm-dd"), "手机号码", "当作日期保存", "格式设为“文本”"),
        (_cell("D2", 29222.5, 'yyyy"年"m"月"d"日"'), "办公电话", "当作日期保存", "格式设为“文本”"),
        (_cell("B2", '="张"&"三"'), "姓名", "单元格是公式", "粘贴为“数值”"),
        (_cell("B2", "#N/A"), "姓名", "错误值", "格式设为“文本”"),
        (_cell("E2", True), "电子邮箱", "错误值或逻辑值", "格式设为“文本”"),
        (_cell("I2", "路" * 10_000), "单位通讯地址", "过长（10000 个字符）", "只填写该列要求的内容"),
        (_cell("C2", 1.50102198001020006e17), "身份证号码", "只保留 15 位有效数字", "格式设为“文本”"),
    ],
    ids=["merged", "hidden-row", "date", "chinese-date", "formula", "error", "boolean", "10000", "number"],
)
def test_a_cell_that_a_spreadsheet_spoils_is_told_with_the_way_to_mend_it(
    change: Change, heading: str, why: str, mend: str
) -> None:
    error = next(e for e in _errors(xlsx([HEADINGS, person()], change)) if e.heading == heading)
    assert why in error.why
    assert mend in error.mend
    assert error.row == 2


@pytest.mark.parametrize(
    ("deviation", "why"),
    [
        ({"ID_NUMBER": "1.50102E+17"}, "科学计数法"),
        ({"ID_NUMBER": OWN_ID[:15] + "000"}, "末三位为 000"),
        ({"ID_NUMBER": f"\u202a{OWN_ID}\u202c"}, "看不见的控制字符"),
        ({"ID_NUMBER": "150102800102001"}, "15 位旧身份证号码"),
        ({"NAME": "<b>张三</b>"}, "尖括号"),
        ({"NAME": "张\u202e三"}, "控制字符"),
        ({"NAME": "\u200f张三"}, "控制字符"),
        ({"NAME": "+张三"}, "汉字和间隔号"),
        ({"NAME": "-张三"}, "汉字和间隔号"),
        ({"NAME": "@张三"}, "汉字和间隔号"),
        ({"NAME": "张" * 41}, "共 41 个字"),
        ({"ADDRESS": "示范路<img src=x>1号"}, "尖括号"),
        ({"MOBILE": "19900001234、19900001235"}, "数字以外"),
    ],
)
def test_a_text_that_is_no_value_is_told_why(deviation: dict[str, Value], why: str) -> None:
    assert why in only_error(person(**deviation)).why


@pytest.mark.parametrize(
    ("deviation", "name"),
    [
        ({"NAME": "阿拉腾" + "·其木格" * 9 + "敖"}, "阿拉腾" + "·其木格" * 9 + "敖"),
        ({"NAME": "𠮷田𫞩"}, "𠮷田𫞩"),
        ({"NAME": "张　三", "ID_NUMBER": "".join(chr(ord(c) + 0xFEE0) for c in OWN_ID)}, "张三"),
        ({"ADDRESS": "=1+1 号示范路", "ID_NUMBER": SECOND_ID}, "张三"),
        ({"ADDRESS": "-示范路 1 号"}, "张三"),
        ({"ADDRESS": "@示范路 1 号"}, "张三"),
    ],
    ids=["forty", "beyond-bmp", "full-width", "equals", "minus", "at"],
)
def test_what_only_looks_strange_is_taken(deviation: dict[str, Value], name: str) -> None:
    def as_text(sheet: Worksheet) -> None:
        sheet["I2"].data_type = "s"

    roster = read_roster(xlsx([HEADINGS, person(**deviation)], as_text), filename="a.xlsx", limits=SheetLimits())
    checked = check_rows(roster, units=UNITS, today=TODAY)
    assert [row.name for row in checked.good] == [name], checked.bad


def test_a_lower_case_x_is_mended_and_shown() -> None:
    days = (invented_id(f"198003{day:02d}") for day in range(1, 29))
    number_with_x = next(candidate for candidate in days if candidate.endswith("X"))
    checked = check(person(ID_NUMBER=number_with_x.lower()))
    assert checked.good[0].id_number.value == number_with_x
    (change,) = checked.normalised
    assert (change.before[-1], change.after[-1]) == ("x", "X")


def _two_tables(*, hidden: bool) -> bytes:
    book = Workbook()
    for sheet in (book.worksheets[0], book.create_sheet("旧表")):
        for row in (HEADINGS, PERSON):
            sheet.append(list(row))
    book.worksheets[1].sheet_state = "hidden" if hidden else "visible"
    return save(book)


def _only_table_hidden() -> bytes:
    book = Workbook()
    book.create_sheet("封面").append(["说明"])
    for row in (HEADINGS, PERSON):
        book.worksheets[0].append(list(row))
    book.worksheets[0].sheet_state = "hidden"
    book.active = 1
    return save(book)


_MANY = "<row><c><v>1</v></c></row>" * 100_000


@pytest.mark.parametrize(
    ("data", "found", "mend"),
    [
        (_two_tables(hidden=False), "有 2 个工作表含有数据表头：“Sheet”、“旧表”", "每次只上传一个工作表"),
        (_two_tables(hidden=True), "“旧表”", "包括隐藏的"),
        (_only_table_hidden(), "工作表“Sheet”是隐藏的", "取消隐藏"),
        (compound({"EncryptedPackage": b"\0" * 64}), "设有打开密码", "请取消密码后另存为 xlsx"),
        (xls(global_records=record(0x002F, b"\1\0")), "设有打开密码", "请取消密码后另存为 xlsx"),
        (xlsx()[:1500], "已损坏或不完整", "重新打开并另存为 xlsx"),
        (with_parts(xlsx(), {"xl/media/zero.bin": b"\0" * 30_000_000}), "疑似压缩炸弹", "空白模板"),
        (sheet_with(_MANY), "数据超过 20000 行", "请拆分为每个不超过 20000 行的文件"),
        (xlsx([["x"]] * 30), "前 20 行中没有找到表头", "表头应包含：申请人单位名称、姓名、身份证号码"),
        (xlsx([HEADINGS[:8], PERSON[:8]]), "第 1 行的表头缺少列：单位通讯地址", "下载模板"),
        (b"", "文件是空的", "选择填写好的文件"),
        (b"<html><table></table></html>", "实际上是网页", "另存为 xlsx"),
    ],
    ids=[
        "two-tables", "hidden-twin", "hidden-table", "password", "xls-password", "truncated", "bomb", "100000-rows",
        "no-header", "missing-column", "empty", "html",
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_told_as_a_whole(data: bytes, found: str, mend: str) -> None:
    with pytest.raises(SheetError) as caught:
        read_roster(data, filename="a.csv", limits=SheetLimits())
    assert found in caught.value.found
    assert mend in caught.value.mend


def test_a_header_that_moved_is_read_and_told() -> None:
    roster = read_roster(xlsx([["标题"], ["填报单位"], HEADINGS, PERSON]), filename="a.xlsx", limits=SheetLimits())
    assert roster.notes == ("表头在第 3 行（模板为第 1 行），已按实际位置读取",)
    assert len(check_rows(roster, units=UNITS, today=TODAY).good) == 1


def test_dates_of_an_old_xls_are_told_too() -> None:
    formats = record(0x041E, b"\xa4\x00" + b"\x08\x00\x00yyyy/m/d") + record(0x00E0, b"\0\0\xa4\0" + bytes(16))
    data = xls(labels() + number(1, 5, 29222), formats)
    (error,) = _errors(data)
    assert error.heading == "手机号码"
    assert "日期" in error.why
    assert error.found == "198*****02"


def test_in_csv_a_leading_equals_sign_is_a_formula_and_a_number_in_e_notation_is_damaged() -> None:
    text = StringIO()
    csv.writer(text).writerows([HEADINGS, person(NAME="=张三"), person(ID_NUMBER="1.50102E+17")])
    first, second = _errors(text.getvalue().encode("gb18030"), "a.csv")
    assert (first.row, first.heading, "公式" in first.why) == (2, "姓名", True)
    assert (second.row, second.heading, "科学计数法" in second.why) == (3, "身份证号码", True)
