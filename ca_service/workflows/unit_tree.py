"""Reading units: the tree level by level, looking for one, and everything about one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ca_service.domain.certificates import Certificate
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.media import Medium
from ca_service.domain.person_text import mask_name
from ca_service.domain.persons import UserType
from ca_service.domain.responsible import ResponsiblePerson, in_order
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.unit_cases import UnitCase, UnitCaseStatus, UnitEvent
from ca_service.domain.units import Unit, UnitStatus
from ca_service.workflows.certificates import HOLDER_PROFILES
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Below, Services, UnitOfWork
from ca_service.workflows.unit_plan import LIVE

_SOME = Window(20)


def list_units(services: Services, actor: Actor, window: Window = ALL) -> Listing[Unit]:
    """The actor's unit and everything below it, by code; closed and merged units too."""
    with services.read() as uow:
        authorise(actor, Action.UNITS_READ, lineage=uow.units.lineage(actor.unit_code))
        return listing(uow.units, window, within=actor.unit_code)


@dataclass(frozen=True)
class UnitLine:
    """A unit in a list: its information administrators now, and what lies below it."""

    unit: Unit
    administrators: int
    below: Below


@dataclass(frozen=True)
class Level:
    """One level of the tree, or what a search found: `path` leads from the actor's unit to `at`."""

    at: Unit
    path: Sequence[Unit]
    lines: Sequence[UnitLine]
    total: int


def level(services: Services, actor: Actor, code: str, window: Window = ALL, *, ended: bool = False) -> Level:
    """The units directly below one, by code; closed and merged ones only with `ended`. Raises NotFound, Forbidden."""
    with services.read() as uow:
        path = _path(uow, actor, code)
        statuses = list(UnitStatus) if ended else [UnitStatus.OPEN]
        found = listing(uow.units, window, within=actor.unit_code, parent_code=code, status=statuses)
        return Level(path[-1], path, _lines(uow, found.rows), found.total)


def search(services: Services, actor: Actor, text: str, window: Window = ALL, *, ended: bool = False) -> Level:
    """The units of the actor's subtree whose code begins with the text or whose name contains it."""
    with services.read() as uow:
        path = _path(uow, actor, actor.unit_code)
        rows, total = uow.units.search(
            text[:100], within=actor.unit_code, ended=ended, limit=window.limit, offset=window.offset
        )
        return Level(path[-1], path, _lines(uow, rows), total)


def _path(uow: UnitOfWork, actor: Actor, code: str) -> Sequence[Unit]:
    lineage = uow.units.lineage(code)
    authorise(actor, Action.UNITS_READ, lineage=lineage)
    known = {unit.code: unit for unit in uow.units.find(code=lineage)}
    own = lineage[: lineage.index(actor.unit_code) + 1]
    return [known[above] for above in reversed(own)]


def _lines(uow: UnitOfWork, units: Sequence[Unit]) -> Sequence[UnitLine]:
    codes = [unit.code for unit in units]
    administrators = _administrators(uow, codes)
    below = uow.units.below(codes)
    return [UnitLine(unit, administrators.get(unit.code, 0), below[unit.code]) for unit in units]


def _administrators(uow: UnitOfWork, codes: Sequence[str]) -> Mapping[str, int]:
    kind = UserType.INFORMATION.value
    return uow.holders.tally("unit_code", unit_code=list(codes), status=HolderStatus.ACTIVE, user_type=kind)


@dataclass(frozen=True)
class UnitView:
    """Everything about one unit; of people, tokens and certificates the first twenty, names and contacts masked.

    `outdated` are serials of live certificates that still name the unit as it was; `successor` is where a merged one
    went.
    """

    line: UnitLine
    path: Sequence[Unit]
    successor: Unit | None
    events: Sequence[UnitEvent]
    holders: Listing[Holder]
    media: Listing[Medium]
    certificates: Listing[Certificate]
    outdated: frozenset[str]
    responsible: Sequence[ResponsiblePerson]
    cases: Sequence[UnitCase]


def view_unit(services: Services, actor: Actor, code: str) -> UnitView:
    """One unit of the actor's subtree; raise NotFound, Forbidden."""
    with services.read() as uow:
        path = _path(uow, actor, code)
        unit = path[-1]
        certificates = listing(
            uow.certificates, _SOME, order="-created_at", within=code, unit_code=code, profile=HOLDER_PROFILES
        )
        holders = listing(uow.holders, _SOME, order="-registered_at", within=code, unit_code=code)
        responsible = sorted(uow.responsible.find(unit_code=code, ended_at=None), key=in_order)
        return UnitView(
            line=_lines(uow, [unit])[0],
            path=path,
            successor=uow.units.get(unit.successor_code) if unit.successor_code else None,
            events=uow.unit_events.find(unit_code=code),
            holders=replace(holders, rows=[replace(holder, name=mask_name(holder.name)) for holder in holders.rows]),
            media=listing(uow.media, _SOME, within=code, at_unit=code),
            certificates=certificates,
            outdated=frozenset(c.serial for c in certificates.rows if c.outdated_at and c.status in LIVE),
            responsible=[masked(person) for person in responsible],
            cases=uow.unit_cases.find(unit_code=code, status=UnitCaseStatus.PROPOSED),
        )


def masked(person: ResponsiblePerson) -> ResponsiblePerson:
    """A line of the roster for those who need not know."""
    return replace(person, name=mask_name(person.name), contact=person.contact.masked())


def history(services: Services, actor: Actor, code: str) -> Sequence[UnitEvent]:
    """Everything that happened to a unit, oldest first; raise NotFound, Forbidden."""
    with services.read() as uow:
        authorise(actor, Action.UNITS_READ, lineage=uow.units.lineage(code))
        return uow.unit_events.find(unit_code=code)
