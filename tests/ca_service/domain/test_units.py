"""The tree of units: each rule with one unit that keeps it and one that deviates in a single field."""

from dataclasses import replace

import pytest

from ca_service.domain.units import (
    Unit,
    UnitError,
    UnitFault,
    UnitKind,
    normalise_unit_name,
    parse_unit_kind,
    review_path,
    validate_unit,
)

CENTRE = Unit("150000", "内蒙古自治区教育信息中心", UnitKind.CENTRE, None, "150000")
LEAGUE = Unit("150100", "呼和浩特市教育局", UnitKind.LEAGUE, "150000", "150100")
BANNER = Unit("150102", "新城区教育局", UnitKind.BANNER, "150100", "150102")
UNIVERSITY = Unit("4115099901", "云上示范大学", UnitKind.UNIVERSITY, "150000", "150105", "411")
DIRECT = Unit("3115000001", "呼和浩特市示范中学", UnitKind.DIRECT_SCHOOL, "150100", "150105", "311")
SCHOOL = Unit("2115000001", "新城区示范小学", UnitKind.SCHOOL, "150102", "150102", "211")
PARENTS = {
    LEAGUE: CENTRE, UNIVERSITY: CENTRE, BANNER: LEAGUE, DIRECT: LEAGUE, SCHOOL: BANNER, CENTRE: None,
}  # fmt: skip
TREE = {unit.code: unit for unit in PARENTS}


@pytest.mark.parametrize("unit", list(PARENTS), ids=lambda unit: unit.kind.value)
def test_a_unit_of_every_kind_is_valid_below_its_parent(unit: Unit) -> None:
    validate_unit(unit, PARENTS[unit])


@pytest.mark.parametrize(
    ("unit", "fault"),
    [
        (replace(SCHOOL, name=""), UnitFault.NAME),
        (replace(SCHOOL, name="<b>小学</b>"), UnitFault.NAME),
        (replace(SCHOOL, parent_code="150103"), UnitFault.PARENT),
        (replace(SCHOOL, kind=UnitKind.DIRECT_SCHOOL), UnitFault.PARENT),
        (replace(SCHOOL, code="211500001"), UnitFault.CODE),
        (replace(SCHOOL, code="2114000001"), UnitFault.CODE),
        (replace(SCHOOL, code="9915000001"), UnitFault.CODE),
        (replace(SCHOOL, code="4115000001"), UnitFault.CODE),
        (replace(SCHOOL, code="２115000001"), UnitFault.CODE),
        (replace(UNIVERSITY, code="2115000009", school_type="211"), UnitFault.CODE),
        (replace(LEAGUE, code="159900"), UnitFault.CODE),
        (replace(LEAGUE, code="150102"), UnitFault.CODE),
        (replace(BANNER, code="150100"), UnitFault.CODE),
        (replace(CENTRE, code="150001"), UnitFault.CODE),
        (replace(SCHOOL, area_code="150103"), UnitFault.AREA),
        (replace(SCHOOL, area_code="150188"), UnitFault.AREA),
        (replace(DIRECT, area_code="150202"), UnitFault.AREA),
        (replace(LEAGUE, area_code="150200"), UnitFault.AREA),
        (replace(BANNER, code="150202"), UnitFault.AREA),
        (replace(SCHOOL, school_type=None), UnitFault.SCHOOL_TYPE),
        (replace(SCHOOL, school_type="111"), UnitFault.SCHOOL_TYPE),
        (replace(SCHOOL, school_type="210"), UnitFault.SCHOOL_TYPE),
    ],
)
def test_a_single_deviation_is_refused_by_its_own_rule(unit: Unit, fault: UnitFault) -> None:
    parent = next(above for below, above in PARENTS.items() if below.name == unit.name or below.kind is unit.kind)
    parent = BANNER if unit.name == SCHOOL.name else parent
    with pytest.raises(UnitError) as caught:
        validate_unit(unit, parent)
    assert caught.value.fault is fault
    assert caught.value.mend


def test_only_the_centre_has_no_parent() -> None:
    with pytest.raises(UnitError) as caught:
        validate_unit(SCHOOL, None)
    assert caught.value.fault is UnitFault.PARENT


def test_a_development_zone_outside_the_national_table_may_be_a_banner() -> None:
    validate_unit(replace(BANNER, code="150172"), LEAGUE)


@pytest.mark.parametrize(
    ("unit", "path"),
    [
        (CENTRE, []),
        (LEAGUE, ["150000"]),
        (UNIVERSITY, ["150000"]),
        (BANNER, ["150100", "150000"]),
        (DIRECT, ["150100", "150000"]),
        (SCHOOL, ["150102", "150100", "150000"]),
    ],
    ids=lambda value: getattr(getattr(value, "kind", None), "value", ""),
)
def test_an_application_climbs_from_the_unit_above_to_the_centre(unit: Unit, path: list[str]) -> None:
    assert review_path(unit, TREE.get) == path


def test_a_broken_tree_gives_no_path() -> None:
    loop = {"150102": replace(BANNER, parent_code="150102"), "150100": LEAGUE}
    for broken in ({}, {"150102": BANNER}, loop):
        with pytest.raises(UnitError):
            review_path(SCHOOL, broken.get)


def test_only_centre_and_universities_may_have_several_information_administrators() -> None:
    several = {kind for kind in UnitKind if kind.max_information_administrators is None}
    assert several == {UnitKind.CENTRE, UnitKind.UNIVERSITY}
    assert UnitKind.SCHOOL.max_information_administrators == 1


def test_a_kind_is_read_by_value_and_by_chinese_name() -> None:
    assert all(parse_unit_kind(kind.value) is parse_unit_kind(kind.chinese) is kind for kind in UnitKind)
    with pytest.raises(UnitError):
        parse_unit_kind("学校们")


def test_names_that_look_alike_are_equal_in_comparison() -> None:
    assert normalise_unit_name("示范小学（ 东校区）") == normalise_unit_name("示范小学(东校区)")
    assert normalise_unit_name("第一小学") != normalise_unit_name("第二小学")
