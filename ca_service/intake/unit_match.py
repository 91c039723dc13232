"""Which unit a cell means: by code, by name where exactly one fits, else the person's own choice."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ca_service.domain.units import Unit, normalise_unit_name
from ca_service.intake.findings import CellRefusedError
from ca_service.intake.report import Choice

_MOST_CHOICES = 20
# A search by part of a name reads the names of the whole subtree, so a sheet of nonsense must not ask for many.
_MOST_SEARCHES = 50


@dataclass(frozen=True, slots=True)
class Match:
    """A unit with the code or name asked for; `inside`: the uploader may register for it."""

    unit: Unit
    inside: bool


class UnitLookup(Protocol):
    """The units of the tree, stopped ones left out."""

    def find(self, keys: Collection[str]) -> Mapping[str, Sequence[Match]]:
        """For each key (a code or a `normalise_unit_name`) all units that have it; keys without one are left out."""

    def similar(self, key: str, *, limit: int) -> Sequence[Unit]:
        """Some units inside whose normalised name contains the key."""

    def names(self, codes: Collection[str]) -> Mapping[str, str]:
        """By code; codes that no unit has are left out."""


@dataclass(slots=True)
class UnitMatcher:
    """Answers for all rows of one sheet after one `prepare`; `chosen` maps row numbers to codes."""

    lookup: UnitLookup
    chosen: Mapping[int, str]
    found: Mapping[str, Sequence[Match]] = field(default_factory=dict)
    refused: dict[str, CellRefusedError] = field(default_factory=dict)
    searches: int = 0

    def prepare(self, texts: Collection[str]) -> None:
        """Look up every text that a unit cell may hold, many at a time."""
        self.found = self.lookup.find({*map(normalise_unit_name, texts), *self.chosen.values()})

    def match(self, row: int, text: str) -> tuple[Unit, str]:
        """Return the one unit that is meant and a remark for the person (or ""); raise CellRefusedError."""
        key = normalise_unit_name(text)
        fits = self.found.get(key, ())
        inside = [match.unit for match in fits if match.inside]
        if len(inside) == 1:
            remark = "另有同名单位在您的管理范围之外，请核对" if len(fits) > 1 else ""
            return inside[0], remark
        if row in self.chosen:
            unit = self._chosen(self.chosen[row], inside)
            told = f"表中的名称不能确定单位，已按您的选择录入为“{unit.name}”"
            return unit, f"{told}；再次上传时请在此填写单位代码 {unit.code}"
        if key not in self.refused:
            self.refused[key] = self._refusal(key, inside, fits)
        raise self.refused[key].again()

    def _chosen(self, code: str, named: Sequence[Unit]) -> Unit:
        """The unit picked; where several have the name that stands in the cell, it must be one of them."""
        for match in self.found.get(code, ()):
            if match.inside and (not named or match.unit in named):
                return match.unit
        raise CellRefusedError("所选单位不存在、不在您的管理范围内，或与表中的名称不符", "请重新选择单位")

    def _refusal(self, key: str, inside: Sequence[Unit], fits: Sequence[Match]) -> CellRefusedError:
        if inside:
            codes = "、".join(unit.code for unit in inside[:5])
            why, mend = f"有 {len(inside)} 个单位叫这个名称", f"请改填单位代码（可能是：{codes}），或在导入页面选择单位"
            return CellRefusedError(why, mend, choices=self._choices(inside))
        if fits:
            return CellRefusedError("该单位不在您的管理范围内", "请由该单位的上级单位上传")
        similar = self._similar(key)
        mend = "请填写单位全称（与单位列表一致），或填写单位代码"
        if similar:
            mend += "；也可在导入页面从名称相近的单位中选择"
        return CellRefusedError("没有这个单位", mend, choices=self._choices(similar))

    def _similar(self, key: str) -> Sequence[Unit]:
        if not 2 <= len(key) <= 100 or key.isdigit() or self.searches >= _MOST_SEARCHES:
            return ()
        self.searches += 1
        return self.lookup.similar(key, limit=_MOST_CHOICES)

    def _choices(self, units: Sequence[Unit]) -> tuple[Choice, ...]:
        shown = units[:_MOST_CHOICES]
        above = self.lookup.names({unit.parent_code for unit in shown if unit.parent_code})
        return tuple(
            Choice(unit.code, f"{unit.name}（{unit.code}，{above.get(unit.parent_code or '', '无上级')}）")
            for unit in shown
        )
