"""Reading holders by subtree, and how long the records of each are kept."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ca_service.domain.certificates import Certificate
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.retention import kept_until
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Services, UnitOfWork

_PIECE = 500


@dataclass(frozen=True)
class Kept:
    """A stopped person whose data may be erased from `until` on."""

    holder: Holder
    until: datetime


def list_holders(
    services: Services, actor: Actor, window: Window = ALL, *, unit_code: str | None = None
) -> Listing[Holder]:
    """The holders of the actor's subtree, or of one unit in it and those below; without those who were erased."""
    top = unit_code or actor.unit_code
    with services.read() as uow:
        authorise(actor, Action.REGISTRATION_READ, lineage=uow.units.lineage(top))
        return listing(uow.holders, window, within=top, status=[HolderStatus.ACTIVE, HolderStatus.STOPPED])


def retention(services: Services, actor: Actor, *, due: bool = False) -> Sequence[Kept]:
    """The stopped persons of the subtree and how long each one's records are kept; `due`: only those past it."""
    with services.read() as uow:
        authorise(actor, Action.REGISTRATION_READ, lineage=uow.units.lineage(actor.unit_code))
        kept = _all_kept(uow, actor.unit_code)
    return _past(kept, services.clock()) if due else kept


def past_retention(uow: UnitOfWork, now: datetime) -> Sequence[Kept]:
    """The stopped persons whose time is over, the longest first."""
    return _past(_all_kept(uow, CENTRE_CODE), now)


def _all_kept(uow: UnitOfWork, within: str) -> Sequence[Kept]:
    stopped = uow.holders.find(status=HolderStatus.STOPPED, within=within)
    certificates: dict[str | None, list[Certificate]] = defaultdict(list)
    for start in range(0, len(stopped), _PIECE):
        for found in uow.certificates.find(holder_id=[h.id for h in stopped[start : start + _PIECE]]):
            certificates[found.holder_id].append(found)
    ends = [(holder, kept_until(holder, certificates[holder.id])) for holder in stopped]
    return sorted((Kept(holder, until) for holder, until in ends if until is not None), key=lambda one: one.until)


def _past(kept: Sequence[Kept], now: datetime) -> Sequence[Kept]:
    return [one for one in kept if one.until <= now]
