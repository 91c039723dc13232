"""xls of Excel 97 to 2003 ([MS-XLS], BIFF8), read by ourselves for the reasons given in ooxml.py."""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from ca_service.intake.biff_strings import read_shared_strings, short_string, unicode_string
from ca_service.intake.cells import (
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
from ca_service.intake.number_formats import date_text, shows_date
from ca_service.intake.ole import CompoundFile

_BOF, _EOF, _CONTINUE = 0x0809, 0x000A, 0x003C
_FILEPASS, _BOUNDSHEET, _SST, _MACROS = 0x002F, 0x0085, 0x00FC, 0x00D3
_FORMAT, _XF, _DATE_MODE = 0x041E, 0x00E0, 0x0022
_ROW, _MERGED = 0x0208, 0x00E5
_LABELSST, _LABEL, _RSTRING, _NUMBER, _RK, _MULRK = 0x00FD, 0x0204, 0x00D6, 0x0203, 0x027E, 0x00BD
_BOOLERR, _FORMULA = 0x0205, 0x0006
_MAX_RECORDS = 2_000_000


def read_xls(container: CompoundFile, limits: SheetLimits) -> list[RawSheet]:
    """Return every worksheet with its non-empty rows; SheetError when it cannot be read whole."""
    try:
        workbook = _Workbook(container.stream("workbook"), limits)
        return workbook.sheets()
    except (struct.error, IndexError) as error:
        raise damaged_sheet() from error


class _Workbook:
    """The record stream, and the budget of records that all its sheets share."""

    def __init__(self, stream: bytes, limits: SheetLimits) -> None:
        self._stream = stream
        self._limits = limits
        self._records_left = _MAX_RECORDS
        self._strings: list[str] = []
        self._bounds: list[tuple[str, int, bool]] = []
        self._codes: dict[int, str] = {}
        self._formats: list[int] = []
        self._from_1904 = False
        self._read_globals()

    def _records(self, offset: int) -> Iterator[tuple[int, bytes]]:
        while offset + 4 <= len(self._stream):
            kind, length = struct.unpack_from("<HH", self._stream, offset)
            body = self._stream[offset + 4 : offset + 4 + length]
            if len(body) < length:
                break
            self._records_left -= 1
            if self._records_left < 0:
                raise too_complex()
            yield kind, body
            if kind == _EOF:
                return
            offset += 4 + length
        # A sheet that ends without EOF was cut off.
        raise damaged_sheet()

    def _read_globals(self) -> None:
        pieces: list[bytes] | None = None
        for position, (kind, body) in enumerate(self._records(0)):
            if position == 0 and (kind != _BOF or body[:2] != b"\x00\x06"):
                raise SheetError(SheetFault.NOT_A_SPREADSHEET, "是 Excel 95 或更早的格式", "请另存为 xlsx 后再上传")
            if kind == _CONTINUE and pieces is not None:
                pieces.append(body)
                continue
            if pieces is not None:
                self._strings, pieces = read_shared_strings(pieces), None
            if kind == _SST:
                pieces = [body]
            else:
                self._read_global(kind, body)

    def _read_global(self, kind: int, body: bytes) -> None:
        if kind == _FILEPASS:
            raise SheetError(SheetFault.PROTECTED, "电子表格设有打开密码", "请取消密码后另存为 xlsx 再上传")
        if kind == _MACROS:
            raise SheetError(SheetFault.MACROS, "文件含有宏", "请另存为不含宏的 xlsx 工作簿再上传")
        if kind == _DATE_MODE:
            self._from_1904 = body[:1] == b"\x01"
        elif kind == _FORMAT:
            self._codes[struct.unpack_from("<H", body)[0]] = unicode_string(body, 2)
        elif kind == _XF:
            self._formats.append(struct.unpack_from("<H", body, 2)[0])
        elif kind == _BOUNDSHEET and body[5] == 0:
            (offset,) = struct.unpack_from("<I", body)
            self._bounds.append((short_string(body, 6), offset, bool(body[4] & 3)))

    def sheets(self) -> list[RawSheet]:
        """In the order of the BOUNDSHEET records; SheetError where there are too many."""
        if len(self._bounds) > self._limits.max_sheets:
            raise too_complex()
        dated = {index for index, found in enumerate(self._formats) if shows_date(found, self._codes.get(found))}
        return [self._sheet(bound, frozenset(dated)) for bound in self._bounds]

    def _sheet(self, bound: tuple[str, int, bool], dated: frozenset[int]) -> RawSheet:
        name, offset, hidden = bound
        sheet = RawSheet(name, self._limits, hidden=hidden)
        reader = _SheetReader(sheet, self._strings, dated, self._from_1904)
        for kind, body in self._records(offset):
            reader.record(kind, body)
        for row in sorted(reader.rows):
            sheet.add_row(RawRow(row + 1, reader.rows[row], row in reader.hidden_rows))
        return sheet


@dataclass(slots=True)
class _SheetReader:
    """Collects the cells of one sheet; records of a row may come in any order."""

    sheet: RawSheet
    strings: list[str]
    dated: frozenset[int]
    from_1904: bool
    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)

    def record(self, kind: int, body: bytes) -> None:
        """One BIFF8 record ([MS-XLS] §2.3); kinds that hold no cell are passed over. `struct.error` where it is too
        short.
        """
        if kind == _ROW:
            row, _, _, height, flags = struct.unpack_from("<4H4xH", body)
            if flags & 0x20 or height & 0x7FFF == 0:
                self.hidden_rows.add(row)
        elif kind == _MERGED:
            for index in range(struct.unpack_from("<H", body)[0]):
                top, bottom, left, right = struct.unpack_from("<4H", body, 2 + 8 * index)
                self.sheet.add_merged(MergedRange(top + 1, bottom + 1, left, right))
        elif kind == _MULRK:
            row, column = struct.unpack_from("<HH", body)
            for index in range((len(body) - 6) // 6):
                style, number = struct.unpack_from("<HI", body, 4 + 6 * index)
                self._put(row, column + index, self._number(_decode_rk(number), style))
        elif kind in (_LABELSST, _LABEL, _RSTRING, _NUMBER, _RK, _BOOLERR, _FORMULA):
            row, column, style = struct.unpack_from("<3H", body)
            self._put(row, column, self._cell(kind, body, style))

    def _put(self, row: int, column: int, cell: Cell) -> None:
        self.sheet.count_cell()
        if cell.kind is not CellKind.TEXT or cell.text.strip():
            self.rows.setdefault(row, {})[column] = cell

    def _cell(self, kind: int, body: bytes, style: int) -> Cell:
        if kind == _LABELSST:
            return Cell(self.strings[struct.unpack_from("<I", body, 6)[0]], CellKind.TEXT)
        if kind in (_LABEL, _RSTRING):
            return Cell(clip(unicode_string(body, 6)), CellKind.TEXT)
        if kind == _NUMBER:
            return self._number(struct.unpack_from("<d", body, 6)[0], style)
        if kind == _RK:
            return self._number(_decode_rk(struct.unpack_from("<I", body, 6)[0]), style)
        return Cell("", CellKind.FORMULA if kind == _FORMULA else CellKind.ERROR)

    def _number(self, value: float, style: int) -> Cell:
        if not math.isfinite(value):
            return Cell("", CellKind.ERROR)
        text = repr(value).removesuffix(".0")
        if style in self.dated:
            return Cell(date_text(text, from_1904=self.from_1904), CellKind.DATE)
        return Cell(text, CellKind.NUMBER)


def _decode_rk(number: int) -> float:
    """RK number ([MS-XLS] 2.5.217): 30 bits of an integer or of a double, optionally in hundredths."""
    if number & 2:
        value = float((number >> 2) - ((number >> 31) << 30))
    else:
        (value,) = struct.unpack("<d", struct.pack("<Q", (number & 0xFFFFFFFC) << 32))
    return value / 100 if number & 1 else value
