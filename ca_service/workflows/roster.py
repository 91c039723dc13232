"""The roster of responsible persons (管理及使用人员情况统计表), unit by unit; a change keeps what was there before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.person_text import PersonDataError
from ca_service.domain.responsible import PARSERS, Duty, Entry, ResponsiblePerson, in_order
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import Unit, UnitStatus
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.open_units import require_open
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.unit_tree import masked


@dataclass(frozen=True)
class RosterPage:
    """Some units of a subtree with their current lines, masked; how many units there are, and how many persons of each
    duty are named in all of them.
    """

    units: Listing[Unit]
    lines: Mapping[str, Sequence[ResponsiblePerson]]
    named: Mapping[Duty, int]


def roster_page(services: Services, actor: Actor, window: Window = ALL) -> RosterPage:
    """The open units of the actor's subtree, by code, each with its current lines."""
    own = actor.unit_code
    with services.read() as uow:
        authorise(actor, Action.ROSTER_READ, lineage=uow.units.lineage(own))
        units = listing(uow.units, window, within=own, status=UnitStatus.OPEN)
        found = uow.responsible.find(unit_code=[unit.code for unit in units.rows], ended_at=None)
        named = uow.responsible.tally("duty", within=own, ended_at=None)
    lines: dict[str, list[ResponsiblePerson]] = {unit.code: [] for unit in units.rows}
    for person in sorted(found, key=in_order):
        lines[person.unit_code].append(masked(person))
    return RosterPage(units, lines, {duty: named.get(duty, 0) for duty in Duty})


@dataclass(frozen=True)
class UnitRoster:
    """The current lines of one unit and those that were, newest first; personal fields only if `unmasked`."""

    unit: Unit
    current: Sequence[ResponsiblePerson]
    former: Sequence[ResponsiblePerson]
    unmasked: bool


def unit_roster(services: Services, actor: Actor, code: str) -> UnitRoster:
    """One unit's lines, masked; raise NotFound, Forbidden."""
    with services.read() as uow:
        authorise(actor, Action.ROSTER_READ, lineage=uow.units.lineage(code))
        current, former = _lines(uow, code)
        return UnitRoster(uow.units.get(code), [*map(masked, current)], [*map(masked, former)], unmasked=False)


def reveal(services: Services, actor: Actor, code: str) -> UnitRoster:
    """One unit's lines with everything in them; the look is recorded."""
    with services.begin() as uow:
        authorise(actor, Action.ROSTER_UNMASK, lineage=uow.units.lineage(code))
        current, former = _lines(uow, code)
        uow.audit.append(actor, Tag.ROSTER_UNMASKED, code, unit=code, detail={"lines": len(current) + len(former)})
        return UnitRoster(uow.units.get(code), current, former, unmasked=True)


def _lines(uow: UnitOfWork, code: str) -> tuple[list[ResponsiblePerson], list[ResponsiblePerson]]:
    found = uow.responsible.find(unit_code=code, order="-entered_at")
    current = sorted((person for person in found if person.ended_at is None), key=in_order)
    return current, [person for person in found if person.ended_at is not None]


def read_entry(duty: Duty, texts: Mapping[str, str]) -> Entry:
    """Read the fields of a form; raise Invalid naming the field, what is wrong and how to mend it."""
    values = {}
    for name, (heading, parse) in PARSERS.items():
        try:
            values[name] = parse(texts.get(name, ""))
        except PersonDataError as error:
            raise Invalid(f"{heading}：{error.reason}。{error.mend}。") from error
    return Entry.of(duty, values)


def enter(services: Services, actor: Actor, code: str, entry: Entry, *, instead_of: str = "") -> ResponsiblePerson:
    """Add a line, or put it in place of the version `instead_of`, which must still hold. Raises Invalid, Conflict."""
    with services.begin() as uow:
        authorise(actor, Action.ROSTER_EDIT, lineage=uow.units.lineage(code))
        unit = require_open(uow, [code])[code]
        current, _ = _lines(uow, code)
        old = next((person for person in current if person.id == instead_of), None)
        if instead_of and old is None:
            raise Conflict("这一条刚刚被他人更改，请刷新后按最新内容填报。未作任何更改。")
        if old is not None and old.duty is not entry.duty:
            raise Invalid("更改时不能改变人员类别；请先移出，再另行填报。")
        if old is not None and entry.equals(old):
            raise Invalid("内容没有变化，未作任何更改。")
        place = old.place if old else free_place(unit, entry, current)
        person = version(services, actor, code, entry, place=place)
        if old is not None:
            end(uow, actor, old, at=person.entered_at)
        uow.responsible.add(person)
        uow.audit.append(actor, Tag.ROSTER_CHANGED, person.id, unit=code, detail={"duty": entry.duty.value})
    return person


def remove(services: Services, actor: Actor, code: str, person_id: str) -> ResponsiblePerson:
    """End a line without another in its place; raise NotFound, Conflict."""
    with services.begin() as uow:
        authorise(actor, Action.ROSTER_EDIT, lineage=uow.units.lineage(code))
        person = uow.responsible.get(person_id)
        if person.unit_code != code or person.ended_at is not None:
            raise Conflict("这一条刚刚被他人更改，请刷新后按最新内容填报。未作任何更改。")
        ended = end(uow, actor, person, at=services.clock())
        detail = {"duty": person.duty.value, "ended": 1}
        uow.audit.append(actor, Tag.ROSTER_CHANGED, person.id, unit=code, detail=detail)
    return ended


def free_place(unit: Unit, entry: Entry, current: Sequence[ResponsiblePerson]) -> int:
    """The first free place of this duty; raise Invalid when the unit may name no more."""
    taken = {person.place for person in current if person.duty is entry.duty}
    most = entry.duty.most(unit.kind)
    free = next((place for place in range(1, most + 1) if place not in taken), None)
    if free is None:
        raise Invalid(f"“{unit.kind.chinese}”的{entry.duty.chinese}最多填报 {most} 名。请更改或移出原有的一条。")
    return free


def version(services: Services, actor: Actor, code: str, entry: Entry, *, place: int) -> ResponsiblePerson:
    """A new version of a line, not stored yet."""
    return ResponsiblePerson(
        services.new_id("R"), code, entry.duty, place, entry.name, entry.office, entry.post, entry.contact,
        actor.login, services.clock(),
    )  # fmt: skip


def end(uow: UnitOfWork, actor: Actor, person: ResponsiblePerson, *, at: datetime) -> ResponsiblePerson:
    """Let a version hold no more; raise Conflict when somebody was first."""
    return uow.responsible.change(person, guard=("ended_at",), ended_by=actor.login, ended_at=at)
