"""Unit files: the same units from each format, each bad row named, only typed errors for the rest."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca_service.domain.units import Unit, UnitFault, UnitKind
from ca_service.intake.sheet import SheetError, SheetFault, SheetLimits
from ca_service.intake.unit_file import FIELDS, UnitFile, read_units
from tests.ca_service.intake.books import LIMITS, xlsx
from tests.road.roster import make_units

ROWS = (
    ("150000", "内蒙古自治区教育信息中心", "centre", "", "150000", ""),
    ("2115000001", "新城区示范小学", "school", "150102", "150102", "小学"),
    ("150102", "新城区教育局", "banner", "150100", "150102", ""),
    ("150100", "呼和浩特市教育局", "盟市教育（教体）局", "150000", "150100", ""),
)


def as_csv(*rows: tuple[str, ...], header: tuple[str, ...] = FIELDS) -> bytes:
    """Rows as a CSV file."""
    return "\n".join(",".join(row) for row in (header, *rows)).encode()


def units(data: bytes, *, limits: SheetLimits = LIMITS) -> UnitFile:
    """read_units with the usual limits."""
    return read_units(data, filename="units.csv", limits=limits)


AS_JSON = json.dumps([dict(zip(FIELDS, row, strict=True)) for row in ROWS]).encode()


FORMATS = {
    "csv": as_csv(*ROWS),
    "xlsx": xlsx([FIELDS, *ROWS]),
    "json": AS_JSON,
    "json-object": b'{"units":' + AS_JSON + b"}",
}


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_gives_the_same_units_parents_first(file_format: str) -> None:
    found = units(FORMATS[file_format])
    assert found.errors == []
    assert [unit.code for unit in found.units] == ["150000", "150100", "150102", "2115000001"]
    assert found.units[3] == Unit("2115000001", "新城区示范小学", UnitKind.SCHOOL, "150102", "150102", "211")


def test_chinese_headings_and_codes_kept_as_numbers_are_read() -> None:
    headings = ("单位代码", "单位名称", "单位类别", "上级单位代码", "行政区划代码", "办学类型")
    centre = (150000, "内蒙古自治区教育信息中心", "centre", None, 150000, None)
    assert units(xlsx([headings, centre])).units[0].code == "150000"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (("2115000002", "", "school", "150102", "150102", "211"), UnitFault.NAME),
        (("211500000", "示范小学", "school", "150102", "150102", "211"), UnitFault.CODE),
        (("2115000002", "示范小学", "学校", "150102", "150102", "211"), UnitFault.KIND),
        (("2115000002", "示范小学", "school", "150199", "150102", "211"), UnitFault.PARENT),
        (("2115000002", "示范小学", "school", "150102", "150103", "211"), UnitFault.AREA),
        (("2115000002", "示范小学", "school", "150102", "150102", "大学校"), UnitFault.SCHOOL_TYPE),
        (("2115000001", "示范小学", "school", "150102", "150102", "211"), UnitFault.DUPLICATE),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_taken(row: tuple[str, ...], fault: UnitFault) -> None:
    found = units(as_csv(*ROWS, row))
    assert len(found.units) == len(ROWS)
    (error,) = found.errors
    assert (error.row, error.code, error.fault) == (6, row[0], fault)
    assert error.mend


def test_a_unit_below_a_bad_one_is_bad_too() -> None:
    found = units(as_csv(ROWS[0], ROWS[1], ROWS[2]))
    assert [(error.code, error.fault) for error in found.errors] == [
        ("2115000001", UnitFault.PARENT),
        ("150102", UnitFault.PARENT),
    ]


def test_a_parent_may_be_known_already() -> None:
    league = Unit("150100", "呼和浩特市教育局", UnitKind.LEAGUE, "150000", "150100")
    found = read_units(as_csv(ROWS[2]), filename="u.csv", limits=LIMITS, existing={league.code: league}.get)
    assert [unit.code for unit in found.units] == ["150102"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"[1, 2]", SheetFault.WRONG_HEADER),
        (b'{"a": 1}', SheetFault.WRONG_HEADER),
        (b"[]", SheetFault.EMPTY),
        (b"[{", SheetFault.DAMAGED),
        (b"[" * 100_000, SheetFault.DAMAGED),
        (b"[" + b"9" * 10_000 + b"]", SheetFault.DAMAGED),
        (b"[\xff]", SheetFault.DAMAGED),
        (as_csv(), SheetFault.EMPTY),
        (as_csv(*ROWS, header=("code", "name", "kind", "parent", "area", "type")), SheetFault.WRONG_HEADER),
    ],
    ids=["numbers", "object", "none", "open", "deep", "long-number", "bytes", "header-only", "header"],
)
def test_a_file_that_holds_no_units_is_refused_as_a_whole(data: bytes, kind: SheetFault) -> None:
    with pytest.raises(SheetError) as caught:
        units(data)
    assert caught.value.kind is kind


def test_too_many_rows_are_refused() -> None:
    for data in (as_csv(*ROWS), AS_JSON):
        with pytest.raises(SheetError) as caught:
            units(data, limits=SheetLimits(max_rows=3))
        assert caught.value.kind is SheetFault.TOO_MANY_ROWS


def test_json_values_of_the_wrong_type_are_bad_rows() -> None:
    found = units(json.dumps([{"code": 150000, "name": ["x"], "kind": {"a": 1}}]).encode())
    assert found.units == []
    assert found.errors[0].fault is UnitFault.KIND


def test_the_generated_units_are_all_valid() -> None:
    generated = make_units()
    found = units(generated.csv)
    assert found.errors == []
    assert set(found.units) == set(generated.units)


@given(st.binary(max_size=500), st.sampled_from([b"", b"[", b"{", as_csv(*ROWS)]))
def test_only_typed_errors_leave_for_any_bytes(data: bytes, start: bytes) -> None:
    try:
        found = units(start + data)
    except SheetError as refusal:
        if not refusal.found:
            raise AssertionError from refusal
    else:
        assert found.units or found.errors
