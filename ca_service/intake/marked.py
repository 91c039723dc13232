"""The uploaded sheet given back as xlsx with its errors marked: a fill and a comment on each cell, and a list of all.

Built anew from the cells as they were read, never by changing the hostile file: every text is written as a text, so
nothing in it can act. Numbers and dates stay numbers and dates, so that a damaged ID number is not taken for a typed
one when the sheet comes back unmended. Merged areas and hidden rows are taken apart and shown.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO

from ca_service.intake.cells import GRID_COLUMNS, Cell, CellKind, RawRow, column_letter
from ca_service.intake.columns import ERRORS_SHEET, WIDTHS, Column
from ca_service.intake.errors import SheetError, SheetFault
from ca_service.intake.report import CellError, CellWarning
from ca_service.intake.safe_sheet import HEADING_FILL, Formats, SafeSheet, new_workbook, plain
from ca_service.intake.sheet import Book

_RED, _YELLOW, _GREEN = "#FFC7CE", "#FFEB9C", "#E2EFDA"
_NOT_A_SHEET_NAME = re.compile(r"[\[\]:*?/\\']")
# A text shared by a million cells of a hostile file would be written out for each of them.
_MOST_CHARACTERS = 64 * 1024 * 1024
_LONGEST_COMMENT = 1_000


@dataclass(frozen=True, slots=True)
class Marks:
    """What to mark. `taken` are rows that are registered already, by their numbers."""

    bad: Sequence[CellError]
    warnings: Sequence[CellWarning] = ()
    taken: Collection[int] = ()


def mark_sheet(book: Book, marks: Marks) -> bytes:
    """Return the sheet as xlsx with the marks; SheetError when its texts are too long to write out."""
    buffer = BytesIO()
    with new_workbook(buffer) as workbook:
        formats = Formats(workbook.add_format)
        sheet = SafeSheet(workbook.add_worksheet(_sheet_name(book.table.sheet.name)), formats)
        errors = SafeSheet(workbook.add_worksheet(ERRORS_SHEET), formats)
        _SheetWriter(book, marks, sheet).write()
        _list_errors(errors, marks.bad)
    return buffer.getvalue()


@dataclass(slots=True)
class _SheetWriter:
    book: Book
    marks: Marks
    safe: SafeSheet
    characters: int = 0

    def write(self) -> None:
        """From top to bottom and left to right: XlsxWriter keeps no row that is behind it."""
        table = self.book.table
        self.safe.sheet.freeze_panes(table.header.number, 0)
        for key, column in table.columns.items():
            self.safe.sheet.set_column(column, column, WIDTHS.get(Column(key), 16), self.safe.formats.get())
        comments, fills = self._placed()
        taken = frozenset(self.marks.taken)
        for row in table.sheet.rows:
            whole = HEADING_FILL if row.number == table.header.number else _GREEN if row.number in taken else ""
            self._row(row, fills.get(row.number, {}), whole)
            for column, texts in comments.get(row.number, {}).items():
                self._comment(row.number, column, texts)

    def _placed(self) -> tuple[dict[int, dict[int, list[str]]], dict[int, dict[int, str]]]:
        """Comments and fills by row number and column."""
        letters = {column_letter(column): column for column in self.book.table.columns.values()}
        first = self.book.table.columns[Column.UNIT]
        comments: dict[int, dict[int, list[str]]] = {}
        fills: dict[int, dict[int, str]] = {}
        for error in self.marks.bad:
            column = letters.get(error.letter, first)
            text = f"【需更正】{error.why}。{error.mend}。"
            text += "".join(f"\n可选：{choice.label}" for choice in error.choices[:10])
            comments.setdefault(error.row, {}).setdefault(column, []).append(text)
            fills.setdefault(error.row, {})[column] = _RED
        for warning in self.marks.warnings:
            column = letters.get(warning.letter, first)
            comments.setdefault(warning.row, {}).setdefault(column, []).append(f"【请核对】{warning.why}。")
            fills.setdefault(warning.row, {}).setdefault(column, _YELLOW)
        return comments, fills

    def _row(self, row: RawRow, fills: Mapping[int, str], whole: str) -> None:
        # Rows are written from left to right: the file is made in one go.
        for column in sorted({*row.cells, *fills}):
            if column < GRID_COLUMNS:
                need = "heading" if row.number == self.book.table.header.number else ""
                cell = row.cells.get(column, _BLANK)
                self._cell(row.number - 1, column, cell, fills.get(column, whole), need=need)

    def _cell(self, row: int, column: int, cell: Cell, fill: str, *, need: str) -> None:
        sheet, formats = self.safe.sheet, self.safe.formats
        if cell.kind is CellKind.NUMBER and _finite(cell.text):
            sheet.write_number(row, column, float(cell.text), formats.get(fill, need))
        elif cell.kind is CellKind.DATE and (day := _day(cell.text)) is not None:
            sheet.write_datetime(row, column, day, formats.get(fill, "date"))
        elif cell.text:
            self._count(cell.text)
            self.safe.text(row, column, cell.text, fill=fill, need=need)
        else:
            sheet.write_blank(row, column, None, formats.get(fill, need))

    def _comment(self, row: int, column: int, texts: Sequence[str]) -> None:
        text = "\n".join(texts)[:_LONGEST_COMMENT]
        # About 20 characters stand in a line of the box.
        lines = 2 + sum(1 + len(line) // 20 for line in text.split("\n"))
        self.safe.sheet.write_comment(row - 1, column, text, {"author": "教育CA", "width": 280, "height": 18 * lines})

    def _count(self, text: str) -> None:
        self.characters += len(text)
        if self.characters > _MOST_CHARACTERS:
            raise SheetError(SheetFault.TOO_COMPLEX, "表格文字过多，无法生成标注后的表格", "请按错误清单在原表中更正")


_BLANK = Cell("", CellKind.EMPTY)


def _list_errors(safe: SafeSheet, bad: Iterable[CellError]) -> None:
    headings = ("行", "列", "项目", "所填内容", "问题", "怎样更正")
    for column, (heading, width) in enumerate(zip(headings, (8, 8, 18, 28, 44, 60), strict=True)):
        safe.sheet.set_column(column, column, width)
        safe.heading(0, column, heading)
    safe.sheet.freeze_panes(1, 0)
    for row, error in enumerate(bad, 1):
        texts = (str(error.row), error.letter or "整行", error.heading, error.found, error.why, error.mend)
        for column, text in enumerate(texts):
            safe.text(row, column, text, need="wrap")


def _finite(text: str) -> bool:
    try:
        return abs(float(text)) < 1e300
    except ValueError:
        return False


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _sheet_name(name: str) -> str:
    possible = _NOT_A_SHEET_NAME.sub("", plain(name)).strip()[:31]
    return possible if possible and possible != ERRORS_SHEET and possible.lower() != "history" else "用户CA信息"
