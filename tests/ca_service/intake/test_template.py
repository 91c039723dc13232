"""The template: right columns, text format, and nothing that a spreadsheet would execute."""

from io import BytesIO

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from ca_service.intake.columns import COLUMNS, Column
from ca_service.intake.sheet import CellKind, SheetError, SheetFault
from ca_service.intake.template import write_roster, write_template
from tests.ca_service.intake.books import PERSON, read, texts

VALUES = dict(zip(COLUMNS, PERSON, strict=True))


def opened(data: bytes) -> Worksheet:
    """The first sheet as openpyxl sees it."""
    return load_workbook(BytesIO(data)).worksheets[0]


def test_the_template_has_the_nine_columns_in_order_frozen_and_prefilled() -> None:
    sheet = opened(write_template())
    assert [cell.value for cell in sheet[1]] == [column.value for column in COLUMNS]
    assert sheet.freeze_panes == "A2"
    assert sheet["H2"].value == "教师系统信息管理员"
    assert {sheet[f"{letter}2"].number_format for letter in "CDF"} == {"@"}


def test_the_template_says_what_to_fill_in_and_offers_what_can_be_chosen() -> None:
    book = load_workbook(BytesIO(write_template()))
    notes = book["填写说明"]
    assert {row[0].value for row in notes.iter_rows(min_row=2)} >= {column.value for column in COLUMNS}
    assert notes["D2"].value == "111 幼儿园"
    rules = {str(rule.sqref)[0]: rule for rule in book.worksheets[0].data_validations.dataValidation}
    assert sorted(rules) == ["C", "F", "G", "H"]
    assert (rules["C"].type, rules["C"].formula1) == ("textLength", "18")
    assert "填写说明" in str(rules["G"].formula1)


def test_a_filled_template_is_read_without_a_word_about_its_notes() -> None:
    book = load_workbook(BytesIO(write_template()))
    for column, value in enumerate(PERSON, 1):
        book.worksheets[0].cell(2, column).value = value
    buffer = BytesIO()
    book.save(buffer)
    roster = read(buffer.getvalue())
    assert (len(roster.rows), roster.notes) == (1, ())


def test_the_empty_template_uploaded_as_it_is_is_empty() -> None:
    with pytest.raises(SheetError) as caught:
        read(write_template())
    assert caught.value.kind is SheetFault.EMPTY


def test_written_rows_are_read_back_as_they_were() -> None:
    roster = read(write_roster([VALUES]))
    assert texts(roster.rows[0]) == list(PERSON)


def test_a_missing_user_type_is_prefilled() -> None:
    row = read(write_roster([{Column.NAME: "张三"}])).rows[0]
    assert row.cell(Column.USER_TYPE).text == "教师系统信息管理员"
    assert row.cell(Column.EMAIL).kind is CellKind.EMPTY


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "#N/A", " =1"])
def test_a_value_that_looks_like_a_formula_stays_text(text: str) -> None:
    data = write_roster([{**VALUES, Column.ADDRESS: text}])
    assert opened(data)["I2"].data_type == "s"
    assert read(data).rows[0].cell(Column.ADDRESS).kind is CellKind.TEXT
    quoted = text.strip()[0] in "=+-@"
    assert bool(opened(data)["I2"].quotePrefix) is quoted


def test_characters_that_xml_cannot_carry_are_left_out() -> None:
    row = read(write_roster([{**VALUES, Column.NAME: "张\x00\x0b三"}])).rows[0]
    assert row.cell(Column.NAME).text == "张三"
