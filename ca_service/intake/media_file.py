"""A list of tokens: one serial number a line (as a scanner types it), or a table with 序列号, 型号, 固件版本."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ca_service.domain.errors import Invalid
from ca_service.intake.cells import EMPTY_CELL, CellKind, RawRow, SheetLimits, clip
from ca_service.intake.errors import SheetError
from ca_service.intake.sheet import Table, find_table, read_sheets

_HEADINGS: Mapping[str, str] = {
    "序列号": "serial", "介质序列号": "serial", "serial": "serial",
    "型号": "model", "model": "model",
    "固件版本": "firmware", "固件": "firmware", "firmware": "firmware",
}  # fmt: skip
_MAX_TEXT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ListedMedium:
    """One token of the list; what the list does not say is empty."""

    serial: str
    model: str = ""
    firmware: str = ""


def read_media(data: bytes, *, filename: str) -> Sequence[ListedMedium]:
    """Read a list; raise Invalid saying what is wrong with it. Whether a serial number is new is the store's to say."""
    if filename.lower().endswith(".txt"):
        return scanned(_text(data))
    try:
        sheets = read_sheets(data, filename=filename, limits=SheetLimits())
        table = find_table(sheets, _HEADINGS)
    except SheetError as error:
        raise Invalid(str(error)) from error
    rows = [row for row in table.sheet.rows if row.number > table.header.number]
    found = [_listed(row, table) for row in rows]
    return [one for one in found if one.serial]


def scanned(text: str) -> Sequence[ListedMedium]:
    """What a scanner typed: one serial number a line; empty lines are passed over."""
    return [ListedMedium(line.strip()) for line in text.splitlines() if line.strip()]


def _text(data: bytes) -> str:
    if len(data) > _MAX_TEXT:
        raise Invalid("清单文件过大（超过 4 MiB），请拆分后分批登记。")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("清单文件不是 UTF-8 文本，请另存为 UTF-8 后再登记。") from error


def _listed(row: RawRow, table: Table) -> ListedMedium:
    values = {}
    for key, column in table.columns.items():
        cell = row.cells.get(column, EMPTY_CELL)
        if cell.kind is CellKind.NUMBER and key == "serial":
            # Spreadsheet programs drop leading zeros and the digits after the fifteenth.
            raise Invalid(
                f"第 {row.number} 行的序列号是数字格式，可能已丢失前面的零或后面的位数。请把该列设为文本后重新填写。"
            )
        values[key] = clip(cell.text).strip() if cell.kind in (CellKind.TEXT, CellKind.NUMBER) else ""
    return ListedMedium(**values)
