"""The spreadsheet template (用户CA信息电子表格模板), empty or with rows, safe to open in any program."""

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO

from xlsxwriter.worksheet import Worksheet

from ca_service.domain.persons import UserType
from ca_service.domain.school_types import SCHOOL_TYPES
from ca_service.intake.columns import COLUMNS, NOTES_SHEET, OPTIONAL, WIDTHS, Column
from ca_service.intake.safe_sheet import Formats, SafeSheet, new_workbook

PREFILLED_USER_TYPE = f"教师系统{UserType.INFORMATION}"
_SHEET_NAME = "用户CA信息"
_BLANK_ROWS = 200
_LAST_ROW = 20_000
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
    buffer = BytesIO()
    with new_workbook(buffer) as book:
        formats = Formats(book.add_format)
        sheet = SafeSheet(book.add_worksheet(_SHEET_NAME), formats)
        notes = SafeSheet(book.add_worksheet(NOTES_SHEET), formats)
        _write_header(sheet, COLUMNS)
        _add_validations(sheet.sheet)
        for row in range(1, _BLANK_ROWS + 1):
            for place, column in enumerate(COLUMNS):
                if column is Column.USER_TYPE:
                    sheet.text(row, place, PREFILLED_USER_TYPE)
                else:
                    sheet.sheet.write_blank(row, place, None, formats.get())
        _write_notes(notes)
    return buffer.getvalue()


def write_roster(rows: Iterable[Mapping[Column, str]], *, columns: Sequence[Column] = COLUMNS) -> bytes:
    """Return the template filled with rows; a missing user type is pre-filled, other gaps stay empty."""
    buffer = BytesIO()
    with new_workbook(buffer) as book:
        sheet = SafeSheet(book.add_worksheet(_SHEET_NAME), Formats(book.add_format))
        _write_header(sheet, columns)
        for number, values in enumerate(rows, 1):
            for place, column in enumerate(columns):
                text = values.get(column, PREFILLED_USER_TYPE if column is Column.USER_TYPE else "")
                if text:
                    sheet.text(number, place, text)
    return buffer.getvalue()


def _write_header(sheet: SafeSheet, columns: Sequence[Column]) -> None:
    for place, column in enumerate(columns):
        sheet.sheet.set_column(place, place, WIDTHS.get(column, 16), sheet.formats.get())
        sheet.heading(0, place, column.value)
    sheet.sheet.freeze_panes(1, 0)


def _write_notes(sheet: SafeSheet) -> None:
    """What to fill in where, and the list of school types, which the data sheet's choices refer to."""
    for place, (heading, width) in enumerate((("项目", 18), ("填写要求", 70), ("", 4), ("办学类型", 28))):
        sheet.sheet.set_column(place, place, width)
        if heading:
            sheet.heading(0, place, heading)
    types = [f"{school_type.code} {school_type.name}" for school_type in SCHOOL_TYPES.values()]
    for row, school_type in enumerate(types):
        if row < len(_NOTES):
            name, text = _NOTES[row]
            sheet.text(row + 1, 0, name, need="wrap")
            sheet.text(row + 1, 1, text, need="wrap")
        sheet.text(row + 1, 3, school_type)


def _add_validations(sheet: Worksheet) -> None:
    choices = [PREFILLED_USER_TYPE, *(kind.value for kind in UserType)]
    types = f"='{NOTES_SHEET}'!$D$2:$D${len(SCHOOL_TYPES) + 1}"
    rules: Mapping[Column, tuple[dict[str, object], str]] = {
        Column.USER_TYPE: ({"validate": "list", "source": choices}, "请从列表选择。"),
        Column.SCHOOL_TYPE: (
            {"validate": "list", "source": types, "error_type": "warning"},
            "请从列表选择，或填写三位代码。",
        ),
        Column.ID_NUMBER: (_length(18), "身份证号码应为 18 位。请逐位输入，不要粘贴数值。"),
        Column.MOBILE: (_length(11), "手机号码应为 11 位。"),
    }
    for column, (rule, told) in rules.items():
        place = COLUMNS.index(column)
        options = {**rule, "error_title": column.value, "error_message": told}
        sheet.data_validation(1, place, _LAST_ROW, place, options)


def _length(number: int) -> dict[str, object]:
    return {"validate": "length", "criteria": "==", "value": number}
