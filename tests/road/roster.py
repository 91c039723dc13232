"""Generators for the whole road: units, a roster with known damage, and a form scan. All of it is invented.

The ID numbers cannot belong to anybody: their sequence number (digits 15 to 17) is 000, which is not handed
out, behind a real area, a plausible date and a valid check digit. Telephone numbers carry 0000 in the middle,
e-mail addresses lie in example.com.
"""

import csv
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from io import BytesIO, StringIO

from openpyxl import Workbook
from pypdf import PdfWriter

from ca_service.domain.areas import area_name, banners, league
from ca_service.domain.persons import check_digit
from ca_service.domain.units import CENTRE_CODE, Unit, UnitKind, normalise_unit_name
from ca_service.intake.columns import COLUMNS, Column
from ca_service.intake.template import PREFILLED_USER_TYPE
from ca_service.intake.unit_match import Match

_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英兰玉萍红鹏辉梅琳云帆晨曦"
_STEPPE = ("阿拉腾·其木格", "乌云·毕力格", "巴特尔·朝鲁", "苏日娜·萨仁")
_SCHOOL_CLASSES = (("21", "211", "第{}小学"), ("11", "111", "第{}幼儿园"), ("31", "311", "第{}中学"))


class Damage(StrEnum):
    """What was done to a row. The first seven must be refused, the last three mended."""

    ID_AS_FLOAT = "id-as-float"
    ID_ZERO_TAIL = "id-zero-tail"
    ID_CHECK_DIGIT = "id-check-digit"
    MISSING_CELL = "missing-cell"
    BAD_PHONE = "bad-phone"
    UNKNOWN_UNIT = "unknown-unit"
    DUPLICATE_ID = "duplicate-id"
    ID_BLANKS = "id-blanks"
    ID_FULL_WIDTH = "id-full-width"
    ID_LOWER_X = "id-lower-x"

    @property
    def mendable(self) -> bool:
        """Whether the row must be accepted, with its number normalised."""
        return self in (Damage.ID_BLANKS, Damage.ID_FULL_WIDTH, Damage.ID_LOWER_X)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """An undamaged row as it should come out: spreadsheet row number, unit, ID number and all texts."""

    row: int
    unit_code: str
    values: Mapping[Column, str]


@dataclass(frozen=True, slots=True)
class GeneratedRoster:
    """The spreadsheet and what reading it must give: `errors` and `mended` by (row, column)."""

    xlsx: bytes
    header_row: int
    good: tuple[PersonRow, ...]
    errors: Mapping[tuple[int, Column], Damage]
    mended: Mapping[tuple[int, Column], Damage]


@dataclass(frozen=True, slots=True)
class GeneratedUnits:
    """Units of one league, valid and parents first, also as a unit file (CSV, UTF-8 with its mark)."""

    units: tuple[Unit, ...]
    csv: bytes


class UnitIndex:
    """A UnitLookup over a list of units; `inside` says which of them the uploader may register for."""

    def __init__(self, units: Sequence[Unit], inside: Callable[[str], bool] = lambda _code: True) -> None:
        self._inside = inside
        self._units = units
        self._by_key: dict[str, list[Match]] = {}
        for unit in units:
            for key in (unit.code, normalise_unit_name(unit.name)):
                self._by_key.setdefault(key, []).append(Match(unit, inside(unit.code)))

    def find(self, keys: Collection[str]) -> Mapping[str, Sequence[Match]]:
        """See UnitLookup."""
        return {key: self._by_key[key] for key in keys if key in self._by_key}

    def similar(self, key: str, *, limit: int) -> Sequence[Unit]:
        """See UnitLookup."""
        found = [unit for unit in self._units if key in normalise_unit_name(unit.name) and self._inside(unit.code)]
        return found[:limit]

    def names(self, codes: Collection[str]) -> Mapping[str, str]:
        """See UnitLookup."""
        return {unit.code: unit.name for unit in self._units if unit.code in codes}


def make_units(*, schools: int = 250, league_code: str = "150100") -> GeneratedUnits:
    """Return centre, league, its banners, one university and schools, every tenth of them direct."""
    centre = Unit(CENTRE_CODE, "内蒙古自治区教育信息中心", UnitKind.CENTRE, None, CENTRE_CODE)
    city = league(league_code)
    if city is None:
        raise ValueError(league_code)
    units = [
        centre,
        Unit(city.code, f"{city.name}教育局", UnitKind.LEAGUE, centre.code, city.code),
        Unit("4115099901", "云上示范大学", UnitKind.UNIVERSITY, centre.code, city.code, "411"),
    ]
    counties = banners(city.code)
    units += [Unit(c.code, f"{city.name}{c.name}教育局", UnitKind.BANNER, city.code, c.code) for c in counties]
    for number in range(1, schools + 1):
        school_class, school_type, pattern = _SCHOOL_CLASSES[number % len(_SCHOOL_CLASSES)]
        county = counties[number % len(counties)]
        direct = number % 10 == 0
        name = (city.name if direct else city.name + county.name) + pattern.format(number)
        kind, parent = (UnitKind.DIRECT_SCHOOL, city.code) if direct else (UnitKind.SCHOOL, county.code)
        units.append(Unit(f"{school_class}15{number:06d}", name, kind, parent, county.code, school_type))
    return GeneratedUnits(tuple(units), _unit_csv(units))


def _unit_csv(units: Sequence[Unit]) -> bytes:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(("code", "name", "kind", "parent", "area_code", "school_type"))
    for u in units:
        writer.writerow((u.code, u.name, u.kind.value, u.parent_code or "", u.area_code, u.school_type or ""))
    return text.getvalue().encode("utf-8-sig")


def make_roster(
    units: Sequence[Unit], *, rows: int = 200, damaged_share: float = 0.05, seed: int = 20261120
) -> GeneratedRoster:
    """Return a roster with one row for each of `rows` different units, its header moved to row 3.

    At least one row of every Damage is in it; damage is spread by the seed. A duplicate ID makes two rows
    bad, so a little more than the share is refused. ValueError when there are too few units.
    """
    takers = [unit for unit in units if unit.kind is not UnitKind.CENTRE][-rows:]
    if len(takers) < max(rows, 2 * len(Damage)):
        raise ValueError(f"{len(takers)} units cannot fill {rows} rows")
    return _RosterMaker(random.Random(seed), takers).make(max(len(Damage), round(rows * damaged_share)))


@dataclass(slots=True)
class _RosterMaker:
    """Makes people, damages some of them, remembers what was done."""

    rng: random.Random
    units: Sequence[Unit]
    header_row: int = 3
    used: set[str] = field(default_factory=set)
    errors: dict[tuple[int, Column], Damage] = field(default_factory=dict)
    mended: dict[tuple[int, Column], Damage] = field(default_factory=dict)

    def make(self, damaged: int) -> GeneratedRoster:
        first = self.header_row + 1
        people = [PersonRow(first + i, unit.code, self._person(unit, i)) for i, unit in enumerate(self.units)]
        cells: list[dict[Column, str | float]] = [dict(person.values) for person in people]
        chosen = self.rng.sample(range(len(people)), len(people))
        kinds = [list(Damage)[i % len(Damage)] for i in range(damaged)]
        for kind in kinds:
            index = chosen.pop()
            twin = chosen.pop() if kind is Damage.DUPLICATE_ID else None
            people[index] = self._prepare(people[index], kind)
            cells[index].update(people[index].values)
            self._damage(kind, cells, people, (index, twin))
        refused = {row for row, _ in self.errors}
        good = tuple(person for person in people if person.row not in refused)
        return GeneratedRoster(_xlsx(cells, self.header_row), self.header_row, good, self.errors, self.mended)

    def _person(self, unit: Unit, index: int) -> dict[Column, str]:
        name = self.rng.choice(_SURNAMES) + "".join(self.rng.sample(_GIVEN, self.rng.choice((1, 2))))
        place = area_name(unit.area_code) or ""
        return {
            Column.UNIT: unit.name,
            Column.NAME: self.rng.choice(_STEPPE) if index % 25 == 24 else name,
            Column.ID_NUMBER: self._id_number(unit.area_code),
            Column.OFFICE_PHONE: f"0471-{3000000 + index:07d}",
            Column.EMAIL: f"teacher{index:05d}@example.com",
            Column.MOBILE: f"1990000{index % 10000:04d}",
            Column.SCHOOL_TYPE: unit.school_type or "",
            Column.USER_TYPE: PREFILLED_USER_TYPE,
            Column.ADDRESS: f"内蒙古自治区{place}示范路{index + 1}号",
        }

    def _id_number(self, area_code: str, *, last: str = "123456789X") -> str:
        while True:
            born = date(1965, 1, 1) + timedelta(days=self.rng.randrange(35 * 365))
            body = f"{area_code}{born:%Y%m%d}000"
            number = body + check_digit(body)
            # A check digit 0 would end the number in 000, as damaged ones do.
            if number[-1] in last and number not in self.used:
                self.used.add(number)
                return number

    def _prepare(self, person: PersonRow, kind: Damage) -> PersonRow:
        if kind is not Damage.ID_LOWER_X:
            return person
        number = self._id_number(person.values[Column.ID_NUMBER][:6], last="X")
        return PersonRow(person.row, person.unit_code, {**person.values, Column.ID_NUMBER: number})

    def _damage(
        self,
        kind: Damage,
        cells: list[dict[Column, str | float]],
        people: Sequence[PersonRow],
        places: tuple[int, int | None],
    ) -> None:
        index, twin = places
        row, number = people[index].row, people[index].values[Column.ID_NUMBER]
        column, value = self._damaged_cell(kind, number)
        if twin is not None:
            # The twin takes the number, so both rows are refused.
            cells[twin][Column.ID_NUMBER] = number
            self.errors[people[twin].row, Column.ID_NUMBER] = kind
        cells[index][column] = value
        (self.mended if kind.mendable else self.errors)[row, column] = kind

    def _damaged_cell(self, kind: Damage, number: str) -> tuple[Column, str | float]:
        wrong = "12"[number[-1] == "1"]
        wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
        cells: dict[Damage, tuple[Column, str | float]] = {
            Damage.ID_AS_FLOAT: (Column.ID_NUMBER, float(number[:17] + "0")),
            Damage.ID_ZERO_TAIL: (Column.ID_NUMBER, number[:15] + "000"),
            Damage.ID_CHECK_DIGIT: (Column.ID_NUMBER, number[:17] + wrong),
            Damage.MISSING_CELL: (self.rng.choice((Column.NAME, Column.EMAIL, Column.ADDRESS)), ""),
            Damage.BAD_PHONE: (Column.MOBILE, "12345678901"),
            Damage.UNKNOWN_UNIT: (Column.UNIT, "不存在的示范学校"),
            Damage.DUPLICATE_ID: (Column.ID_NUMBER, number),
            Damage.ID_BLANKS: (Column.ID_NUMBER, f" {number[:6]} {number[6:14]} {number[14:]}"),
            Damage.ID_FULL_WIDTH: (Column.ID_NUMBER, wide),
            Damage.ID_LOWER_X: (Column.ID_NUMBER, number.lower()),
        }
        return cells[kind]


def _xlsx(rows: Sequence[Mapping[Column, str | float]], header_row: int) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.cell(1, 1, "用户CA信息电子表格（示范数据）")
    for index, column in enumerate(COLUMNS, 1):
        sheet.cell(header_row, index, column.value)
    for number, values in enumerate(rows, header_row + 1):
        for index, column in enumerate(COLUMNS, 1):
            if values[column] != "":
                sheet.cell(number, index, values[column])
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def make_scan_pdf(*, pages: int = 1) -> bytes:
    """Return a small valid PDF of blank A4 pages, as a scanner without text recognition makes."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width=595, height=842)
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def in_scope(units: Sequence[Unit], top: str) -> Iterator[str]:
    """Yield the codes of the subtree below `top`, itself included; parents must stand before children."""
    inside = {top}
    for unit in units:
        if unit.code == top or unit.parent_code in inside:
            inside.add(unit.code)
            yield unit.code
