"""The units of the store as an import looks them up: those a sheet names, never all of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ca_service.domain.units import Unit, normalise_unit_name
from ca_service.intake.unit_match import Match
from ca_service.workflows.ports import UnitOfWork


@dataclass(frozen=True)
class StoredUnits:
    """Implements `intake.unit_match.UnitLookup` for an uploader whose scope is the subtree of `top`."""

    uow: UnitOfWork
    top: str

    def find(self, keys: Collection[str]) -> Mapping[str, Sequence[Match]]:
        """See UnitLookup: a code, which is all digits, is looked for among codes only."""
        codes = [key for key in keys if key.isascii() and key.isdigit()]
        named = self.uow.units.named([key for key in keys if key not in set(codes)])
        coded = [unit for unit in self.uow.units.with_codes(codes) if unit.is_open]
        lineages = self.uow.units.lineages(unit.code for unit in (*coded, *named))
        found: dict[str, list[Match]] = {}
        for unit in coded:
            found.setdefault(unit.code, []).append(Match(unit, self.top in lineages[unit.code]))
        for unit in named:
            key = normalise_unit_name(unit.name)
            found.setdefault(key, []).append(Match(unit, self.top in lineages[unit.code]))
        return found

    def similar(self, key: str, *, limit: int) -> Sequence[Unit]:
        """See UnitLookup."""
        return self.uow.units.similar(key, within=self.top, limit=limit)

    def names(self, codes: Collection[str]) -> Mapping[str, str]:
        """See UnitLookup."""
        return {unit.code: unit.name for unit in self.uow.units.with_codes(list(codes))}
