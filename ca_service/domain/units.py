"""Units and their tree: which kind reports to which, what a code looks like, who reviews whom."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.areas import REGION_CODE, area_name, banner, league
from ca_service.domain.person_text import FORBIDDEN
from ca_service.domain.school_types import SCHOOL_CLASSES, SCHOOL_TYPES

CENTRE_CODE = REGION_CODE
_UNIVERSITY_CLASSES = frozenset({"41", "42", "92"})
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
    DUPLICATE = "duplicate"


class UnitError(ValueError):
    """A unit breaks a rule of the tree; `reason` and `mend` are Chinese."""

    def __init__(self, fault: UnitFault, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason
        self.mend = mend


class UnitKind(StrEnum):
    """The kinds of unit; the value is stored, `chinese` is shown."""

    CENTRE = "centre"
    LEAGUE = "league"
    UNIVERSITY = "university"
    BANNER = "banner"
    DIRECT_SCHOOL = "direct_school"
    SCHOOL = "school"

    @property
    def chinese(self) -> str:
        """The name of the kind as in the department's notice."""
        return _CHINESE[self]

    @property
    def parent_kinds(self) -> frozenset["UnitKind"]:
        """The kinds it may report to; empty for the centre."""
        return _PARENTS[self]

    @property
    def is_school(self) -> bool:
        """Whether a 办学类型 must be given (universities may leave it out)."""
        return self in (UnitKind.DIRECT_SCHOOL, UnitKind.SCHOOL)

    @property
    def max_information_administrators(self) -> int | None:
        """1 where there is exactly one information administrator; None where there may be several."""
        return None if self in (UnitKind.CENTRE, UnitKind.UNIVERSITY) else 1


_CHINESE: Mapping[UnitKind, str] = MappingProxyType(
    {
        UnitKind.CENTRE: "自治区教育信息中心",
        UnitKind.LEAGUE: "盟市教育（教体）局",
        UnitKind.UNIVERSITY: "高等学校",
        UnitKind.BANNER: "旗县（市、区）教育部门",
        UnitKind.DIRECT_SCHOOL: "盟市直属学校",
        UnitKind.SCHOOL: "其他各类学校、幼儿园",
    }
)
_PARENTS: Mapping[UnitKind, frozenset[UnitKind]] = MappingProxyType(
    {
        UnitKind.CENTRE: frozenset(),
        UnitKind.LEAGUE: frozenset({UnitKind.CENTRE}),
        UnitKind.UNIVERSITY: frozenset({UnitKind.CENTRE}),
        UnitKind.BANNER: frozenset({UnitKind.LEAGUE}),
        UnitKind.DIRECT_SCHOOL: frozenset({UnitKind.LEAGUE}),
        UnitKind.SCHOOL: frozenset({UnitKind.BANNER}),
    }
)


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit. `area_code` is GB/T 2260, `school_type` the three digits of the 办学类型."""

    code: str
    name: str
    kind: UnitKind
    parent_code: str | None
    area_code: str
    school_type: str | None = None


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
        good, mend = (
            _is_school_code(unit),
            "学校（机构）标识码为 10 位：2 位类别 + 15 + 6 位序号；高等学校的类别为 41、42 或 92",
        )
    if not good:
        raise UnitError(UnitFault.CODE, f"单位代码不符合“{unit.kind.chinese}”的编码规则", mend)


def _is_school_code(unit: Unit) -> bool:
    # 《各级各类学校(机构)代码编制规则》: class, province, sequence number; there is no check digit.
    allowed = _UNIVERSITY_CLASSES if unit.kind is UnitKind.UNIVERSITY else SCHOOL_CLASSES - _UNIVERSITY_CLASSES
    return bool(re.fullmatch(r"[0-9]{2}15[0-9]{6}", unit.code)) and unit.code[:2] in allowed


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
