"""xlsx as it lies in the file. Read by ourselves, because values alone do not do.

The rows need what value readers drop: formulas, merged and hidden cells, and the digits of a number as
written. It also streams: a single cell in the last corner of the grid makes readers with a dense table
allocate it whole.
"""

import posixpath
import re
from dataclasses import dataclass, field

from ca_service.intake import xml_stream
from ca_service.intake.archive import Archive
from ca_service.intake.cells import (
    GRID_COLUMNS,
    Cell,
    CellKind,
    MergedRange,
    RawRow,
    RawSheet,
    SheetLimits,
    clip,
    too_complex,
)
from ca_service.intake.errors import SheetError, SheetFault, damaged_sheet
from ca_service.intake.number_formats import date_text
from ca_service.intake.ooxml_styles import date_styles

_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})")
_MAX_STRINGS = 500_000


def read_xlsx(data: bytes, limits: SheetLimits) -> list[RawSheet]:
    """Return every sheet of the workbook with its non-empty rows; SheetError when it cannot be read whole."""
    archive = Archive(data, limits)
    if any(name.lower().endswith("vbaproject.bin") for name in archive.names):
        raise SheetError(SheetFault.MACROS, "文件含有宏", "请另存为不含宏的 xlsx 工作簿再上传")
    workbook_path = _workbook_path(archive)
    workbook = _workbook(archive, workbook_path)
    if len(workbook.entries) > limits.max_sheets:
        raise too_complex()
    targets = _relations(archive, workbook_path)
    strings = _shared_strings(archive, targets)
    dates = _Dates(date_styles(archive, targets), workbook.from_1904)
    sheets = []
    for entry in workbook.entries:
        path, kind = targets.get(entry.relation, ("", ""))
        if kind == "worksheet":
            sheet = RawSheet(entry.name, limits, hidden=entry.hidden)
            reader = _SheetReader(sheet, strings, dates)
            xml_stream.parse(archive.chunks(path), start=reader.start, end=reader.end, text=reader.text)
            sheets.append(sheet)
    return sheets


def _workbook_path(archive: Archive) -> str:
    for path, kind in _relations(archive, "").values():
        if kind == "officeDocument" and path in archive.names and path.endswith(".xml"):
            return path
    raise SheetError(SheetFault.NOT_A_SPREADSHEET, "文件不是 xlsx 工作簿", "请用电子表格软件另存为 xlsx 再上传")


def _relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """Relation id -> (path in the archive, last word of its type) of one part (OPC, ECMA-376 part 2)."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, tuple[str, str]] = {}
    if path not in archive.names:
        return found

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = (target.lstrip("/"), kind)

    xml_stream.parse(archive.chunks(path), start=start, end=_ignore, text=_ignore)
    return found


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    relation: str
    hidden: bool


@dataclass(slots=True)
class _Workbook:
    entries: list[_Entry] = field(default_factory=list)
    from_1904: bool = False


@dataclass(frozen=True, slots=True)
class _Dates:
    """The cell styles (as in the attribute `s`) that show a number as a date, and where the days are counted from."""

    styles: frozenset[str]
    from_1904: bool


def _workbook(archive: Archive, workbook_path: str) -> _Workbook:
    workbook = _Workbook()

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "workbookPr":
            workbook.from_1904 = attributes.get("date1904") in ("1", "true")
        elif tag == "sheet":
            # `r:id` and `sheetId` stay apart: attributes come without their prefix, hence "id".
            hidden = attributes.get("state", "visible") != "visible"
            workbook.entries.append(_Entry(clip(attributes.get("name", "")), attributes.get("id", ""), hidden))

    xml_stream.parse(archive.chunks(workbook_path), start=start, end=_ignore, text=_ignore)
    return workbook


def _shared_strings(archive: Archive, targets: dict[str, tuple[str, str]]) -> list[str]:
    path = next((path for path, kind in targets.values() if kind == "sharedStrings"), None)
    reader = _StringReader()
    if path is not None:
        xml_stream.parse(archive.chunks(path), start=reader.start, end=reader.end, text=reader.text)
    return reader.strings


@dataclass(slots=True)
class _StringReader:
    """Collects `<si>`: its own text and that of its runs, without the phonetic runs (`rPh`)."""

    strings: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    in_text: bool = False
    in_phonetic: bool = False

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        """Text counts inside `<t>` only, and not inside `<rPh>`."""
        if tag == "rPh":
            self.in_phonetic = True
        self.in_text = tag == "t" and not self.in_phonetic

    def text(self, text: str) -> None:
        """May come in several pieces for one element."""
        if self.in_text:
            self.parts.append(text)

    def end(self, tag: str) -> None:
        """`</si>` closes one string; SheetError beyond 500,000 of them."""
        self.in_text = False
        if tag == "rPh":
            self.in_phonetic = False
        elif tag == "si":
            if len(self.strings) >= _MAX_STRINGS:
                raise too_complex()
            self.strings.append(clip("".join(self.parts)))
            self.parts.clear()


@dataclass(slots=True)
class _SheetReader:
    """Fills a RawSheet from the events of one worksheet part (ECMA-376 part 1, 18.3.1)."""

    sheet: RawSheet
    strings: list[str]
    dates: _Dates
    row: int = 0
    row_hidden: bool = False
    column: int = -1
    kind: str = "n"
    formula: bool = False
    dated: bool = False
    cells: dict[int, Cell] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    collect: bool = False
    in_phonetic: bool = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Rows and cells must come in rising order; damaged_sheet() otherwise."""
        self.collect = False
        if tag == "c":
            self._start_cell(attributes)
        elif tag in ("v", "t"):
            self.collect = not self.in_phonetic
        elif tag == "f":
            self.formula = True
        elif tag == "row":
            self._start_row(attributes)
        elif tag == "rPh":
            self.in_phonetic = True
        elif tag == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def text(self, text: str) -> None:
        """Of `<v>` and `<t>`, possibly in several pieces."""
        if self.collect:
            self.parts.append(text)

    def end(self, tag: str) -> None:
        """`</row>` hands the row over if it has a cell with something in it."""
        self.collect = False
        if tag == "c":
            self._end_cell()
        elif tag == "rPh":
            self.in_phonetic = False
        elif tag == "row":
            if self.cells:
                self.sheet.add_row(RawRow(self.row, self.cells, self.row_hidden))
            self.cells = {}

    def _start_row(self, attributes: dict[str, str]) -> None:
        # `r` is optional: a row without it follows the one before.
        number = attributes.get("r", str(self.row + 1))
        if not re.fullmatch(r"[0-9]{1,7}", number) or int(number) <= self.row:
            raise damaged_sheet()
        self.row, self.column = int(number), -1
        self.row_hidden = attributes.get("hidden") in ("1", "true") or attributes.get("ht") in ("0", "0.0")

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self.sheet.count_cell()
        reference = attributes.get("r")
        column, row = _coordinates(reference) if reference else (self.column + 1, self.row)
        if row != self.row or not self.column < column < GRID_COLUMNS:
            raise damaged_sheet()
        self.column, self.kind, self.formula = column, attributes.get("t", "n"), False
        self.dated = attributes.get("s") in self.dates.styles
        self.parts.clear()

    def _end_cell(self) -> None:
        cell = self._cell(clip("".join(self.parts)))
        self.parts.clear()
        if cell is not None:
            self.cells[self.column] = cell

    def _cell(self, value: str) -> Cell | None:
        if self.formula:
            return Cell(value, CellKind.FORMULA)
        if self.kind == "s" and value:
            return self._text(self._string(value))
        if self.kind in ("s", "str", "inlineStr"):
            return self._text(value)
        if self.kind == "e":
            return Cell(value, CellKind.ERROR)
        return self._number(value.strip()) if value.strip() else None

    def _number(self, value: str) -> Cell:
        if self.kind == "d" or (self.kind == "n" and self.dated):
            return Cell(date_text(value, from_1904=self.dates.from_1904), CellKind.DATE)
        # Booleans are not numbers, and no column of ours holds them.
        return Cell(value, CellKind.NUMBER if self.kind == "n" else CellKind.ERROR)

    def _text(self, value: str) -> Cell | None:
        return Cell(value, CellKind.TEXT) if value.strip() else None

    def _string(self, index: str) -> str:
        if not re.fullmatch(r"[0-9]{1,7}", index.strip()) or int(index) >= len(self.strings):
            raise damaged_sheet()
        return self.strings[int(index)]

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        (left, top), (right, bottom) = _coordinates(first), _coordinates(last or first)
        self.sheet.add_merged(MergedRange(top, bottom, left, right))


def _coordinates(reference: str) -> tuple[int, int]:
    """`B3` -> (1, 3): column from 0, row from 1."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise damaged_sheet()
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1, int(match[2])


def _ignore(*_event: object) -> None:
    """Take no notice of an event."""
