"""管理及使用人员情况统计表 as a spreadsheet: one row a person, written so that no cell is a formula, and read back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import TypeVar

import xlsxwriter

from ca_service.domain.person_text import PersonDataError
from ca_service.domain.refusals import RefusedValueError
from ca_service.domain.responsible import PARSERS, Entry, parse_duty
from ca_service.domain.units import Unit
from ca_service.intake.cells import EMPTY_CELL, Cell, CellKind, RawRow, SheetLimits, column_letter, too_many_rows
from ca_service.intake.columns import normalise_heading
from ca_service.intake.errors import SheetError, SheetFault
from ca_service.intake.findings import CellRefusedError, refused_cell, text_of
from ca_service.intake.report import CellError, hidden_row
from ca_service.intake.sheet import Table, find_table, read_sheets

_T = TypeVar("_T")
TITLE = "管理及使用人员情况统计表"


class RosterColumn(StrEnum):
    """A column of the table, in its order; the value is the heading."""

    NUMBER = "序号"
    CODE = "单位代码"
    UNIT = "单位名称"
    DUTY = "人员类别"
    NAME = "姓名"
    OFFICE = "处（科）室"
    POST = "职务"
    OFFICE_PHONE = "办公电话"
    MOBILE = "手机号码"
    EMAIL = "电子邮箱"


_WIDTHS = (6, 13, 34, 18, 14, 20, 16, 18, 14, 26)
_FIELDS: Mapping[str, RosterColumn] = {
    "name": RosterColumn.NAME, "office": RosterColumn.OFFICE, "post": RosterColumn.POST,
    "office_phone": RosterColumn.OFFICE_PHONE, "mobile": RosterColumn.MOBILE, "email": RosterColumn.EMAIL,
}  # fmt: skip
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def write_table(rows: Iterable[Sequence[str]]) -> bytes:
    """An xlsx with title and header; `rows` hold the columns behind 序号. Every cell is text, whatever it begins with.

    It is built in memory: a temporary file would hold the personal data outside the encryption.
    """
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("统计表")
        head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "align": "center"})
        plain = book.add_format({"num_format": "@", "border": 1})
        quoted = book.add_format({"num_format": "@", "border": 1, "quote_prefix": True})
        sheet.merge_range(0, 0, 0, len(RosterColumn) - 1, TITLE, book.add_format({"bold": True, "align": "center"}))
        for column, (heading, width) in enumerate(zip(RosterColumn, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(1, column, heading, head)
        sheet.freeze_panes(2, 0)
        for number, row in enumerate(rows, 1):
            for column, text in enumerate((str(number), *row)):
                if text:
                    risky = text.lstrip().startswith(_RISKY)
                    sheet.write_string(number + 1, column, text, quoted if risky else plain)
                else:
                    sheet.write_blank(number + 1, column, None, plain)
    return buffer.getvalue()


@dataclass(frozen=True, slots=True, repr=False)
class RosterRow:
    """A row with every field read; its repr names the row only, not the person."""

    row: int
    unit: Unit
    entry: Entry

    def __repr__(self) -> str:
        return f"RosterRow(row={self.row}, unit={self.unit.code})"


UnitFinder = Callable[[str, str], Unit]
"""Code and name as they stand in the row, either may be empty -> the unit; raises CellRefusedError."""


def read_table(data: bytes, *, filename: str, limits: SheetLimits, find: UnitFinder) -> tuple[
    Sequence[RosterRow], Sequence[CellError]
]:  # fmt: skip
    """The good rows and every bad cell of the others; rows without a person are passed over. Raises SheetError."""
    wanted = {normalise_heading(column): column.value for column in RosterColumn if column is not RosterColumn.NUMBER}
    table = find_table(read_sheets(data, filename=filename, limits=limits), wanted)
    reader = _Reader(table, find)
    rows = [row for row in table.sheet.rows if row.number > table.header.number and reader.has_person(row)]
    if not rows:
        raise SheetError(SheetFault.EMPTY, "表头下面没有填写人员的行", "请填写后再上传")
    if len(rows) > limits.max_rows:
        raise too_many_rows(limits)
    good = [read for row in rows if (read := reader.read(row)) is not None]
    return good, reader.bad


class _Reader:
    def __init__(self, table: Table, find: UnitFinder) -> None:
        self._columns = table.columns
        self._find = find
        self.bad: list[CellError] = []

    def has_person(self, row: RawRow) -> bool:
        """Whether anything but the unit is filled in: templates list units without anybody."""
        return any(self._cell(row, column).kind is not CellKind.EMPTY for column in _FIELDS.values())

    def read(self, row: RawRow) -> RosterRow | None:
        """None for a row with a bad cell; why stands in `bad`."""
        before = len(self.bad)
        if row.hidden:
            self.bad.append(hidden_row(row.number))
        unit = self._unit(row)
        duty = self._value(row, RosterColumn.DUTY, parse_duty)
        values = {name: self._value(row, column, PARSERS[name][1]) for name, column in _FIELDS.items()}
        if len(self.bad) > before or unit is None or duty is None:
            return None
        return RosterRow(row.number, unit, Entry.of(duty, {name: value or "" for name, value in values.items()}))

    def _unit(self, row: RawRow) -> Unit | None:
        code = self._optional(row, RosterColumn.CODE)
        name = self._optional(row, RosterColumn.UNIT)
        if code is None or name is None:
            return None
        try:
            return self._find(code, name)
        except CellRefusedError as refusal:
            self._refuse(row, RosterColumn.CODE if code else RosterColumn.UNIT, refusal)
            return None

    def _optional(self, row: RawRow, column: RosterColumn) -> str | None:
        if self._cell(row, column).kind is CellKind.EMPTY:
            return ""
        return self._value(row, column, str.strip)

    def _value(self, row: RawRow, column: RosterColumn, parse: Callable[[str], _T]) -> _T | None:
        try:
            return parse(text_of(self._cell(row, column), column))
        except (PersonDataError, CellRefusedError) as refusal:
            self._refuse(row, column, refusal)
            return None

    def _refuse(self, row: RawRow, column: RosterColumn, refusal: RefusedValueError) -> None:
        letter = column_letter(self._columns[column.value])
        self.bad.append(refused_cell(row.number, letter, column.value, self._cell(row, column), refusal))

    def _cell(self, row: RawRow, column: RosterColumn) -> Cell:
        return row.cells.get(self._columns[column.value], EMPTY_CELL)
