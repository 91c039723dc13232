"""Units and their tree: which kind reports to which, what a code looks like, who reviews whom."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ca_service.domain.areas import REGION_CODE, area_name, banner, league
from ca_service.domain.person_text import FORBIDDEN
from ca_service.domain.refusals import RefusedValueError
from ca_service.domain.school_types import SCHOOL_TYPES
from ca_service.domain.unit_codes import (
    UNIVERSITY_CLASSES,
    OrganisationCodeError,
    parse_credit_code,
    parse_school_code,
)
from ca_service.domain.unit_kinds import AdministratorRule, UnitKind, UnitStatus

# The one door to units: kinds and their rules are told apart only for their size.
__all__ = [
    "CENTRE_CODE",
    "AdministratorRule",
    "Unit",
    "UnitError",
    "UnitFault",
    "UnitKind",
    "UnitStatus",
    "normalise_unit_name",
    "parse_unit_kind",
    "placed_below",
    "review_path",
    "validate_unit",
]

CENTRE_CODE = REGION_CODE
# Two parentheses that look alike are one to a reader, so they are one in a name.
_NAME_FORM = {0xFF01 + i: 0x21 + i for i in range(94)} | {ord("（"): "(", ord("）"): ")"}


class UnitFault(StrEnum):
    """Which rule a unit breaks."""

    NAME = "name"
    CODE = "code"
    KIND = "kind"
    PARENT = "parent"
    AREA = "area"
    SCHOOL_TYPE = "school-type"
    CREDIT_CODE = "credit-code"
    DUPLICATE = "duplicate"


class UnitError(RefusedValueError):
    """A unit breaks a rule of the tree; `fault` is the rule, for programs."""

    def __init__(self, fault: UnitFault, reason: str, mend: str) -> None:
        super().__init__(reason, mend)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit. `area_code` is GB/T 2260, `school_type` the three digits of the 办学类型, `credit_code` the
    统一社会信用代码. `successor_code` is the unit into which this one was merged.
    """

    code: str
    name: str
    kind: UnitKind
    parent_code: str | None
    area_code: str
    school_type: str | None = None
    credit_code: str | None = None
    status: UnitStatus = UnitStatus.OPEN
    successor_code: str | None = None
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the unit takes part."""
        return self.status is UnitStatus.OPEN


def normalise_unit_name(text: str) -> str:
    """The form in which two spellings of one name are equal: no blanks, half-width signs and parentheses.

    For comparing only; the name is stored and shown as its unit writes it.
    """
    return "".join(text.translate(_NAME_FORM).split()).casefold()


def parse_unit_kind(text: str) -> UnitKind:
    """Read a kind by its value (`direct_school`) or its Chinese name (`盟市直属学校`)."""
    plain = normalise_unit_name(text)
    for kind in UnitKind:
        if plain in (kind.value, normalise_unit_name(kind.chinese)):
            return kind
    choices = "、".join(f"{kind.value}（{kind.chinese}）" for kind in UnitKind)
    raise UnitError(UnitFault.KIND, "单位类别不在规定的范围内", f"请填写其中一种：{choices}")


def validate_unit(unit: Unit, parent: Unit | None) -> None:
    """Raise UnitError at the first rule that the unit breaks below this parent (None for the centre only)."""
    _validate_name(unit)
    _validate_parent(unit, parent)
    _validate_code(unit)
    _validate_area(unit, parent)
    _validate_school_type(unit)
    if unit.credit_code is not None:
        _validate_credit_code(unit.credit_code)


def _validate_name(unit: Unit) -> None:
    if not 2 <= len(unit.name) <= 100 or unit.name != unit.name.strip() or FORBIDDEN.search(unit.name):
        raise UnitError(UnitFault.NAME, "单位名称为空、过长或含有不允许的字符", "请填写 2 至 100 个字的单位全称")


def _validate_parent(unit: Unit, parent: Unit | None) -> None:
    wanted = "、".join(kind.chinese for kind in UnitKind if kind in unit.kind.parent_kinds)
    if parent is None:
        if unit.kind is not UnitKind.CENTRE or unit.parent_code is not None:
            raise UnitError(UnitFault.PARENT, "上级单位不存在", f"请填写上级单位代码，上级应为：{wanted or '无'}")
    elif unit.parent_code != parent.code or parent.kind not in unit.kind.parent_kinds:
        raise UnitError(
            UnitFault.PARENT,
            f"“{unit.kind.chinese}”的上级不能是“{parent.kind.chinese}”",
            f"上级应为：{wanted or '无（中心没有上级）'}",
        )


def _validate_code(unit: Unit) -> None:
    if unit.kind is UnitKind.CENTRE:
        good, mend = unit.code == CENTRE_CODE, f"中心的代码是 {CENTRE_CODE}"
    elif unit.kind is UnitKind.LEAGUE:
        found = league(unit.code)
        good, mend = (
            found is not None and found.code == unit.code,
            "盟市的代码是六位行政区划代码，例如 150100",
        )
    elif unit.kind is UnitKind.BANNER:
        # Development zones have education departments and codes of their own, yet are not in
        # GB/T 2260; so a banner's code need only lie in a known league.
        good = (
            bool(re.fullmatch(r"15[0-9]{4}", unit.code))
            and not unit.code.endswith("00")
            and league(unit.code) is not None
        )
        mend = "旗县的代码是六位行政区划代码，例如 150102"
    else:
        _validate_school_code(unit)
        return
    if not good:
        raise UnitError(UnitFault.CODE, f"单位代码不符合“{unit.kind.chinese}”的编码规则", mend)


def _validate_school_code(unit: Unit) -> None:
    try:
        code = parse_school_code(unit.code)
    except OrganisationCodeError as error:
        raise UnitError(UnitFault.CODE, error.reason, error.mend) from error
    if (code.school_class in UNIVERSITY_CLASSES) is not (unit.kind is UnitKind.UNIVERSITY):
        raise UnitError(
            UnitFault.CODE,
            f"标识码的类别 {code.school_class}（{code.class_name}）与单位类别“{unit.kind.chinese}”不符",
            "高等学校的类别为 41、42 或 92，其他学校为其余类别；请核对单位类别或标识码",
        )


def _validate_credit_code(text: str) -> None:
    try:
        written = parse_credit_code(text)
    except OrganisationCodeError as error:
        raise UnitError(UnitFault.CREDIT_CODE, error.reason, error.mend) from error
    if written != text:
        raise UnitError(UnitFault.CREDIT_CODE, "统一社会信用代码应为大写、不含空格", f"请填写为 {written}")


def _validate_area(unit: Unit, parent: Unit | None) -> None:
    mend = "请填写六位行政区划代码，并与上级单位所在地一致"
    if area_name(unit.area_code) is None:
        raise UnitError(UnitFault.AREA, "行政区划代码不在现行代码表中", mend)
    inside = {
        UnitKind.CENTRE: unit.area_code == REGION_CODE,
        UnitKind.LEAGUE: unit.area_code == unit.code,
        UnitKind.BANNER: banner(unit.area_code) is not None and unit.area_code[:4] == unit.code[:4],
    }.get(unit.kind, True)
    if not inside or not _lies_in(unit, parent):
        raise UnitError(UnitFault.AREA, "行政区划代码与单位或其上级不一致", mend)


def _lies_in(unit: Unit, parent: Unit | None) -> bool:
    if parent is None or parent.kind is UnitKind.CENTRE:
        return True
    if parent.kind is UnitKind.BANNER:
        return unit.area_code == parent.area_code
    return unit.area_code[:4] == parent.area_code[:4]


def _validate_school_type(unit: Unit) -> None:
    if unit.school_type is None:
        if unit.kind.is_school:
            raise UnitError(UnitFault.SCHOOL_TYPE, "学校没有填写办学类型", "请填写三位办学类型代码，例如 211（小学）")
        return
    if unit.school_type not in SCHOOL_TYPES or unit.school_type[:2] != unit.code[:2]:
        raise UnitError(
            UnitFault.SCHOOL_TYPE,
            "办学类型不在代码表中，或与学校标识码的前两位不一致",
            "办学类型的前两位应与 10 位标识码的前两位相同",
        )


def placed_below(unit: Unit, parent: Unit, area_code: str = "") -> Unit:
    """The unit as it is below another parent: a school becomes direct below a league, below a banner it lies where the
    banner does. Not validated.
    """
    kind = unit.kind
    if kind.is_school:
        kind = UnitKind.DIRECT_SCHOOL if parent.kind is UnitKind.LEAGUE else UnitKind.SCHOOL
    area = area_code or (parent.area_code if parent.kind is UnitKind.BANNER else unit.area_code)
    return replace(unit, kind=kind, parent_code=parent.code, area_code=area)


def review_path(unit: Unit, lookup: Callable[[str], Unit | None]) -> list[str]:
    """Return the codes of the units that review an application of `unit`, nearest first, the centre last.

    Empty for the centre itself. UnitError when the tree above is broken; kinds strictly rise, so
    even a tree with a loop in it cannot make this run on.
    """
    path: list[str] = []
    below = unit
    while below.kind is not UnitKind.CENTRE:
        above = lookup(below.parent_code) if below.parent_code else None
        if above is None or above.kind not in below.kind.parent_kinds:
            raise UnitError(UnitFault.PARENT, f"单位 {below.code} 的上级不存在或类别不对", "请先更正单位树，再提交申请")
        path.append(above.code)
        below = above
    return path
