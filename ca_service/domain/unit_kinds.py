"""The kinds of unit with their rules, and whether a unit takes part."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine


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
    def administrators(self) -> "AdministratorRule":
        """How many information administrators a unit of this kind has."""
        return _ADMINISTRATORS[self]

    @property
    def max_information_administrators(self) -> int | None:
        """1 where there is exactly one information administrator; None where there may be several."""
        return self.administrators.most


@dataclass(frozen=True, slots=True)
class AdministratorRule:
    """How many information administrators there shall be: at least, at most (None: no limit), and in Chinese."""

    least: int
    most: int | None
    chinese: str


class UnitStatus(StrEnum):
    """Whether a unit takes part. A closed or merged one stays in the tree for its history and takes no applications."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"

    @property
    def chinese(self) -> str:
        """The status as people name it."""
        return {"open": "正常", "merged": "已合并", "closed": "已撤销"}[self.value]


class UnitTurn(StrEnum):
    """What ends a unit, or brings it back."""

    MERGE = "merge"
    CLOSE = "close"
    REOPEN = "reopen"


# A school that is restored gets its old code back (《各级各类学校(机构)代码编制规则》), so a code is never free again
# and its unit returns instead.
UNIT = Machine(
    "单位",
    MappingProxyType(
        {
            (UnitStatus.OPEN, UnitTurn.MERGE): UnitStatus.MERGED,
            (UnitStatus.OPEN, UnitTurn.CLOSE): UnitStatus.CLOSED,
            (UnitStatus.MERGED, UnitTurn.REOPEN): UnitStatus.OPEN,
            (UnitStatus.CLOSED, UnitTurn.REOPEN): UnitStatus.OPEN,
        }
    ),
)


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
_ONE = AdministratorRule(1, 1, "1 名")
_ADMINISTRATORS: Mapping[UnitKind, AdministratorRule] = MappingProxyType(
    {
        UnitKind.CENTRE: AdministratorRule(0, None, "由中心工作人员承担"),
        UnitKind.LEAGUE: _ONE,
        UnitKind.UNIVERSITY: AdministratorRule(1, None, "1 名或多名"),
        UnitKind.BANNER: _ONE,
        UnitKind.DIRECT_SCHOOL: _ONE,
        UnitKind.SCHOOL: _ONE,
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
