"""Cells and rows as they lie in the file, whatever its format: nothing is interpreted here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ca_service.intake.errors import SheetError, SheetFault, damaged_sheet

# Excel's own grid; a coordinate outside it is a damaged file.
GRID_ROWS, GRID_COLUMNS = 1_048_576, 16_384
# What a cell of Excel can hold, and the longest text that any rule is asked about.
KEPT_TEXT = 32_767
LONGEST_TEXT = 1_000


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """How much one upload may cost; bytes unless said otherwise."""

    max_rows: int = 20_000
    max_bytes: int = 20 * 1024 * 1024
    max_uncompressed: int = 64 * 1024 * 1024
    max_ratio: int = 200
    max_members: int = 500
    max_sheets: int = 50
    max_cells: int = 1_000_000
    max_merged: int = 500


class CellKind(StrEnum):
    """How the file holds the cell. Only TEXT and NUMBER carry a value that a person has typed.

    DATE is a number that the file's format shows as a date or time: what was typed is lost in it.
    """

    EMPTY = "empty"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    FORMULA = "formula"
    ERROR = "error"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Cell:
    """The raw text of a cell; of a number the digits in the file, of a formula nothing that may be trusted.

    Text beyond KEPT_TEXT characters is cut; text beyond LONGEST_TEXT is refused before any rule sees it.
    """

    text: str
    kind: CellKind


EMPTY_CELL = Cell("", CellKind.EMPTY)


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row that has at least one non-empty cell; `number` counts from 1 as on screen, columns from 0."""

    number: int
    cells: Mapping[int, Cell]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class MergedRange:
    """A merged area, both ends included; rows count from 1, columns from 0."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


@dataclass(slots=True)
class RawSheet:
    """One sheet, filled row by row by its reader, which calls the two methods below."""

    name: str
    limits: SheetLimits
    rows: list[RawRow] = field(default_factory=list)
    merged: list[MergedRange] = field(default_factory=list)
    hidden: bool = False
    cell_count: int = 0

    def add_row(self, row: RawRow) -> None:
        """Take a non-empty row; SheetError when the rows are too many or not in rising order."""
        if not 1 <= row.number <= GRID_ROWS or (self.rows and row.number <= self.rows[-1].number):
            raise damaged_sheet()
        # The header and what stands above it do not count as data: 20 rows, see sheet.py.
        if len(self.rows) >= self.limits.max_rows + 20:
            raise too_many_rows(self.limits)
        self.rows.append(row)

    def count_cell(self) -> None:
        """Count a cell of the file, empty or not, against the limit of work."""
        self.cell_count += 1
        if self.cell_count > self.limits.max_cells:
            raise too_complex()

    def add_merged(self, area: MergedRange) -> None:
        """Take a merged area; SheetError when there are too many to be an honest form."""
        if len(self.merged) >= self.limits.max_merged:
            raise too_complex()
        self.merged.append(area)


def too_many_rows(limits: SheetLimits) -> SheetError:
    """The refusal of a sheet with more data rows than the limit."""
    return SheetError(
        SheetFault.TOO_MANY_ROWS,
        f"数据超过 {limits.max_rows} 行",
        f"请拆分为每个不超过 {limits.max_rows} 行的文件，分批上传",
    )


def too_complex() -> SheetError:
    """The refusal of a file that would cost more work than any roster needs."""
    return SheetError(
        SheetFault.TOO_COMPLEX,
        "电子表格的单元格、合并区域或工作表过多",
        "请将数据复制到下载的空白模板中再上传",
    )


def column_letter(index: int) -> str:
    """0 -> A, 25 -> Z, 26 -> AA: the letter that people see above the column."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def clip(text: str) -> str:
    """Cut a text to what a cell of Excel can hold."""
    return text[:KEPT_TEXT]
