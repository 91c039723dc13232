"""Invented units and rosters of any size for the benchmark; 1 row in 50 is damaged, the damage going round."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import xlsxwriter

from ca_service.domain.areas import Area, banners, leagues
from ca_service.domain.persons import check_digit
from ca_service.domain.units import Unit, UnitKind
from ca_service.intake.columns import COLUMNS, Column
from ca_service.intake.template import PREFILLED_USER_TYPE

_BANNERS: tuple[Area, ...] = tuple(banner for league in leagues() for banner in banners(league.code))
_NAMES = ("赵伟", "钱芳", "孙丽", "阿拉腾·其木格", "周强", "吴敏", "乌云·毕力格", "王静")


def schools(count: int) -> Iterator[Unit]:
    """Schools spread over all banners of the region."""
    for number in range(count):
        banner = _BANNERS[number % len(_BANNERS)]
        name = f"{banner.code}{banner.name}第{number}示范小学"
        yield Unit(f"2115{number:06d}", name, UnitKind.SCHOOL, banner.code, banner.code, "211")


def write_roster_file(path: Path, *, first: int, rows: int) -> None:
    """A sheet with one administrator for each of `rows` schools from number `first` on."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for column, heading in enumerate(COLUMNS):
            sheet.write_string(0, column, heading.value)
        for number in range(first, first + rows):
            for column, value in enumerate(person(number)):
                if isinstance(value, float):
                    sheet.write_number(number - first + 1, column, value)
                elif value:
                    sheet.write_string(number - first + 1, column, value)


def person(number: int) -> list[str | float]:
    """The cells of the administrator of a school of `schools`, in the order of the sheet's columns."""
    school = f"{_BANNERS[number % len(_BANNERS)].code}{_BANNERS[number % len(_BANNERS)].name}第{number}示范小学"
    values: list[str | float] = [
        school, _NAMES[number % len(_NAMES)], _id_number(number), f"0471-{3000000 + number % 900000}",
        f"teacher{number}@example.com", f"1990000{number % 10000:04d}", "211", PREFILLED_USER_TYPE,
        f"内蒙古自治区示范路{number}号",
    ]  # fmt: skip
    if number % 50 == 0:
        column, value = _DAMAGE[number // 50 % len(_DAMAGE)]
        values[COLUMNS.index(column)] = value
    return values


_DAMAGE: tuple[tuple[Column, str | float], ...] = (
    (Column.ID_NUMBER, 1.50102198001020006e17),
    (Column.MOBILE, "12345678901"),
    (Column.UNIT, "不存在的示范学校"),
    (Column.EMAIL, ""),
    (Column.NAME, "<b>张三</b>"),
)


def _id_number(number: int) -> str:
    """A number of its own: the banner's next birthday that gives one."""
    known, numbers = _PEOPLE[number % len(_BANNERS)]
    while len(known) <= number // len(_BANNERS):
        known.append(next(numbers))
    return known[number // len(_BANNERS)]


def _numbers(area: str) -> Iterator[str]:
    """The sequence number 000 is not handed out, so that these are nobody's; none with the check digit 0."""
    for day in range(24_000):
        body = f"{area}{date(1940, 1, 1) + timedelta(days=day):%Y%m%d}000"
        if check_digit(body) != "0":
            yield body + check_digit(body)


_PEOPLE: list[tuple[list[str], Iterator[str]]] = [([], _numbers(banner.code)) for banner in _BANNERS]
