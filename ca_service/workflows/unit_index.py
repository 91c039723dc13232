"""All units in memory for one import: look-ups by code and name, subtrees, review paths."""

from collections import defaultdict
from collections.abc import Sequence

from ca_service.domain.errors import NotFound
from ca_service.domain.units import CENTRE_CODE, Unit, normalise_unit_name, review_path


class UnitIndex:
    """A snapshot of the tree."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = {unit.code: unit for unit in units}
        self._children: dict[str | None, list[str]] = defaultdict(list)
        self._names: dict[str, list[Unit]] = defaultdict(list)
        for unit in units:
            self._children[unit.parent_code].append(unit.code)
            if unit.is_open:
                self._names[normalise_unit_name(unit.name)].append(unit)

    def by_code(self, code: str) -> Unit | None:
        """None for one that was closed or merged, as for one that never was."""
        unit = self.units.get(code)
        return unit if unit is not None and unit.is_open else None

    def by_name(self, name: str) -> list[Unit]:
        """All open units whose name reads the same."""
        return list(self._names.get(normalise_unit_name(name), ()))

    def subtree(self, code: str) -> frozenset[str]:
        """The unit and everything below it."""
        found, open_codes = set[str](), [code]
        while open_codes:
            current = open_codes.pop()
            found.add(current)
            open_codes.extend(self._children[current])
        return frozenset(found)

    def review_path(self, code: str) -> Sequence[str]:
        """The units that review an application of this unit, in order, the centre last."""
        unit = self.units.get(code)
        if unit is None:
            raise NotFound(f"没有找到单位：{code}")
        return review_path(unit, self.units.get) or [CENTRE_CODE]
