"""The campaign board (实施进度): where every unit stands, who is late, and the dates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ca_service.clock import SHANGHAI
from ca_service.domain.audit import Tag
from ca_service.domain.campaigns import Campaign, Deadline, Progress, Stage, check_campaign
from ca_service.domain.errors import Invalid
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import Unit
from ca_service.workflows.listing import ALL, Listing, Window
from ca_service.workflows.ports import Services, UnitOfWork


@dataclass(frozen=True)
class Line:
    """One unit of the board with its numbers."""

    unit: Unit
    progress: Progress


@dataclass(frozen=True)
class Board:
    """A unit, the way down to it from the actor's own, and the units right below it (a window of them)."""

    campaign: Campaign | None
    today: date
    path: Sequence[Unit]
    whole: Line
    below: Listing[Line]
    by_day: Mapping[Stage, Mapping[date, int]]


def board(services: Services, actor: Actor, unit_code: str, window: Window = ALL) -> Board:
    """The numbers of a unit of the own subtree, as they are at this moment; raise NotFound, Forbidden."""
    with services.read() as uow:
        lineage = uow.units.lineage(unit_code)
        authorise(actor, Action.CAMPAIGN_READ, lineage=lineage)
        children = uow.units.find(parent_code=unit_code, limit=window.limit, offset=window.offset)
        above = {unit.code: unit for unit in uow.units.find(code=lineage)}
        progress = uow.progress.of([unit_code, *(child.code for child in children)])
        own = lineage[: lineage.index(actor.unit_code) + 1]
        return Board(
            campaign=_current(uow),
            today=_today(services),
            path=[above[code] for code in reversed(own)],
            whole=Line(above[unit_code], progress[unit_code]),
            below=Listing(
                [Line(child, progress[child.code]) for child in children], uow.units.count(parent_code=unit_code)
            ),
            by_day=uow.progress.by_day(unit_code),
        )


@dataclass(frozen=True)
class Late:
    """Units that have not come so far as a deadline asks; `due` is None while there is no campaign."""

    deadline: Deadline
    due: date | None
    overdue: bool
    units: Listing[Unit]


def late(services: Services, actor: Actor, unit_code: str, deadline: Deadline, window: Window = ALL) -> Late:
    """The reminder list of a subtree for one deadline of the current campaign; raise NotFound, Forbidden."""
    with services.read() as uow:
        authorise(actor, Action.CAMPAIGN_READ, lineage=uow.units.lineage(unit_code))
        campaign = _current(uow)
        stage, due = deadline.stage, campaign.due(deadline) if campaign else None
        units = uow.progress.lacking(stage, within=unit_code, limit=window.limit, offset=window.offset)
        total = uow.progress.count_lacking(stage, within=unit_code)
        return Late(deadline, due, due is not None and _today(services) > due, Listing(units, total))


def export(services: Services, actor: Actor, unit_code: str) -> Sequence[Line]:
    """Every unit of a subtree with its own numbers and those below it, by code; the export is recorded."""
    with services.begin() as uow:
        authorise(actor, Action.CAMPAIGN_READ, lineage=uow.units.lineage(unit_code))
        units = uow.units.find(within=unit_code)
        progress = uow.progress.of([unit.code for unit in units])
        uow.audit.append(actor, Tag.CAMPAIGN_EXPORTED, unit_code, unit=unit_code, detail={"units": len(units)})
        return [Line(unit, progress[unit.code]) for unit in units]


def set_campaign(services: Services, actor: Actor, campaign: Campaign) -> Campaign:
    """Set the dates: a new campaign when its `id` is empty, else those of the one named; raise Invalid, NotFound."""
    check_campaign(campaign)
    with services.begin() as uow:
        authorise(actor, Action.CAMPAIGN_SET, lineage=uow.units.lineage(actor.unit_code))
        if campaign.id:
            before = uow.campaigns.get(campaign.id)
            stored = uow.campaigns.change(before, **{n: v for n, v in vars(campaign).items() if n != "id"})
        else:
            stored = Campaign(**(vars(campaign) | {"id": services.new_id("Y")}))
            uow.campaigns.add(stored)
        detail = {name: str(value) for name, value in vars(stored).items() if name != "id"}
        uow.audit.append(actor, Tag.CAMPAIGN_SET, stored.id, unit=actor.unit_code, detail=detail)
        return stored


def campaigns(services: Services, actor: Actor) -> Sequence[Campaign]:
    """All campaigns, the current one first."""
    with services.read() as uow:
        authorise(actor, Action.CAMPAIGN_READ, lineage=uow.units.lineage(actor.unit_code))
        return uow.campaigns.find(order="-starts_on")


def _current(uow: UnitOfWork) -> Campaign | None:
    found = uow.campaigns.find(order="-starts_on", limit=1)
    return found[0] if found else None


def _today(services: Services) -> date:
    return services.clock().astimezone(SHANGHAI).date()


def parse_day(text: str, what: str) -> date:
    """A day as people and browsers write it (2026-12-20); raise Invalid naming the field."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(f"{what}应写成 2026-12-20 这样的日期，收到的是“{text[:20]}”。") from None
