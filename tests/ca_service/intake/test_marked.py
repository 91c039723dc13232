"""The sheet given back: the same cells, errors marked, nothing that a spreadsheet would execute."""

import csv
import zipfile
from io import BytesIO, StringIO

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from ca_service.intake.cells import Cell, RawRow
from ca_service.intake.columns import ERRORS_SHEET
from ca_service.intake.marked import Marks, mark_sheet
from ca_service.intake.report import CellError, CellWarning, Choice
from ca_service.intake.rows import check_rows
from ca_service.intake.sheet import CellKind, SheetError, SheetFault, SheetLimits, open_book, read_roster, roster_of
from tests.ca_service.intake.books import HEADINGS, PERSON, labels, read, texts, xls, xlsx
from tests.ca_service.intake.test_rows import SECOND_ID, TODAY, UNITS, person

_RED = "FFFFC7CE"


def mark(data: bytes, *more: CellError, taken: tuple[int, ...] = ()) -> bytes:
    """The sheet with what the rules find in it, and more."""
    book = open_book(data, filename="a.csv", limits=SheetLimits())
    checked = check_rows(roster_of(book), units=UNITS, today=TODAY)
    return mark_sheet(book, Marks([*checked.bad, *more], checked.warnings, taken))


def opened(data: bytes) -> Worksheet:
    """The marked sheet as another program sees it."""
    return load_workbook(BytesIO(data)).worksheets[0]


def commented(sheet: Worksheet) -> dict[str, str]:
    """The comments by cell."""
    cells = [cell for row in sheet.iter_rows() for cell in row]
    return {cell.coordinate: cell.comment.text for cell in cells if cell.comment is not None}


def test_each_bad_cell_has_a_fill_and_a_comment_and_no_other_has() -> None:
    sheet = opened(mark(xlsx([["标题"], HEADINGS, person(NAME="张3", MOBILE="1"), person(ID_NUMBER=SECOND_ID)])))
    comments = commented(sheet)
    assert list(comments) == ["B3", "F3"]
    assert "汉字和间隔号" in comments["B3"]
    assert "请按身份证填写" in comments["B3"]
    red = {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.fill.fgColor.rgb == _RED}
    assert red == {"B3", "F3"}
    assert sheet["A1"].value == "标题"


def test_an_empty_cell_is_marked_where_it_is_missing() -> None:
    sheet = opened(mark(xlsx([HEADINGS, person(EMAIL=None)])))
    assert list(commented(sheet)) == ["E2"]
    assert sheet["E2"].fill.fgColor.rgb == _RED


@pytest.mark.parametrize("kind", ["xlsx", "xls", "gb18030"])
def test_values_of_every_format_come_back_where_they_stood(kind: str) -> None:
    text = StringIO()
    csv.writer(text).writerows([HEADINGS, PERSON])
    data = {"xlsx": xlsx(), "xls": xls(labels()), "gb18030": text.getvalue().encode("gb18030")}[kind]
    assert texts(read(mark(data)).rows[0]) == list(PERSON)


def test_a_sheet_that_comes_back_unmended_has_the_same_errors() -> None:
    def spoil(sheet: Worksheet) -> None:
        sheet["F4"].value, sheet["F4"].number_format = 29222, "yyyy-mm-dd"

    rows = [HEADINGS, person(ID_NUMBER=150102198001020006.0), person(NAME="<b>"), person(ID_NUMBER=SECOND_ID)]
    data = xlsx(rows, spoil)
    first = mark(data)
    once, twice = (check_rows(read(sheet), units=UNITS, today=TODAY).bad for sheet in (first, mark(first)))
    assert [(e.row, e.heading, e.why) for e in once] == [(e.row, e.heading, e.why) for e in twice]
    assert {e.heading for e in once} == {"身份证号码", "姓名", "手机号码"}
    assert read(first).rows[0].cells[2].kind is CellKind.NUMBER
    assert read(first).rows[2].cells[5].kind is CellKind.DATE


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")', " =cmd"])
def test_nothing_in_the_sheet_can_act(value: str) -> None:
    def as_text(sheet: Worksheet) -> None:
        sheet["B2"].data_type = "s"

    data = mark(xlsx([HEADINGS, person(NAME=value)], as_text))
    cell = opened(data)["B2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (value, "s", True)
    parts = zipfile.ZipFile(BytesIO(data))
    assert not any(b"<f>" in parts.read(name) or b"<hyperlink" in parts.read(name) for name in parts.namelist())
    listed = load_workbook(BytesIO(data))[ERRORS_SHEET]
    assert all(cell.data_type == "s" for row in listed.iter_rows() for cell in row)


def test_a_formula_comes_back_as_the_text_it_showed() -> None:
    data = mark(xlsx([HEADINGS, person(NAME='="张"&"三"')]))
    assert opened(data)["B2"].data_type != "f"
    assert "公式" in commented(opened(data))["B2"]


def test_hidden_rows_and_merged_cells_are_laid_open() -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[2].hidden = True
        sheet.merge_cells("B2:B3")

    sheet = opened(mark(xlsx([HEADINGS, person(), person(ID_NUMBER=SECOND_ID)], hide)))
    assert not sheet.row_dimensions[2].hidden
    assert not sheet.merged_cells.ranges
    assert "隐藏" in commented(sheet)["A2"]


def test_a_text_of_ten_thousand_characters_comes_back_whole() -> None:
    assert opened(mark(xlsx([HEADINGS, person(ADDRESS="路" * 10_000)])))["I2"].value == "路" * 10_000


def test_rows_that_are_registered_are_marked_green_and_choices_are_named() -> None:
    choice = CellError(3, "A", "申请人单位名称", "光明小学", "有 2 个", "请选择", (Choice("1", "光明小学（1，甲）"),))
    sheet = opened(mark(xlsx([HEADINGS, person(), person(ID_NUMBER=SECOND_ID)]), choice, taken=(2,)))
    assert sheet["B2"].fill.fgColor.rgb == "FFE2EFDA"
    assert "光明小学（1，甲）" in commented(sheet)["A3"]


def test_warnings_are_yellow() -> None:
    book = open_book(xlsx(), filename="a", limits=SheetLimits())
    data = mark_sheet(book, Marks((), [CellWarning(2, "C", "身份证号码", "150*", "旧区划")]))
    assert opened(data)["C2"].fill.fgColor.rgb == "FFFFEB9C"


def test_the_list_of_errors_is_a_sheet_of_its_own_that_the_next_upload_passes_over() -> None:
    data = mark(xlsx([HEADINGS, person(NAME="张3")]))
    listed = load_workbook(BytesIO(data))[ERRORS_SHEET]
    assert [cell.value for cell in listed[2]][:4] == ["2", "B", "姓名", "张3"]
    assert read(data).notes == ()


@pytest.mark.parametrize("name", ["[a]:b*?/\\" * 9, "History", ERRORS_SHEET, "'"])
def test_any_name_of_a_sheet_is_made_possible(name: str) -> None:
    book = open_book(xlsx(), filename="a", limits=SheetLimits())
    book.table.sheet.name = name
    assert read(mark_sheet(book, Marks(()))).rows


def test_a_sheet_that_would_grow_without_bounds_is_refused() -> None:
    book = open_book(xlsx(), filename="a", limits=SheetLimits())
    long = dict.fromkeys(range(10, 2_200), Cell("路" * 32_000, CellKind.TEXT))
    row = book.table.sheet.rows[1]
    book.table.sheet.rows[1] = RawRow(row.number, {**row.cells, **long})
    with pytest.raises(SheetError) as caught:
        mark_sheet(book, Marks(()))
    assert caught.value.kind is SheetFault.TOO_COMPLEX


def test_the_given_back_sheet_is_read_like_any_other() -> None:
    again = read_roster(mark(xlsx([HEADINGS, person(NAME="张3")])), filename="标注.xlsx", limits=SheetLimits())
    assert again.header_row == 1
