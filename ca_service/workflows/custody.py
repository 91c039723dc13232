"""Custody of the tokens: the stock, one step of a token's life, its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import LIVE
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.media import ENDS_A_PROMISE, IN_STOCK, MEDIUM, CustodyEvent, Medium, MediumEvent, MediumStatus
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.so_pins import begin_list


@dataclass(frozen=True)
class NewMedium:
    """A blank token as it comes from the maker."""

    serial: str
    model: str
    firmware: str = ""


def register(services: Services, actor: Actor, new: Sequence[NewMedium]) -> Sequence[Medium]:
    """Take blank tokens into the centre's stock by their serial numbers; all of them or none."""
    _check_serials([one.serial for one in new])
    now = services.clock()
    media = [
        Medium(one.serial, one.model, MediumStatus.BLANK, actor.unit_code, now, firmware=one.firmware) for one in new
    ]
    with services.begin() as uow:
        authorise(actor, Action.MEDIA_REGISTER, lineage=uow.units.lineage(actor.unit_code))
        taken = uow.media.find(serial=[one.serial for one in new], limit=1)
        if taken:
            raise Conflict(f"介质 {taken[0].serial} 已经登记过。未作任何更改。")
        uow.media.add_all(media)
        uow.audit.append_all(actor, Tag.MEDIUM_REGISTERED, ((one.serial, actor.unit_code) for one in new))
    return media


def _check_serials(serials: Sequence[str]) -> None:
    if not serials:
        raise Invalid("没有介质序列号。")
    for serial in serials:
        if not (1 <= len(serial) <= 40 and serial.isascii() and serial.isprintable() and " " not in serial):
            raise Invalid(f"介质序列号应为 1 至 40 个字母或数字，不含空格，收到的是“{serial[:45]}”。未作任何更改。")
    twice = next((serial for serial in serials if serials.count(serial) > 1), None) if _repeats(serials) else None
    if twice is not None:
        raise Invalid(f"介质序列号 {twice} 出现了两次，请核对后重新登记。未作任何更改。")


def _repeats(serials: Sequence[str]) -> bool:
    return len(set(serials)) != len(serials)


def initialise(
    services: Services, actor: Actor, serial: str, *, binding_key: bytes, so_pin_sealed: bytes | None = None
) -> Medium:
    """Note the public half (SPKI DER) of the binding key that was made on the token; a returned one begins anew.

    `so_pin_sealed` is its SO PIN for the custody key; without it the token can never be unblocked.
    """
    _check_binding_key(binding_key)
    with services.begin() as uow:
        medium = uow.media.get(serial)
        authorise(actor, Action.MEDIA_REGISTER, lineage=uow.units.lineage(medium.at_unit))
        if medium.at_unit != actor.unit_code:
            raise Conflict("介质不在自治区教育信息中心，不能初始化。请先寄回并签收。")
        _refuse_end_of_key(uow, medium)
        moved = move(services, uow, actor, medium, MediumEvent.INITIALISE, binding_key=binding_key, holder_id=None)
        begin_list(services, uow, serial, so_pin_sealed)
        uow.audit.append(actor, Tag.MEDIUM_INITIALISED, serial, unit=medium.at_unit)
        return moved


def _refuse_end_of_key(uow: UnitOfWork, medium: Medium) -> None:
    """Initialising destroys the key: a token kept for somebody whose certificate may come back is not initialised."""
    if medium.status is not MediumStatus.RETURNED or medium.holder_id is None:
        return
    alive = uow.certificates.find(medium_serial=medium.serial, holder_id=medium.holder_id, status=LIVE, limit=1)
    if alive:
        raise Conflict(
            f"介质 {medium.serial} 随停用申请交回，其上证书 {alive[0].serial} 尚未吊销，持有人可能恢复使用。"
            "不再恢复的，请先吊销该证书，再初始化。"
        )


def move(
    services: Services,
    uow: UnitOfWork,
    actor: Actor,
    medium: Medium,
    event: MediumEvent,
    *,
    note: str = "",
    **changed: Any,
) -> Medium:
    """One step of a token's life inside a running transaction: state, place and history together.

    The guarded update lets one of two steps at once succeed, so the number of the step is taken once.
    """
    moved = uow.media.change(
        medium, status=MEDIUM.after(medium.status, event), guard=("at_unit", "parcel_id"), **changed
    )
    if event in ENDS_A_PROMISE:
        # Whom it was promised to gets another one: a row left open would name them as the receiver of this one.
        for row in uow.hand_overs.find(serial=medium.serial, handed_over_at=None, cancelled=False):
            uow.hand_overs.change(row, guard=("handed_over_at",), cancelled=True)
    uow.custody.add(
        CustodyEvent(
            serial=medium.serial,
            seq=uow.custody.count(serial=medium.serial) + 1,
            event=event,
            from_place=medium.place,
            to_place=moved.place,
            by=actor.login,
            at=services.clock(),
            status=moved.status,
            at_unit=moved.at_unit,
            note=note,
        )
    )
    return moved


def in_stock(uow: UnitOfWork, actor: Actor, serials: Sequence[str], *, allocated: bool) -> Sequence[Medium]:
    """The tokens named, all of which lie at the actor's unit; `allocated`: those promised to a person too."""
    _check_serials(serials)
    media = uow.media.find(serial=list(serials))
    if len(media) != len(serials):
        missing = sorted(set(serials) - {medium.serial for medium in media})
        raise Invalid(f"介质 {missing[0]} 没有登记。未作任何更改。")
    # Where a token lies is told to those only who may move tokens there.
    for lineage in uow.units.lineages({medium.at_unit for medium in media}).values():
        authorise(actor, Action.MEDIA_MOVE, lineage=lineage)
    allowed = (*IN_STOCK, MediumStatus.ALLOCATED) if allocated else IN_STOCK
    for medium in media:
        if medium.at_unit != actor.unit_code or medium.status not in allowed:
            raise Conflict(f"介质 {medium.serial} 目前不在本单位库存中（{medium.status}）。未作任何更改。")
    return media


def stock(
    services: Services, actor: Actor, window: Window = ALL, *, status: MediumStatus | None = None
) -> Listing[Medium]:
    """The tokens of the actor's subtree, by serial number."""
    wanted: dict[str, Any] = {} if status is None else {"status": status}
    with services.read() as uow:
        authorise(actor, Action.MEDIA_READ, lineage=uow.units.lineage(actor.unit_code))
        return listing(uow.media, window, within=actor.unit_code, **wanted)


def show(services: Services, actor: Actor, serial: str) -> tuple[Medium, Sequence[CustodyEvent]]:
    """One token with every step of its life; raise NotFound, Forbidden."""
    with services.read() as uow:
        medium = uow.media.get(serial)
        authorise(actor, Action.MEDIA_READ, lineage=uow.units.lineage(medium.at_unit))
        return medium, uow.custody.find(serial=serial)


def _check_binding_key(binding_key: bytes) -> None:
    try:
        key = load_der_public_key(binding_key)
    except Exception as error:
        raise Invalid("绑定公钥无法读取。请重新运行 educa-token init。") from error
    strong = isinstance(key, ec.EllipticCurvePublicKey) or (isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048)
    if not strong:
        raise Invalid("绑定密钥应为 P-256 或 RSA-2048 以上。")
