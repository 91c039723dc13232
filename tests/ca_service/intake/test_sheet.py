"""Rosters that can be read: formats, moved headers, marked cells; and each refusal of a whole file."""

import csv
from io import BytesIO, StringIO

import pytest
import python_calamine
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from ca_service.intake.cells import column_letter
from ca_service.intake.columns import Column
from ca_service.intake.sheet import CellKind, SheetError, SheetFault, SheetLimits, read_roster
from tests.ca_service.intake.books import (
    HEADINGS,
    LIMITS,
    PERSON,
    SHEET_PART,
    STRINGS_PART,
    compound,
    read,
    replaced,
    save,
    texts,
    with_parts,
    with_shared_strings,
    xlsx,
)


def fault(data: bytes, *, filename: str = "roster.xlsx", limits: SheetLimits = LIMITS) -> SheetFault:
    """The refusal of these bytes; both of its texts are there."""
    with pytest.raises(SheetError) as caught:
        read(data, filename=filename, limits=limits)
    assert caught.value.found
    assert caught.value.mend
    return caught.value.kind


def as_csv(*rows: tuple[str, ...]) -> str:
    """Rows as comma-separated text."""
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def test_the_plain_template_is_read_with_row_numbers_and_letters() -> None:
    roster = read(xlsx())
    assert texts(roster.rows[0]) == list(PERSON)
    assert (roster.header_row, roster.rows[0].number, roster.letters[Column.ID_NUMBER]) == (1, 2, "C")
    assert roster.notes == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_of_chinese_software(encoding: str) -> None:
    roster = read(as_csv(HEADINGS, PERSON).encode(encoding), filename="roster.csv")
    assert roster.rows[0].cell(Column.NAME).text == "张三"


def test_csv_rows_count_blank_lines_and_quoted_line_breaks_as_a_spreadsheet_does() -> None:
    broken = (*PERSON[:-1], "第一行\n第二行")
    text = as_csv(HEADINGS, broken) + "\r\n" + as_csv(PERSON)
    assert [row.number for row in read(text.encode(), filename="a.csv").rows] == [2, 4]


def test_a_header_moved_down_and_written_loosely_is_found() -> None:
    loose = [f" {heading[:2]}　{heading[2:]}* " for heading in HEADINGS[:-1]] + ["单位通讯地址（必填）"]
    roster = read(xlsx([["用户CA信息"], [], ["填报单位："], loose, PERSON]))
    assert (roster.header_row, roster.rows[0].number) == (4, 5)
    assert "第 4 行" in roster.notes[0]


def test_columns_in_another_order_are_read_by_their_headings() -> None:
    rows = [["序号", *reversed(HEADINGS)], ["1", *reversed(PERSON)]]
    roster = read(xlsx(rows))
    assert roster.rows[0].cell(Column.UNIT).text == PERSON[0]
    assert roster.letters[Column.UNIT] == "J"
    assert roster.notes


def test_a_header_below_the_twentieth_row_is_not_looked_for() -> None:
    assert read(xlsx([["x"]] * 19 + [HEADINGS, PERSON])).header_row == 20
    assert fault(xlsx([["x"]] * 20 + [HEADINGS, PERSON])) is SheetFault.WRONG_HEADER


def test_missing_columns_are_named() -> None:
    with pytest.raises(SheetError, match="缺少列：身份证号码、单位通讯地址") as caught:
        read(xlsx([[h for h in HEADINGS if h not in ("身份证号码", "单位通讯地址")], PERSON[:7]]))
    assert caught.value.kind is SheetFault.WRONG_HEADER


def test_a_doubled_column_is_refused() -> None:
    assert fault(xlsx([[*HEADINGS, "姓名"], PERSON])) is SheetFault.WRONG_HEADER


@pytest.mark.parametrize("data", [b"", b" \r\n", xlsx([]), xlsx([HEADINGS])], ids=["0", "blank", "book", "header"])
def test_a_file_without_data_is_empty(data: bytes) -> None:
    assert fault(data) is SheetFault.EMPTY


def test_rows_with_nothing_but_the_prefilled_user_type_are_no_persons() -> None:
    blank = [None] * 7 + ["教师系统信息管理员"]
    assert len(read(xlsx([HEADINGS, PERSON, blank, [None] * 12 + ["备注"], PERSON])).rows) == 2


def test_numbers_keep_the_digits_of_the_file_and_are_marked() -> None:
    row = list(PERSON)
    roster = read(xlsx([HEADINGS, [*row[:2], 150102198001020006.0, *row[3:5], 19900001234, *row[6:]]]))
    assert roster.rows[0].cell(Column.ID_NUMBER).kind is CellKind.NUMBER
    assert roster.rows[0].cell(Column.MOBILE).text == "19900001234"


def test_a_formula_is_marked_and_its_cached_value_is_not_read_as_typed() -> None:
    row = read(xlsx([HEADINGS, [*PERSON[:1], '="张"&"三"', *PERSON[2:]]])).rows[0]
    assert row.cell(Column.NAME).kind is CellKind.FORMULA


def test_a_shared_formula_without_text_is_still_a_formula() -> None:
    data = xlsx([HEADINGS, [*PERSON[:1], "=1", *PERSON[2:]]])
    change = replaced("<f>1</f><v ?/>|<f>1</f><v></v>", '<f t="shared" si="0"/><v>7</v>')
    row = read(with_parts(data, {SHEET_PART: change})).rows[0]
    assert row.cell(Column.NAME).kind is CellKind.FORMULA


def test_cells_in_a_merged_area_of_the_data_are_marked_and_a_merged_title_is_not() -> None:
    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells("A1:I1")
        sheet.merge_cells("A3:A4")

    roster = read(xlsx([["标题"], HEADINGS, PERSON, [None, *PERSON[1:]], PERSON], merge))
    kinds = [row.cell(Column.UNIT).kind for row in roster.rows]
    assert kinds == [CellKind.MERGED, CellKind.MERGED, CellKind.TEXT]
    assert roster.rows[0].cell(Column.NAME).kind is CellKind.TEXT


def test_hidden_rows_are_marked() -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True

    assert [row.hidden for row in read(xlsx([HEADINGS, PERSON, PERSON], hide)).rows] == [False, True]


def test_error_values_and_dates_are_marked() -> None:
    def spoil(sheet: Worksheet) -> None:
        sheet["B2"].value = "#N/A"
        sheet["E2"].value = True

    row = read(xlsx(change=spoil)).rows[0]
    assert row.cell(Column.NAME).kind is row.cell(Column.EMAIL).kind is CellKind.ERROR


def test_phonetic_runs_and_rich_text_give_the_text_that_is_seen() -> None:
    rich = "<is><r><t>张</t></r><r><t>三</t></r><rPh><t>ZHANG</t></rPh></is>"
    data = with_parts(xlsx(), {SHEET_PART: replaced('<c r="B2"[^>]*>.*?</c>', f'<c r="B2" t="inlineStr">{rich}</c>')})
    assert read(data).rows[0].cell(Column.NAME).text == "张三"


def test_a_second_sheet_with_a_header_is_refused_even_hidden_and_one_without_is_told() -> None:
    book = Workbook()
    for row in (HEADINGS, PERSON):
        book.worksheets[0].append(row)
    book.create_sheet("说明").append(["填表说明"])
    assert "说明" in read(save(book)).notes[0]
    twin = book.create_sheet("旧表")
    twin.sheet_state = "hidden"
    twin.append(HEADINGS)
    assert fault(save(book)) is SheetFault.MANY_SHEETS


def test_the_row_limit_is_exact() -> None:
    limits = SheetLimits(max_rows=3)
    assert len(read(xlsx([HEADINGS, *[PERSON] * 3]), limits=limits).rows) == 3
    assert fault(xlsx([HEADINGS, *[PERSON] * 4]), limits=limits) is SheetFault.TOO_MANY_ROWS
    assert fault(xlsx([HEADINGS, *[PERSON] * 40]), limits=limits) is SheetFault.TOO_MANY_ROWS


def test_texts_in_a_shared_table_are_read_and_calamine_reads_the_same() -> None:
    data = with_shared_strings(xlsx([HEADINGS, PERSON, [*PERSON[:1], "李四", *PERSON[2:]]]))
    theirs = python_calamine.load_workbook(BytesIO(data)).get_sheet_by_index(0).to_python()[1:]
    assert theirs[1][1] == "李四"
    assert [texts(row) for row in read(data).rows] == theirs


def test_a_shared_text_in_runs_is_whole_and_without_its_phonetic_run() -> None:
    runs = "<si><r><t>张</t></r><r><t>三</t></r><rPh><t>ZHANG</t></rPh></si>"
    data = with_parts(with_shared_strings(xlsx()), {STRINGS_PART: replaced("<si><t>张三</t></si>", runs)})
    assert read(data).rows[0].cell(Column.NAME).text == "张三"


def test_what_openpyxl_reads_is_what_we_read() -> None:
    data = xlsx([HEADINGS, PERSON, [*PERSON[:5], 19900001234, *PERSON[6:]]])
    theirs = list(load_workbook(BytesIO(data)).worksheets[0].iter_rows(min_row=2, values_only=True))
    ours = [texts(row) for row in read(data).rows]
    assert ours == [[str(value) for value in row] for row in theirs]


def test_the_file_name_does_not_decide_the_format() -> None:
    assert read_roster(xlsx(), filename="a.csv", limits=LIMITS).rows
    assert fault(as_csv(HEADINGS, PERSON).encode(), filename="a.xlsx") is SheetFault.NOT_A_SPREADSHEET


@pytest.mark.parametrize(
    "data",
    [
        b"<html><table><tr><td>1</td></tr></table></html>",
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n",
        b"\x00\x01\x02\x03",
        b"\xff\xfe\xff\xff",
        compound({"WordDocument": b"x"}),
    ],
    ids=["html", "pdf", "png", "binary", "bytes", "word"],
)
def test_other_formats_are_not_a_spreadsheet(data: bytes) -> None:
    assert fault(data, filename="a.csv") is SheetFault.NOT_A_SPREADSHEET


def test_column_letters_go_on_behind_z() -> None:
    assert [column_letter(i) for i in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
