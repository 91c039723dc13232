"""Custody of the tokens: registered at the centre, initialised, shipped in parcels, received, handed to the person."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, Forbidden, Invalid
from ca_service.domain.media import (
    MEDIUM,
    CustodyEvent,
    Medium,
    MediumEvent,
    MediumStatus,
    Parcel,
    ParcelStatus,
)
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.open_units import require_open
from ca_service.workflows.ports import Services, UnitOfWork


def register(services: Services, actor: Actor, serials: Sequence[str], *, model: str) -> Sequence[Medium]:
    """Take blank tokens into the centre's stock by their serial numbers; all of them or none."""
    for serial in serials:
        if not (1 <= len(serial) <= 40 and serial.isascii() and serial.isprintable() and " " not in serial):
            raise Invalid("介质序列号应为 1 至 40 个字母或数字，不含空格。")
    now = services.clock()
    media = [Medium(serial, model, MediumStatus.BLANK, actor.unit_code, now) for serial in serials]
    with services.begin() as uow:
        authorise(actor, Action.MEDIA_REGISTER, lineage=uow.units.lineage(actor.unit_code))
        uow.media.add_all(media)
        for medium in media:
            uow.audit.append(actor, Tag.MEDIUM_REGISTERED, medium.serial, unit=actor.unit_code, detail={"model": model})
    return media


def initialise(services: Services, actor: Actor, serial: str, *, binding_key: bytes) -> Medium:
    """Note the public half (SPKI DER) of the binding key that was made on the token."""
    _check_binding_key(binding_key)
    with services.begin() as uow:
        medium = uow.media.get(serial)
        authorise(actor, Action.MEDIA_REGISTER, lineage=uow.units.lineage(medium.at_unit))
        moved = move(services, uow, actor, medium, MediumEvent.INITIALISE, to=medium.at_unit)
        moved = uow.media.change(moved, binding_key=binding_key)
        uow.audit.append(actor, Tag.MEDIUM_INITIALISED, serial, unit=medium.at_unit)
        return moved


@dataclass(frozen=True)
class Shipment:
    """What goes into a parcel and where it goes."""

    serials: Sequence[str]
    to_unit: str
    courier_number: str


def dispatch(services: Services, actor: Actor, shipment: Shipment) -> Parcel:
    """Send tokens that lie at the actor's unit to a unit below it."""
    if not shipment.serials:
        raise Invalid("包裹中至少要有一个介质。")
    with services.begin() as uow:
        authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(shipment.to_unit))
        require_open(uow, [shipment.to_unit])
        parcel = Parcel(
            id=services.new_id("P"),
            from_unit=actor.unit_code,
            to_unit=shipment.to_unit,
            courier_number=shipment.courier_number,
            status=ParcelStatus.SENT,
            sent_by=actor.login,
            sent_at=services.clock(),
        )
        uow.parcels.add(parcel)
        for medium in _lying_here(uow, actor, shipment.serials):
            moved = move(services, uow, actor, medium, MediumEvent.DISPATCH, to=parcel.id)
            uow.media.change(moved, parcel_id=parcel.id)
        detail: dict[str, str | int] = {"to": shipment.to_unit, "tokens": len(shipment.serials)}
        uow.audit.append(actor, Tag.MEDIUM_DISPATCHED, parcel.id, unit=actor.unit_code, detail=detail)
        return parcel


def receive(services: Services, actor: Actor, parcel_id: str) -> Parcel:
    """Take in a parcel at the unit it was sent to."""
    with services.begin() as uow:
        parcel = uow.parcels.get(parcel_id)
        authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(parcel.to_unit))
        if actor.unit_code != parcel.to_unit:
            raise Forbidden("包裹只能由收件单位的介质管理员签收。")
        if parcel.status is not ParcelStatus.SENT:
            raise Conflict("此包裹已经签收过。")
        received = uow.parcels.change(
            parcel, status=ParcelStatus.RECEIVED, received_by=actor.login, received_at=services.clock()
        )
        contents = uow.media.find(parcel_id=parcel_id, status=MediumStatus.IN_TRANSIT)
        for medium in contents:
            moved = move(services, uow, actor, medium, MediumEvent.RECEIVE, to=parcel.to_unit)
            uow.media.change(moved, at_unit=parcel.to_unit, parcel_id=None)
        detail = {"tokens": len(contents)}
        uow.audit.append(actor, Tag.MEDIUM_RECEIVED, parcel_id, unit=parcel.to_unit, detail=detail)
        return received


def hand_over(services: Services, actor: Actor, serial: str, *, holder_id: str) -> Medium:
    """Hand a token to its person: the row of the dispatch record (电子证书派发记录单)."""
    with services.begin() as uow:
        holder = uow.holders.get(holder_id)
        authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(holder.unit_code))
        require_open(uow, [holder.unit_code])
        if uow.media.find(holder_id=holder_id, status=[MediumStatus.HANDED_OVER, MediumStatus.IN_USE]):
            raise Conflict("此人名下已有一个介质。请先办理交回、挂失或报损。")
        (medium,) = _lying_here(uow, actor, [serial])
        if medium.binding_key is None:
            raise Conflict("此介质尚未初始化（没有绑定密钥），不能派发。")
        moved = move(services, uow, actor, medium, MediumEvent.HAND_OVER, to=holder_id)
        moved = uow.media.change(moved, holder_id=holder_id, at_unit=holder.unit_code)
        uow.audit.append(actor, Tag.MEDIUM_HANDED_OVER, serial, unit=holder.unit_code, detail={"holder": holder_id})
        return moved


def move(services: Services, uow: UnitOfWork, actor: Actor, medium: Medium, event: MediumEvent, *, to: str) -> Medium:
    """One step of a token's life inside a running transaction: state and history together."""
    moved = uow.media.change(medium, status=MEDIUM.after(medium.status, event))
    seq = len(uow.custody.find(serial=medium.serial)) + 1
    came_from = medium.parcel_id or medium.holder_id or medium.at_unit
    uow.custody.add(CustodyEvent(medium.serial, seq, event, came_from, to, actor.login, services.clock()))
    return moved


def stock(services: Services, actor: Actor, window: Window = ALL) -> Listing[Medium]:
    """The tokens of the actor's subtree, by serial number."""
    with services.read() as uow:
        authorise(actor, Action.MEDIA_READ, lineage=uow.units.lineage(actor.unit_code))
        return listing(uow.media, window, within=actor.unit_code)


def history(services: Services, actor: Actor, serial: str) -> Sequence[CustodyEvent]:
    """Every step of one token."""
    with services.read() as uow:
        authorise(actor, Action.MEDIA_READ, lineage=uow.units.lineage(uow.media.get(serial).at_unit))
        return uow.custody.find(serial=serial)


def _lying_here(uow: UnitOfWork, actor: Actor, serials: Sequence[str]) -> Sequence[Medium]:
    media = uow.media.find(serial=list(serials))
    if len(media) != len(set(serials)):
        missing = sorted(set(serials) - {medium.serial for medium in media})
        raise Invalid(f"介质 {missing[0]} 没有登记。未作任何更改。")
    for medium in media:
        if medium.at_unit != actor.unit_code or medium.status not in (
            MediumStatus.INITIALISED,
            MediumStatus.AT_UNIT,
        ):
            raise Conflict(f"介质 {medium.serial} 目前不在本单位库存中（{medium.status}）。未作任何更改。")
    return media


def _check_binding_key(binding_key: bytes) -> None:
    try:
        key = load_der_public_key(binding_key)
    except Exception as error:
        raise Invalid("绑定公钥无法读取。请重新运行 educa-token init。") from error
    strong = isinstance(key, ec.EllipticCurvePublicKey) or (isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048)
    if not strong:
        raise Invalid("绑定密钥应为 P-256 或 RSA-2048 以上。")
