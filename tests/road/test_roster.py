"""The generator keeps its promises: read by the real intake, exactly the damaged rows fall out."""

from datetime import date

import pytest

from ca_service.intake.columns import Column
from ca_service.intake.rows import check_rows
from ca_service.intake.scan import check_scan
from ca_service.intake.sheet import SheetLimits, read_roster
from tests.road.roster import Damage, UnitIndex, in_scope, make_roster, make_scan_pdf, make_units

TODAY = date(2026, 11, 24)
UNITS = make_units().units


@pytest.mark.parametrize("seed", range(3))
def test_exactly_the_expected_cells_are_bad_and_all_others_good(seed: int) -> None:
    generated = make_roster(UNITS, rows=200, damaged_share=0.1, seed=seed)
    roster = read_roster(generated.xlsx, filename="roster.xlsx", limits=SheetLimits())
    checked = check_rows(roster, units=UnitIndex(UNITS), today=TODAY)
    assert {(e.row, e.heading) for e in checked.bad} == {(row, c.value) for row, c in generated.errors}
    assert {(n.row, n.heading) for n in checked.normalised} == {(r, c.value) for r, c in generated.mended}
    expected = {(p.row, p.unit_code, p.values[Column.ID_NUMBER]) for p in generated.good}
    assert {(g.row, g.unit.code, g.id_number.value) for g in checked.good} == expected
    assert checked.warnings == []


def test_every_kind_of_damage_occurs_and_the_header_has_moved() -> None:
    generated = make_roster(UNITS)
    assert {*generated.errors.values(), *generated.mended.values()} == set(Damage)
    assert generated.header_row == 3


def test_the_same_seed_gives_the_same_roster() -> None:
    first, second, other = (make_roster(UNITS, seed=seed) for seed in (1, 1, 2))
    assert (first.good, first.errors) == (second.good, second.errors)
    assert first.good != other.good


def test_nobody_can_own_a_generated_id_number() -> None:
    assert {p.values[Column.ID_NUMBER][14:17] for p in make_roster(UNITS).good} == {"000"}


def test_the_units_hold_a_league_a_university_and_250_schools() -> None:
    kinds = [unit.kind.value for unit in UNITS]
    assert kinds.count("school") + kinds.count("direct_school") == 250
    assert kinds.count("league") == kinds.count("university") == kinds.count("centre") == 1
    assert set(in_scope(UNITS, "150000")) == {unit.code for unit in UNITS}
    assert "4115099901" not in set(in_scope(UNITS, "150100"))


def test_too_few_units_are_told() -> None:
    with pytest.raises(ValueError, match="cannot fill"):
        make_roster(UNITS, rows=100_000)


def test_the_scan_is_a_valid_scan() -> None:
    assert check_scan(make_scan_pdf(pages=2), "form.pdf").pages == 2
