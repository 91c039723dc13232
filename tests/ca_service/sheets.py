"""Sheets for the units of office.py: one good person a row, each test says what deviates."""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import islice

from ca_service.domain.persons import check_digit
from ca_service.intake.columns import COLUMNS, Column
from ca_service.intake.template import write_roster
from ca_service.workflows.register import Upload
from tests.ca_service.office import LEAGUE, Office
from tests.road.roster import make_units

UNITS = make_units(schools=60, league_code=LEAGUE).units
SCHOOLS = [unit for unit in UNITS if unit.school_type and unit.parent_code != "150000"]
BUREAUS = [unit for unit in UNITS if unit.kind.value == "banner"]


def person(number: int, **deviation: str) -> dict[Column, str]:
    """The person of the school with this number; deviations are named by Column."""
    school = SCHOOLS[number]
    values = (
        school.name, "示范人", id_number(school.area_code, number), "0473-3000001", f"t{number}@example.com",
        f"1990000{number:04d}", school.school_type or "", "教师系统信息管理员", "乌海市示范路 1 号",
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True)) | {Column[name]: text for name, text in deviation.items()}


def id_number(area: str, number: int) -> str:
    """Nobody's: the sequence number 000 is not handed out; none that ends in 000 as damaged ones do."""
    days = (date(1980, 1, 1) + timedelta(days=step) for step in range(10_000))
    bodies = (f"{area}{day:%Y%m%d}000" for day in days)
    good = (body + check_digit(body) for body in bodies if check_digit(body) != "0")
    return next(islice(good, number, None))


def sheet(*people: Mapping[Column, str]) -> bytes:
    """A sheet of these people in the template's form."""
    return write_roster(people)


def upload(office: Office, *people: Mapping[Column, str], unit: str = LEAGUE) -> Upload:
    """An upload of a sheet with these people for the league; the units are imported on the way."""
    assert office.school
    return Upload(unit, sheet(*people), "登记表.xlsx", office.scan, "form.pdf")
