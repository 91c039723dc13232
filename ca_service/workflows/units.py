"""Units: import from a file; the leagues and banners of the region come with the service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ca_service.domain.areas import banners, leagues
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Invalid
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE, Unit, UnitKind
from ca_service.intake.errors import SheetError
from ca_service.intake.sheet import SheetLimits
from ca_service.intake.unit_file import read_units
from ca_service.workflows.ports import Services


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


@dataclass(frozen=True)
class UnitReport:
    """What an import of units did: units read, and how many of them were new."""

    read: int
    added: int


def import_units(services: Services, actor: Actor, data: bytes, *, filename: str) -> UnitReport:
    """Register the units of a file that are new; all or nothing. Raises Invalid naming the first bad row."""
    with services.begin() as uow:
        authorise(actor, Action.UNITS_IMPORT, lineage=uow.units.lineage(actor.unit_code))
        known = {unit.code: unit for unit in uow.units.find()}
        try:
            file = read_units(data, filename=filename, limits=SheetLimits(), existing=known.get)
        except SheetError as error:
            raise Invalid(str(error)) from error
        if file.errors:
            first = file.errors[0]
            where = f"单位文件中有 {len(file.errors)} 行不能登记，未作任何更改。第 {first.row} 行（{first.code}）"
            raise Invalid(f"{where}：{first.reason}。{first.mend}")
        added = uow.units.add_all(_new(file.units, known))
        uow.audit.append(actor, Tag.UNITS_IMPORTED, actor.unit_code, unit=actor.unit_code, detail={"added": added})
    return UnitReport(len(file.units), added)


def _new(units: Sequence[Unit], known: Mapping[str, Unit]) -> Sequence[Unit]:
    for unit in units:
        present = known.get(unit.code)
        if present is not None and present != unit:
            raise Invalid(f"单位 {unit.code} 已登记为“{present.name}”，与文件中的内容不一致。请先核对。")
    return [unit for unit in units if unit.code not in known]
