"""Units: import from a file; the leagues and banners of the region come with the service."""

from collections.abc import Sequence

from ca_service.domain.areas import banners, leagues
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Invalid
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE, Unit, UnitError, UnitKind, validate_unit
from ca_service.workflows.ports import Services, UnitOfWork


def region(centre_name: str) -> Sequence[Unit]:
    """The centre and the bureaus of all leagues and banners, parents first; codes are GB/T 2260."""
    units = [Unit(CENTRE_CODE, centre_name, UnitKind.CENTRE, None, CENTRE_CODE)]
    for league in leagues():
        units.append(Unit(league.code, f"{league.name}教育局", UnitKind.LEAGUE, CENTRE_CODE, league.code))
        for banner in banners(league.code):
            # Banner names repeat between leagues (郊区 and the like), so the league leads.
            name = f"{league.name}{banner.name}教育局"
            units.append(Unit(banner.code, name, UnitKind.BANNER, league.code, banner.code))
    return units


def import_units(services: Services, actor: Actor, units: Sequence[Unit]) -> int:
    """Add units that are not there yet; return how many were new. All or nothing; raises Invalid naming the unit."""
    with services.begin() as uow:
        authorise(actor, Action.UNITS_IMPORT, lineage=[actor.unit_code])
        added = uow.units.add_all(_new(uow, units))
        uow.audit.append(actor, Tag.UNITS_IMPORTED, actor.unit_code, unit=actor.unit_code, detail={"added": added})
        return added


def _new(uow: UnitOfWork, units: Sequence[Unit]) -> Sequence[Unit]:
    known = {unit.code: unit for unit in uow.units.find()}
    before = set(known)
    for unit in units:
        try:
            validate_unit(unit, known.get(unit.parent_code) if unit.parent_code else None)
        except UnitError as error:
            raise Invalid(f"单位 {unit.code}（{unit.name}）：{error.reason}。{error.mend}") from error
        present = known.setdefault(unit.code, unit)
        if present != unit:
            raise Invalid(f"单位 {unit.code} 已登记为“{present.name}”，与文件中的“{unit.name}”不一致。请先核对。")
    return [unit for unit in units if unit.code not in before]
