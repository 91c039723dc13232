"""The spreadsheet template (用户CA信息电子表格模板), empty or with rows, safe to open in any program."""

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from ca_service.domain.persons import UserType
from ca_service.domain.school_types import SCHOOL_TYPES
from ca_service.intake.cells import column_letter
from ca_service.intake.columns import COLUMNS, NOTES_SHEET, OPTIONAL, WIDTHS, Column

PREFILLED_USER_TYPE = f"教师系统{UserType.INFORMATION}"
_SHEET_NAME = "用户CA信息"
_BLANK_ROWS = 200
_LAST_ROW = 20_001
_NOTES: Sequence[tuple[str, str]] = (
    (Column.UNIT, "必填。单位全称，与系统中的单位列表一致；有同名单位时填写单位代码。"),
    (Column.NAME, "必填。与身份证一致的汉字姓名，少数民族姓名用“·”分隔，最多 40 个字。"),
    (Column.ID_NUMBER, "必填。18 位居民身份证号码。单元格已设为“文本”，请勿改为数值，否则后几位会丢失。"),
    (Column.OFFICE_PHONE, "必填。带区号的固定电话（例如 0471-6543210）或手机号码，可在号码后写“转801”。"),
    (Column.EMAIL, "必填。一个电子邮箱地址。"),
    (Column.MOBILE, "必填。11 位手机号码，只填一个。"),
    (Column.SCHOOL_TYPE, "学校必填，其他单位可不填。三位代码或名称，见右侧列表。"),
    (Column.USER_TYPE, f"必填。已预填“{PREFILLED_USER_TYPE}”，其他类型请从下拉列表选择。"),
    (Column.ADDRESS, "必填。能够投递的完整地址。"),
    ("增加的列", f"可在右侧自行增加：{'、'.join(OPTIONAL)}。信息管理员必须申请证书；其他类型不写明的按不申请登记。"),
    ("每行一人", "同一人只填一行。请勿合并单元格、隐藏行，勿使用公式，勿改动表头文字。"),
    ("上传", "与盖章的申请单扫描件一起上传。先试读并逐格列出错误，确认后才登记；同一张表重复上传不会重复登记。"),
)


def write_template() -> bytes:
    """Return the empty template: header frozen, every cell formatted as text, user type pre-filled, notes beside it.

    Text format is what keeps the 18 digits of an ID number whole. read_roster passes over rows that hold
    nothing but the user type, and over the sheet of notes.
    """
    book, sheet = _new_sheet(COLUMNS)
    for row in range(2, _BLANK_ROWS + 2):
        for column in range(1, len(COLUMNS) + 1):
            sheet.cell(row, column).number_format = "@"
        sheet.cell(row, COLUMNS.index(Column.USER_TYPE) + 1).value = PREFILLED_USER_TYPE
    _add_notes(book.create_sheet(NOTES_SHEET))
    _add_validations(sheet)
    return _saved(book)


def write_roster(rows: Iterable[Mapping[Column, str]], *, columns: Sequence[Column] = COLUMNS) -> bytes:
    """Return the template filled with rows; a missing user type is pre-filled, other gaps stay empty.

    Every value is written as a string cell, never as a formula, and marked with the quote prefix, so that
    `=`, `+`, `-` or `@` in front of a name does nothing, even after the cell is edited. Characters that
    XML cannot carry are left out.
    """
    book, sheet = _new_sheet(columns)
    for number, values in enumerate(rows, 2):
        for index, column in enumerate(columns, 1):
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


def _new_sheet(columns: Sequence[Column]) -> tuple[Workbook, Worksheet]:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = _SHEET_NAME
    for index, column in enumerate(columns):
        _write_heading(sheet, 1, index + 1, column.value)
        sheet.column_dimensions[column_letter(index)].width = WIDTHS.get(column, 16)
    sheet.freeze_panes = "A2"
    return book, sheet


def _write_heading(sheet: Worksheet, row: int, column: int, text: str) -> None:
    cell = sheet.cell(row, column)
    cell.value = text
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="DDEBF7")
    cell.alignment = Alignment(horizontal="center")


def _add_notes(sheet: Worksheet) -> None:
    """What to fill in where, and the list of school types, which the data sheet's choices refer to."""
    for column, text in enumerate(("项目", "填写要求", "", "办学类型"), 1):
        if text:
            _write_heading(sheet, 1, column, text)
    for row, (name, text) in enumerate(_NOTES, 2):
        sheet.cell(row, 1).value = name
        sheet.cell(row, 2).value = text
        sheet.cell(row, 2).alignment = Alignment(wrap_text=True, vertical="top")
    for row, school_type in enumerate(SCHOOL_TYPES.values(), 2):
        sheet.cell(row, 4).value = f"{school_type.code} {school_type.name}"
    for letter, width in (("A", 18), ("B", 70), ("C", 4), ("D", 28)):
        sheet.column_dimensions[letter].width = width


def _add_validations(sheet: Worksheet) -> None:
    choices = ",".join([PREFILLED_USER_TYPE, *(kind.value for kind in UserType)])
    types = f"'{NOTES_SHEET}'!$D$2:$D${len(SCHOOL_TYPES) + 1}"
    rules = {
        Column.USER_TYPE: DataValidation(type="list", formula1=f'"{choices}"', allow_blank=True),
        Column.SCHOOL_TYPE: DataValidation(type="list", formula1=types, allow_blank=True, errorStyle="warning"),
        Column.ID_NUMBER: DataValidation(type="textLength", operator="equal", formula1="18", allow_blank=True),
        Column.MOBILE: DataValidation(type="textLength", operator="equal", formula1="11", allow_blank=True),
    }
    told = {
        Column.SCHOOL_TYPE: "请从列表选择，或填写三位代码。",
        Column.ID_NUMBER: "身份证号码应为 18 位。请逐位输入，不要粘贴数值。",
        Column.MOBILE: "手机号码应为 11 位。",
    }
    for column, rule in rules.items():
        rule.error, rule.errorTitle = told.get(column, "请从列表选择。"), column.value
        letter = column_letter(COLUMNS.index(column))
        rule.add(f"{letter}2:{letter}{_LAST_ROW}")
        sheet.add_data_validation(rule)


def _saved(book: Workbook) -> bytes:
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()
