"""The spreadsheet template (用户CA信息电子表格模板), empty or with rows, safe to open in any program."""

from collections.abc import Iterable, Mapping
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from ca_service.domain.persons import UserType
from ca_service.intake.cells import column_letter
from ca_service.intake.columns import COLUMNS, Column

PREFILLED_USER_TYPE = f"教师系统{UserType.INFORMATION}"
_SHEET_NAME = "用户CA信息"
_BLANK_ROWS = 200
_WIDTHS: Mapping[Column, int] = {Column.UNIT: 32, Column.ID_NUMBER: 22, Column.EMAIL: 24, Column.ADDRESS: 40}


def write_template() -> bytes:
    """Return the empty template: header frozen, every cell formatted as text, user type pre-filled.

    Text format is what keeps the 18 digits of an ID number whole. read_roster passes over rows that hold
    nothing but the user type.
    """
    book, sheet = _new_sheet()
    for row in range(2, _BLANK_ROWS + 2):
        for column in range(1, len(COLUMNS) + 1):
            sheet.cell(row, column).number_format = "@"
        sheet.cell(row, COLUMNS.index(Column.USER_TYPE) + 1).value = PREFILLED_USER_TYPE
    return _saved(book)


def write_roster(rows: Iterable[Mapping[Column, str]]) -> bytes:
    """Return the template filled with rows; a missing user type is pre-filled, other gaps stay empty.

    Every value is written as a string cell, never as a formula, and marked with the quote prefix, so that
    `=`, `+`, `-` or `@` in front of a name does nothing, even after the cell is edited. Characters that
    XML cannot carry are left out.
    """
    book, sheet = _new_sheet()
    for number, values in enumerate(rows, 2):
        for index, column in enumerate(COLUMNS, 1):
            default = PREFILLED_USER_TYPE if column is Column.USER_TYPE else ""
            text = values.get(column, default)
            if text:
                _write_text(sheet, number, index, text)
    return _saved(book)


def _write_text(sheet: Worksheet, row: int, column: int, text: str) -> None:
    cell = sheet.cell(row, column)
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
    # openpyxl makes a formula of a leading "=" and an error of "#N/A"; the type is set back to string.
    cell.data_type = "s"
    cell.number_format = "@"
    if text.lstrip().startswith(("=", "+", "-", "@")):
        cell.quotePrefix = True


def _new_sheet() -> tuple[Workbook, Worksheet]:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = _SHEET_NAME
    for index, column in enumerate(COLUMNS):
        cell = sheet.cell(1, index + 1)
        cell.value = column.value
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDEBF7")
        cell.alignment = Alignment(horizontal="center")
        sheet.column_dimensions[column_letter(index)].width = _WIDTHS.get(column, 16)
    sheet.freeze_panes = "A2"
    choices = ",".join([PREFILLED_USER_TYPE, *(kind.value for kind in UserType)])
    validation = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=True)
    letter = column_letter(COLUMNS.index(Column.USER_TYPE))
    validation.add(f"{letter}2:{letter}20001")
    sheet.add_data_validation(validation)
    return book, sheet


def _saved(book: Workbook) -> bytes:
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()
