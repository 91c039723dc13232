"""A roster from bytes: which format it is, where its header row stands, and its data rows uninterpreted."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ca_service.intake.biff import read_xls
from ca_service.intake.cells import (
    EMPTY_CELL,
    Cell,
    CellKind,
    RawRow,
    RawSheet,
    SheetLimits,
    clip,
    column_letter,
    too_many_rows,
)
from ca_service.intake.columns import COLUMNS, OPTIONAL, OWN_SHEETS, PLACE, Column, match_headings
from ca_service.intake.delimited import read_csv
from ca_service.intake.errors import SheetError, SheetFault
from ca_service.intake.ole import SIGNATURE, CompoundFile
from ca_service.intake.ooxml import read_xlsx

__all__ = [
    "Book",
    "Cell",
    "CellKind",
    "Roster",
    "RosterRow",
    "SheetError",
    "SheetFault",
    "SheetLimits",
    "open_book",
    "read_roster",
    "roster_of",
]

# The header may have moved down under titles and remarks, but not further than this.
HEADER_WITHIN = 20
_PREFILLED = PLACE[Column.USER_TYPE]
_TEMPLATE = "请下载模板，将数据填入模板后再上传"


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One data row; `number` as on screen, `cells` one for each Column in its order, whatever the file's order."""

    number: int
    cells: tuple[Cell, ...]
    hidden: bool

    def cell(self, column: Column) -> Cell:
        """The cell under this heading."""
        return self.cells[PLACE[column]]


@dataclass(frozen=True, slots=True)
class Roster:
    """The data rows of one sheet. `notes` tell the uploader in Chinese what was passed over or had moved.

    `letters` has the columns that the sheet has: all of the template, and what it adds.
    """

    sheet_name: str
    header_row: int
    letters: Mapping[Column, str]
    rows: tuple[RosterRow, ...]
    notes: tuple[str, ...] = ()


def read_roster(data: bytes, *, filename: str, limits: SheetLimits) -> Roster:
    """Read xlsx, xls or CSV, told apart by content; nothing but SheetError is raised, whatever the bytes.

    The file name serves messages only. Rows without any value are left out; numbers are kept as the
    file writes them, formulas, errors and merged cells are marked and not evaluated.
    """
    return roster_of(open_book(data, filename=filename, limits=limits))


@dataclass(frozen=True, slots=True)
class Book:
    """A spreadsheet with the one table of a roster found in it."""

    sheets: list[RawSheet]
    table: "Table"


def open_book(data: bytes, *, filename: str, limits: SheetLimits) -> Book:
    """Read the sheets and find the roster's header row, as `read_roster` does."""
    sheets = read_sheets(data, filename=filename, limits=limits)
    wanted = {column.value: column.value for column in COLUMNS}
    table = find_table(sheets, wanted, optional={column.value: column.value for column in OPTIONAL})
    if table.sheet.hidden:
        raise SheetError(
            SheetFault.HIDDEN_SHEET,
            f"数据所在的工作表“{table.sheet.name[:30]}”是隐藏的",
            "请在电子表格软件中取消隐藏、核对内容后再上传",
        )
    return Book(sheets, table)


def roster_of(book: Book) -> Roster:
    """The data rows of an opened spreadsheet; SheetError when there are none or too many."""
    table, limits = book.table, book.table.sheet.limits
    rows = _data_rows(table)
    if not rows:
        raise SheetError(SheetFault.EMPTY, "表头下面没有数据行", "请填写数据后再上传")
    if len(rows) > limits.max_rows:
        raise too_many_rows(limits)
    letters = {column: column_letter(table.columns[column]) for column in Column if column in table.columns}
    return Roster(table.sheet.name, table.header.number, letters, tuple(rows), _notes(book, letters))


def read_sheets(data: bytes, *, filename: str, limits: SheetLimits) -> list[RawSheet]:
    """Return the sheets of a spreadsheet of any supported format, told by its first bytes."""
    if len(data) > limits.max_bytes:
        size = limits.max_bytes // (1024 * 1024)
        raise SheetError(SheetFault.TOO_LARGE, f"文件超过 {size} MiB", "请拆分后分批上传")
    if not data.strip():
        raise SheetError(SheetFault.EMPTY, "文件是空的", "请选择填写好的文件后再上传")
    if data[:4] == b"PK\x03\x04":
        return read_xlsx(data, limits)
    if data[:8] == SIGNATURE:
        return _read_compound(data, limits)
    _refuse_other_formats(data, filename)
    return [read_csv(data, limits)]


def _read_compound(data: bytes, limits: SheetLimits) -> list[RawSheet]:
    container = CompoundFile(data)
    # [MS-OFFCRYPTO] 2.3: an encrypted xlsx is a compound file with this stream.
    if "encryptedpackage" in container.names:
        raise SheetError(SheetFault.PROTECTED, "电子表格设有打开密码", "请取消密码后另存为 xlsx 再上传")
    if "workbook" not in container.names:
        raise SheetError(
            SheetFault.NOT_A_SPREADSHEET, "文件是其他旧版 Office 文档，不是电子表格", "请另存为 xlsx 后再上传"
        )
    return read_xls(container, limits)


def _refuse_other_formats(data: bytes, filename: str) -> None:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta")):
        found = "文件实际上是网页（或 XML），只是扩展名像电子表格"
    elif data[:4] in (b"%PDF", b"\x89PNG") or data[:3] == b"\xff\xd8\xff":
        found = "文件是扫描件（PDF 或图片），不是电子表格"
    elif filename.lower().endswith((".xlsx", ".xls")):
        found = "文件扩展名是电子表格，内容却不是（可能已损坏或被改过扩展名）"
    else:
        return
    raise SheetError(SheetFault.NOT_A_SPREADSHEET, found, "请用电子表格软件打开并另存为 xlsx 后再上传")


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet with its header row found: `columns` maps each key to its column, counted from 0."""

    sheet: RawSheet
    header: RawRow
    columns: Mapping[str, int]


def find_table(
    sheets: list[RawSheet], wanted: Mapping[str, str], *, optional: Mapping[str, str] = MappingProxyType({})
) -> Table:
    """Return the one table with all wanted headings (normalised heading -> key); SheetError otherwise.

    Columns with `optional` headings are found too where they are.
    """
    if not any(sheet.rows for sheet in sheets):
        raise SheetError(SheetFault.EMPTY, "电子表格中没有任何内容", _TEMPLATE)
    every = {**wanted, **optional}
    candidates = [(sheet, *_best_header(sheet, every)) for sheet in sheets if sheet.rows]
    keys = set(wanted.values())
    complete = [candidate for candidate in candidates if keys <= candidate[2].keys()]
    if len(complete) > 1:
        names = "、".join(f"“{clip(sheet.name)[:30]}”" for sheet, _, _ in complete[:5])
        raise SheetError(
            SheetFault.MANY_SHEETS,
            f"有 {len(complete)} 个工作表含有数据表头：{names}",
            "每次只上传一个工作表，请删除多余的（包括隐藏的）工作表",
        )
    if not complete:
        raise _wrong_header(max(candidates, key=lambda c: len(c[2])), wanted)
    sheet, header, found = complete[0]
    doubled = [column_letter(c) for key in found for c in found[key] if len(found[key]) > 1]
    if doubled:
        columns = "、".join(sorted(doubled))
        raise SheetError(SheetFault.WRONG_HEADER, f"表头有重复的列：{columns} 列", "请删除多余的列")
    return Table(sheet, header, {key: found[key][0] for key in found})


def _best_header(sheet: RawSheet, wanted: Mapping[str, str]) -> tuple[RawRow, dict[str, list[int]]]:
    best: tuple[RawRow, dict[str, list[int]]] = (sheet.rows[0], {})
    for row in sheet.rows[:HEADER_WITHIN]:
        if row.number > HEADER_WITHIN:
            break
        texts = {column: cell.text for column, cell in row.cells.items() if cell.kind is CellKind.TEXT}
        found = match_headings(texts, wanted)
        if len(found) > len(best[1]):
            best = (row, found)
    return best


def _wrong_header(best: tuple[RawSheet, RawRow, dict[str, list[int]]], wanted: Mapping[str, str]) -> SheetError:
    _, row, found = best
    first_names: dict[str, str] = {}
    for heading, key in wanted.items():
        first_names.setdefault(key, heading)
    missing = "、".join(heading for key, heading in first_names.items() if key not in found)
    where = f"第 {row.number} 行的表头缺少列：{missing}" if found else f"前 {HEADER_WITHIN} 行中没有找到表头"
    return SheetError(SheetFault.WRONG_HEADER, where, f"表头应包含：{'、'.join(first_names.values())}。{_TEMPLATE}")


def _data_rows(table: Table) -> list[RosterRow]:
    order = [table.columns.get(column, -1) for column in Column]
    rows = [row for row in table.sheet.rows if row.number > table.header.number]
    masks = _merged_masks(table.sheet, [row.number for row in rows])
    data = []
    for row, mask in zip(rows, masks, strict=True):
        cells = tuple(_cell(row, column, mask) for column in order)
        # A row is no person when it has values under other headings only (a remark, a signature line)
        # or nothing but the user type, which the template pre-fills.
        if any(cell.kind is not CellKind.EMPTY for place, cell in enumerate(cells) if place != _PREFILLED):
            data.append(RosterRow(row.number, cells, row.hidden))
    return data


def _cell(row: RawRow, column: int, merged: int) -> Cell:
    cell = row.cells.get(column, EMPTY_CELL)
    return Cell(cell.text, CellKind.MERGED) if column >= 0 and merged >> column & 1 else cell


def _merged_masks(sheet: RawSheet, numbers: list[int]) -> list[int]:
    """For each row one integer with a bit set for every merged column: areas may be many and tall."""
    masks = [0] * len(numbers)
    for area in sheet.merged:
        first, last = min(area.first_column, 255), min(area.last_column, 255)
        if last < first:
            continue
        bits = (1 << (last + 1)) - (1 << first)
        for index in range(bisect_left(numbers, area.first_row), bisect_right(numbers, area.last_row)):
            masks[index] |= bits
    return masks


def _notes(book: Book, letters: Mapping[Column, str]) -> tuple[str, ...]:
    notes, table = [], book.table
    if table.header.number != 1:
        notes.append(f"表头在第 {table.header.number} 行（模板为第 1 行），已按实际位置读取")
    if list(letters.values()) != [column_letter(i) for i in range(len(letters))]:
        notes.append("列的顺序或位置与模板不同，已按表头名称读取")
    others = [s.name[:30] for s in book.sheets if s.rows and s is not table.sheet and s.name not in OWN_SHEETS]
    if others:
        notes.append("没有数据表头、未读取的工作表：" + "、".join(others[:5]))
    return tuple(notes)
