"""Where every token of a subtree is, or was at any moment, and what is missing or late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ca_service.domain.media import OVERDUE_AFTER, Arrival, Medium, MediumStatus, Parcel, ParcelItem, ParcelStatus
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.ports import Before, Services


@dataclass(frozen=True)
class Reconciliation:
    """Numbers by unit and status at a moment; the lists of what is wrong are as of now.

    `unaccounted` is how many registered tokens have no place at that moment, asked of the whole region: by construction
    none.
    """

    at: datetime
    by_unit: Mapping[str, Mapping[MediumStatus, int]]
    total: int
    unaccounted: int
    overdue: Sequence[Parcel]
    missing: Sequence[ParcelItem]
    lost: Sequence[Medium]


def reconcile(services: Services, actor: Actor, unit_code: str, *, at: datetime | None = None) -> Reconciliation:
    """Account for every token of a subtree at a moment (default: now); raise NotFound, Forbidden."""
    now = services.clock()
    moment = at or now
    with services.read() as uow:
        authorise(actor, Action.MEDIA_READ, lineage=uow.units.lineage(unit_code))
        by_unit = uow.places.at(moment, within=unit_code)
        total = sum(sum(numbers.values()) for numbers in by_unit.values())
        sent = uow.parcels.find(
            within=unit_code, status=ParcelStatus.SENT, sent_at=Before(now - OVERDUE_AFTER), order="sent_at"
        )
        disputed = uow.parcels.find(within=unit_code, status=ParcelStatus.DISPUTED)
        return Reconciliation(
            at=moment,
            by_unit=by_unit,
            total=total,
            unaccounted=uow.places.registered(moment) - total if unit_code == CENTRE_CODE else 0,
            overdue=sent,
            missing=uow.parcel_items.find(parcel_id=[parcel.id for parcel in disputed], arrival=Arrival.MISSING),
            lost=uow.media.find(within=unit_code, status=MediumStatus.LOST),
        )
