"""Which unit a cell means: code, only name, choice."""

import pytest

from ca_service.domain.units import Unit
from ca_service.intake.rows import Checked, check_rows
from tests.ca_service.intake.books import HEADINGS, read, xlsx
from tests.ca_service.intake.test_rows import FAR, SCHOOL, TODAY, TWINS, UNITS, person
from tests.road.roster import UnitIndex


def chosen(unit: str, code: str) -> Checked:
    """A sheet of one row with this unit, for which the person picked this code."""
    return check_rows(read(xlsx([HEADINGS, person(UNIT=unit)])), units=UNITS, today=TODAY, chosen={2: code})


def test_several_units_of_one_name_are_offered_with_the_unit_above() -> None:
    checked = check_rows(read(xlsx([HEADINGS, person(UNIT="光明小学")])), units=UNITS, today=TODAY)
    (error,) = checked.bad
    assert [choice.code for choice in error.choices] == [unit.code for unit in TWINS]
    assert "新城区教育局" in error.choices[0].label


def test_units_with_a_similar_name_are_offered_where_none_fits() -> None:
    checked = check_rows(read(xlsx([HEADINGS, person(UNIT="示范小学")])), units=UNITS, today=TODAY)
    assert [choice.code for choice in checked.bad[0].choices] == [SCHOOL.code]
    nothing = check_rows(read(xlsx([HEADINGS, person(UNIT="没有的学校")])), units=UNITS, today=TODAY)
    assert nothing.bad[0].choices == ()


def test_a_choice_decides_and_is_told() -> None:
    checked = chosen("光明小学", TWINS[1].code)
    assert checked.good[0].unit == TWINS[1]
    assert f"已按您的选择录入为“光明小学”；再次上传时请在此填写单位代码 {TWINS[1].code}" in checked.warnings[0].why


@pytest.mark.parametrize("code", [SCHOOL.code, FAR.code, "2115000099", "x"])
def test_a_choice_that_was_not_offered_is_refused(code: str) -> None:
    checked = chosen("光明小学", code)
    assert not checked.good
    assert "请重新选择" in checked.bad[0].mend


def test_a_choice_cannot_overrule_a_name_that_is_clear() -> None:
    assert chosen(SCHOOL.name, TWINS[0].code).good[0].unit == SCHOOL


def test_of_two_units_the_one_inside_is_meant_and_the_other_told() -> None:
    units = UnitIndex(TWINS, inside=lambda code: code == TWINS[0].code)
    checked = check_rows(read(xlsx([HEADINGS, person(UNIT="光明小学")])), units=units, today=TODAY)
    assert checked.good[0].unit == TWINS[0]
    assert "同名单位" in checked.warnings[0].why


def test_a_sheet_of_nonsense_asks_for_few_searches() -> None:
    class Counting(UnitIndex):
        asked = 0

        def similar(self, key: str, *, limit: int) -> list[Unit]:
            Counting.asked += 1
            return []

    rows = [person(UNIT=f"没有的学校{n}") for n in range(80)]
    check_rows(read(xlsx([HEADINGS, *rows])), units=Counting(TWINS), today=TODAY)
    assert Counting.asked == 50
