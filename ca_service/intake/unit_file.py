"""The units of a region from CSV, xlsx, xls or JSON: every row typed, or its error named."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ca_service.domain.school_types import SchoolTypeError, parse_school_type
from ca_service.domain.units import Unit, UnitError, UnitFault, UnitKind, parse_unit_kind, validate_unit
from ca_service.intake.cells import EMPTY_CELL, CellKind, RawRow, SheetLimits, clip, too_many_rows
from ca_service.intake.columns import match_headings
from ca_service.intake.errors import SheetError, SheetFault, damaged_sheet
from ca_service.intake.findings import plain_number
from ca_service.intake.sheet import find_table, read_sheets

__all__ = ["UnitFile", "UnitRowError", "read_units"]

FIELDS = ("code", "name", "kind", "parent", "area_code", "school_type")
# Heading (normalised) -> field. School types are optional in a row, not as a column; the credit code is in both.
_HEADINGS: Mapping[str, str] = {
    "code": "code", "name": "name", "kind": "kind", "parent": "parent",
    "area_code": "area_code", "school_type": "school_type",
    "单位代码": "code", "单位名称": "name", "单位类别": "kind", "上级单位代码": "parent",
    "行政区划代码": "area_code", "办学类型": "school_type",
}  # fmt: skip
_OPTIONAL: Mapping[str, str] = {"credit_code": "credit_code", "统一社会信用代码": "credit_code"}
_KEYS = (*FIELDS, "credit_code")


@dataclass(frozen=True, slots=True)
class UnitRowError:
    """A row that is not taken: `row` as on screen (JSON: the position from 1), both texts Chinese."""

    row: int
    code: str
    fault: UnitFault
    reason: str
    mend: str


@dataclass(frozen=True, slots=True)
class UnitFile:
    """The valid units, parents before children, with their rows by code, and the rows that are not valid. Nothing is
    stored by reading.
    """

    units: list[Unit]
    errors: list[UnitRowError]
    rows: Mapping[str, int]


def read_units(
    data: bytes,
    *,
    filename: str,
    limits: SheetLimits,
    existing: Callable[[str], Unit | None] = lambda _code: None,
) -> UnitFile:
    """Read a unit file; SheetError when it cannot be read as a whole, whatever the bytes.

    A parent may stand anywhere in the file, or be known to `existing` already. A unit below a bad one is
    bad too. `existing` is asked for parents only; whether a code is taken is the store's to say.
    """
    starts_json = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{")
    records = _from_json(data, limits) if starts_json else _from_table(data, filename, limits)
    resolver = _Resolver(existing)
    for row, record in records:
        resolver.read(row, record)
    return resolver.result()


def _from_table(data: bytes, filename: str, limits: SheetLimits) -> list[tuple[int, dict[str, str]]]:
    table = find_table(read_sheets(data, filename=filename, limits=limits), _HEADINGS)
    rows = [row for row in table.sheet.rows if row.number > table.header.number]
    if not rows:
        raise SheetError(SheetFault.EMPTY, "表头下面没有数据行", "请填写数据后再上传")
    if len(rows) > limits.max_rows:
        raise too_many_rows(limits)
    texts = {column: cell.text for column, cell in table.header.cells.items() if cell.kind is CellKind.TEXT}
    also = {key: columns[0] for key, columns in match_headings(texts, _OPTIONAL).items()}
    return [(row.number, _record(row, {**table.columns, **also})) for row in rows]


def _record(row: RawRow, columns: Mapping[str, int]) -> dict[str, str]:
    record = {}
    for key, column in columns.items():
        cell = row.cells.get(column, EMPTY_CELL)
        # Formulas and errors give no value, so the rule of their field refuses them as missing.
        if cell.kind is CellKind.NUMBER:
            record[key] = plain_number(cell.text)
        else:
            record[key] = cell.text if cell.kind is CellKind.TEXT else ""
    return record


def _from_json(data: bytes, limits: SheetLimits) -> list[tuple[int, dict[str, str]]]:
    if len(data) > limits.max_bytes:
        raise SheetError(SheetFault.TOO_LARGE, "文件过大", "请拆分后分批上传")
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise damaged_sheet() from error
    items = content.get("units") if isinstance(content, dict) else content
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        mend = f"JSON 应为对象的数组，每个对象含有 {'、'.join(FIELDS)}"
        raise SheetError(SheetFault.WRONG_HEADER, "JSON 不是单位的列表", mend)
    if not items:
        raise SheetError(SheetFault.EMPTY, "文件中没有单位", "请填写数据后再上传")
    if len(items) > limits.max_rows:
        raise too_many_rows(limits)
    return [(number, _json_record(item)) for number, item in enumerate(items, 1)]


def _json_record(item: Mapping[str, object]) -> dict[str, str]:
    # Codes are identifiers: a JSON number is not taken for one, it could have lost leading zeros.
    return {key: value for key in _KEYS if isinstance(value := item.get(key), str)}


@dataclass(slots=True)
class _Resolver:
    """Reads all rows first, then validates each below its parent, whatever the order of the file."""

    existing: Callable[[str], Unit | None]
    rows: dict[str, tuple[int, Unit]] = field(default_factory=dict)
    errors: list[UnitRowError] = field(default_factory=list)

    def read(self, row: int, record: Mapping[str, str]) -> None:
        """`row` counts from 1 in JSON, and is the line in a table; a bad one is noted in `errors`."""
        values = {key: clip(record.get(key, "")).strip() for key in _KEYS}
        try:
            unit = Unit(
                code=values["code"],
                name=values["name"],
                kind=parse_unit_kind(values["kind"]),
                parent_code=values["parent"] or None,
                area_code=values["area_code"],
                school_type=parse_school_type(values["school_type"]).code if values["school_type"] else None,
                credit_code=values["credit_code"].upper() or None,
            )
        except SchoolTypeError as error:
            self._refuse(row, values["code"], UnitError(UnitFault.SCHOOL_TYPE, error.reason, error.mend))
        except UnitError as error:
            self._refuse(row, values["code"], error)
        else:
            self._take(row, unit)

    def _take(self, row: int, unit: Unit) -> None:
        if unit.code in self.rows:
            reason = f"单位代码与第 {self.rows[unit.code][0]} 行重复"
            self._refuse(row, unit.code, UnitError(UnitFault.DUPLICATE, reason, "每个单位只填一行"))
        else:
            self.rows[unit.code] = (row, unit)

    def result(self) -> UnitFile:
        """Validate from the top down; UnitKind lists every kind behind the kinds it may report to."""
        valid: dict[str, Unit] = {}
        order = {kind: depth for depth, kind in enumerate(UnitKind)}
        for row, unit in sorted(self.rows.values(), key=lambda item: (order[item[1].kind], item[0])):
            try:
                validate_unit(unit, self._parent(unit, valid))
            except UnitError as error:
                self._refuse(row, unit.code, error)
            else:
                valid[unit.code] = unit
        errors = sorted(self.errors, key=lambda error: error.row)
        return UnitFile(list(valid.values()), errors, {code: row for code, (row, _) in self.rows.items()})

    def _parent(self, unit: Unit, valid: Mapping[str, Unit]) -> Unit | None:
        if unit.parent_code is None:
            return None
        return valid.get(unit.parent_code) or self.existing(unit.parent_code)

    def _refuse(self, row: int, code: str, error: UnitError) -> None:
        self.errors.append(UnitRowError(row, code[:20], error.fault, error.reason, error.mend))
