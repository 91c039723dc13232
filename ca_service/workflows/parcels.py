"""Parcels: from unit to unit, received in full, or with differences that stay open until they are settled."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, Forbidden, Invalid
from ca_service.domain.media import (
    PARCEL,
    Arrival,
    Medium,
    MediumEvent,
    MediumStatus,
    Parcel,
    ParcelEvent,
    ParcelItem,
    ParcelStatus,
)
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.custody import in_stock, move
from ca_service.workflows.listing import ALL, Listing, Window
from ca_service.workflows.open_units import require_open
from ca_service.workflows.ports import Services, UnitOfWork


@dataclass(frozen=True)
class Shipment:
    """What goes into a parcel and where it goes."""

    serials: Sequence[str]
    to_unit: str
    courier_number: str
    seal_number: str = ""


@dataclass(frozen=True)
class Receipt:
    """How a parcel arrived: tokens on its list that were not in it, that are broken, and others that were in it."""

    missing: Sequence[str] = ()
    damaged: Sequence[str] = ()
    extra: Sequence[str] = ()
    note: str = ""

    @property
    def in_full(self) -> bool:
        """Whether the list was right."""
        return not (self.missing or self.damaged or self.extra)


@dataclass(frozen=True)
class ParcelView:
    """A parcel with what became of each of its tokens."""

    parcel: Parcel
    items: Sequence[ParcelItem] = field(default_factory=tuple)


def dispatch(services: Services, actor: Actor, shipment: Shipment) -> Parcel:
    """Send tokens that lie at the actor's unit to a unit below it, or to the one right above it."""
    with services.begin() as uow:
        _authorise_way(uow, actor, shipment.to_unit)
        require_open(uow, [shipment.to_unit])
        parcel = Parcel(
            id=services.new_id("P"),
            from_unit=actor.unit_code,
            to_unit=shipment.to_unit,
            courier_number=shipment.courier_number.strip()[:60],
            seal_number=shipment.seal_number.strip()[:60],
            status=ParcelStatus.SENT,
            sent_by=actor.login,
            sent_at=services.clock(),
        )
        uow.parcels.add(parcel)
        for medium in in_stock(uow, actor, shipment.serials, allocated=True):
            move(services, uow, actor, medium, MediumEvent.DISPATCH, parcel_id=parcel.id)
        uow.parcel_items.add_all(ParcelItem(parcel.id, serial, Arrival.UNDERWAY) for serial in shipment.serials)
        detail: dict[str, str | int] = {"to": shipment.to_unit, "tokens": len(shipment.serials)}
        uow.audit.append(actor, Tag.MEDIUM_DISPATCHED, parcel.id, unit=actor.unit_code, detail=detail)
        return parcel


def _authorise_way(uow: UnitOfWork, actor: Actor, to_unit: str) -> None:
    lineage = uow.units.lineage(to_unit)
    own = uow.units.lineage(actor.unit_code)
    # Tokens go back up (returned, broken) only to the unit right above, which answers for the sender.
    authorise(actor, Action.MEDIA_MOVE, lineage=own if to_unit in own[1:2] else lineage)
    if to_unit == actor.unit_code:
        raise Invalid("收件单位就是本单位，不需要寄送。")


def receive(services: Services, actor: Actor, parcel_id: str, receipt: Receipt | None = None) -> Parcel:
    """Take in a parcel at the unit it was sent to. What is missing stays in transit until the sender settles it.

    Raises Invalid for a serial number that cannot be in this parcel, Conflict when it was taken in already.
    """
    found = receipt or Receipt()
    with services.begin() as uow:
        parcel = uow.parcels.get(parcel_id)
        authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(parcel.to_unit))
        if actor.unit_code != parcel.to_unit:
            raise Forbidden("包裹只能由收件单位的介质管理员签收。")
        if parcel.status is not ParcelStatus.SENT:
            raise Conflict("此包裹已经签收过。")
        _check_receipt(uow, parcel, found)
        items = uow.parcel_items.find(parcel_id=parcel_id, arrival=Arrival.UNDERWAY)
        # One that was reported lost on the way is missing, but nobody has to settle that any more.
        missing = {item.serial for item in items} & set(found.missing)
        event = ParcelEvent.DISPUTE if missing else ParcelEvent.RECEIVE
        received = uow.parcels.change(
            parcel,
            status=PARCEL.after(parcel.status, event),
            received_by=actor.login,
            received_at=services.clock(),
            receipt_note=found.note.strip()[:300],
        )
        for item in items:
            _arrive(services, uow, actor, item, found, to_unit=parcel.to_unit)
        for serial in found.extra:
            _take_extra(services, uow, actor, parcel, serial)
        detail: dict[str, str | int] = {
            "tokens": len(items) - len(missing),
            "missing": len(missing),
            "damaged": len(found.damaged),
            "extra": len(found.extra),
        }
        uow.audit.append(actor, Tag.MEDIUM_RECEIVED, parcel_id, unit=parcel.to_unit, detail=detail)
        return received


def _check_receipt(uow: UnitOfWork, parcel: Parcel, receipt: Receipt) -> None:
    listed = {item.serial for item in uow.parcel_items.find(parcel_id=parcel.id)}
    for serial in (*receipt.missing, *receipt.damaged):
        if serial not in listed:
            raise Invalid(f"介质 {serial} 不在此包裹的清单上，不能登记为缺少或损坏。")
    both = set(receipt.missing) & set(receipt.damaged)
    if both:
        raise Invalid(f"介质 {min(both)} 不能既缺少又损坏。")
    if not receipt.in_full and not receipt.note.strip():
        raise Invalid("签收与清单不符时，请填写情况说明。")
    for serial in receipt.extra:
        medium = uow.media.find(serial=serial)
        there = medium and medium[0].at_unit == parcel.from_unit and medium[0].status is not MediumStatus.IN_TRANSIT
        if serial in listed or not there:
            raise Invalid(f"介质 {serial} 按登记不在寄件单位，不能从此包裹收下。请单独存放并报告上级介质管理员。")


def _arrive(
    services: Services, uow: UnitOfWork, actor: Actor, item: ParcelItem, receipt: Receipt, *, to_unit: str
) -> None:
    if item.serial in receipt.missing:
        uow.parcel_items.change(item, guard=("arrival",), arrival=Arrival.MISSING)
        return
    _take(services, uow, actor, uow.media.get(item.serial), to_unit)
    if item.serial in receipt.damaged:
        move(services, uow, actor, uow.media.get(item.serial), MediumEvent.REPORT_DAMAGED, note=receipt.note[:200])
    arrival = Arrival.DAMAGED if item.serial in receipt.damaged else Arrival.RECEIVED
    uow.parcel_items.change(item, guard=("arrival",), arrival=arrival)


def _take(services: Services, uow: UnitOfWork, actor: Actor, medium: Medium, to_unit: str) -> None:
    taken = move(services, uow, actor, medium, MediumEvent.RECEIVE, at_unit=to_unit, parcel_id=None)
    if taken.holder_id is not None:
        # What was promised to a person before it left is promised to them here.
        move(services, uow, actor, taken, MediumEvent.ALLOCATE)


def _take_extra(services: Services, uow: UnitOfWork, actor: Actor, parcel: Parcel, serial: str) -> None:
    note = "not on the list of the parcel"
    sent = move(services, uow, actor, uow.media.get(serial), MediumEvent.DISPATCH, parcel_id=parcel.id, note=note)
    _take(services, uow, actor, sent, parcel.to_unit)
    uow.parcel_items.add(ParcelItem(parcel.id, serial, Arrival.EXTRA))


def settle(services: Services, actor: Actor, parcel_id: str, serial: str, outcome: Arrival, *, note: str) -> ParcelView:
    """Say what became of a missing token: RECEIVED later, RECALLED (it never left the sender), or LOST.

    The addressee says RECEIVED, the sender RECALLED or LOST. The parcel is settled with its last open token.
    """
    if outcome not in (Arrival.RECEIVED, Arrival.RECALLED, Arrival.LOST):
        raise Invalid("处理结果应为：后来收到、仍在寄件单位、确认遗失。")
    if not note.strip():
        raise Invalid("请填写处理说明。")
    with services.begin() as uow:
        parcel = uow.parcels.get(parcel_id)
        place = parcel.to_unit if outcome is Arrival.RECEIVED else parcel.from_unit
        authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(place))
        if actor.unit_code != place:
            raise Forbidden("后来收到的由收件单位登记，仍在寄件单位或确认遗失的由寄件单位登记。")
        found = uow.parcel_items.find(parcel_id=parcel_id, serial=serial, arrival=Arrival.MISSING)
        if not found:
            raise Conflict("此介质在这个包裹中没有待处理的差异。")
        medium = uow.media.get(serial)
        if outcome is Arrival.RECEIVED:
            _take(services, uow, actor, medium, parcel.to_unit)
        else:
            event = MediumEvent.RECALL if outcome is Arrival.RECALLED else MediumEvent.REPORT_LOST
            move(services, uow, actor, medium, event, parcel_id=None, holder_id=None, note=note.strip()[:200])
        uow.parcel_items.change(found[0], guard=("arrival",), arrival=outcome)
        parcel = _settled_if_last(uow, parcel)
        detail: dict[str, str | int] = {"token": serial, "outcome": outcome.value}
        uow.audit.append(actor, Tag.PARCEL_SETTLED, parcel_id, unit=place, detail=detail)
        return ParcelView(parcel, uow.parcel_items.find(parcel_id=parcel_id))


def take_off_the_list(uow: UnitOfWork, medium: Medium) -> None:
    """A token under way is reported lost: nobody has to wait for it, and the rest of its parcel can be taken in."""
    if medium.parcel_id is None:
        return
    for item in uow.parcel_items.find(parcel_id=medium.parcel_id, serial=medium.serial):
        uow.parcel_items.change(item, guard=("arrival",), arrival=Arrival.LOST)
    _settled_if_last(uow, uow.parcels.get(medium.parcel_id))


def _settled_if_last(uow: UnitOfWork, parcel: Parcel) -> Parcel:
    if parcel.status is ParcelStatus.DISPUTED and not uow.parcel_items.count(
        parcel_id=parcel.id, arrival=Arrival.MISSING
    ):
        return uow.parcels.change(parcel, status=PARCEL.after(parcel.status, ParcelEvent.SETTLE))
    return parcel


def list_parcels(services: Services, actor: Actor, window: Window = ALL) -> Listing[Parcel]:
    """The parcels from or to a unit of the actor's subtree, newest first."""
    with services.read() as uow:
        authorise(actor, Action.MEDIA_READ, lineage=uow.units.lineage(actor.unit_code))
        rows = uow.parcels.find(limit=window.limit, offset=window.offset, order="-sent_at", within=actor.unit_code)
        return Listing(rows, uow.parcels.count(within=actor.unit_code))


def show_parcel(services: Services, actor: Actor, parcel_id: str) -> ParcelView:
    """One parcel with its list; raise NotFound, Forbidden."""
    with services.read() as uow:
        parcel = uow.parcels.get(parcel_id)
        own = actor.unit_code == parcel.from_unit
        place = parcel.from_unit if own else parcel.to_unit
        authorise(actor, Action.MEDIA_READ, lineage=uow.units.lineage(place))
        return ParcelView(parcel, uow.parcel_items.find(parcel_id=parcel_id))
