"""Releases of locked tokens (解锁) as the staff sees them: made by a change form, listed, made again by two people.

A code that was lost, expired or blocked needs no second form: a clerk asks for another one, a reviewer at the centre
gives it, who is not the one who asked. The earlier release is void then, and the new one stands on the same form.
"""

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict
from ca_service.domain.media import WITH_PERSON, MediumStatus
from ca_service.domain.messages import Channel
from ca_service.domain.notices import release_code
from ca_service.domain.roles import Action, Actor, authorise, refuse_self_review
from ca_service.domain.unblocks import (
    MAX_TRIES,
    RELEASE,
    RELEASE_LIFETIME,
    UNDER_WAY,
    Release,
    ReleaseEvent,
    ReleaseStatus,
)
from ca_service.workflows.enrol_codes import random_text
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.messages import post
from ca_service.workflows.ports import Services, UnitOfWork

_CODE_LENGTH = 10


def release(services: Services, uow: UnitOfWork, actor: Actor, holder_id: str, change_id: str) -> Release | None:
    """Release the locked token of a person inside the transaction that executes the change form; the code goes out.

    None where the person has no locked token, or none whose SO PIN the CA keeps: there is nothing to release.
    """
    media = uow.media.find(holder_id=holder_id, status=MediumStatus.LOCKED)
    if not media or not uow.so_pins.count(serial=media[0].serial):
        return None
    serial, code, now = media[0].serial, random_text(services, _CODE_LENGTH), services.clock()
    holder = uow.holders.get(holder_id)
    for earlier in uow.releases.find(serial=serial, status=UNDER_WAY):
        uow.releases.change(earlier, status=RELEASE.after(earlier.status, ReleaseEvent.VOID), session_hash=None)
    made = Release(
        id=services.new_id("U"),
        serial=serial,
        holder_id=holder_id,
        unit_code=holder.unit_code,
        change_id=change_id,
        code_hash=code_hash(services, serial, code),
        status=ReleaseStatus.OPEN,
        tries_left=MAX_TRIES,
        released_by=actor.login,
        released_at=now,
        expires_at=now + RELEASE_LIFETIME,
    )
    uow.releases.add(made)
    post(services, uow, Channel.SMS, release_code(holder.contact.mobile, code), unit=holder.unit_code)
    detail = {"token": serial, "case": change_id}
    uow.audit.append(actor, Tag.UNBLOCK_RELEASED, made.id, unit=holder.unit_code, detail=detail)
    return made


def ask_again(services: Services, actor: Actor, release_id: str) -> Release:
    """Ask for another code for the same token. Raises Conflict once it is unblocked, replaced, or was asked for."""
    with services.begin() as uow:
        current = uow.releases.get(release_id)
        authorise(actor, Action.CHANGE_SUBMIT, lineage=uow.units.lineage(current.unit_code))
        _require_under_way(current)
        if current.asked_by:
            raise Conflict(f"{current.asked_by} 已申请重新发放，等待中心另一名审核人员办理。")
        asked = uow.releases.change(current, guard=("asked_by",), asked_by=actor.login, asked_at=services.clock())
        detail = {"token": current.serial}
        uow.audit.append(actor, Tag.UNBLOCK_ASKED_AGAIN, current.id, unit=current.unit_code, detail=detail)
        return asked


def release_again(services: Services, actor: Actor, release_id: str) -> Release:
    """Give the code that was asked for; raise Forbidden for who asked, Conflict where there is nothing to release."""
    with services.begin() as uow:
        current = uow.releases.get(release_id)
        authorise(actor, Action.CHANGE_EXECUTE, lineage=uow.units.lineage(current.unit_code))
        _require_under_way(current)
        if not current.asked_by:
            raise Conflict("还没有人申请重新发放：须先由录入人员申请，再由另一名审核人员办理。")
        refuse_self_review(actor, entered_by=current.asked_by)
        made = release(services, uow, actor, current.holder_id, current.change_id)
        if made is None or made.serial != current.serial:
            raise Conflict("此介质不再是已锁定状态，或已不在此人手中，不能重新发放解锁码。")
        return made


def _require_under_way(current: Release) -> None:
    if current.status not in UNDER_WAY:
        raise Conflict("此次解锁已完成或已被后一次取代，不能重新发放解锁码。")


def list_releases(services: Services, actor: Actor, window: Window = ALL) -> Listing[Release]:
    """The releases of the actor's subtree, newest first: one that is open past its time was never confirmed."""
    with services.read() as uow:
        authorise(actor, Action.MEDIA_READ, lineage=uow.units.lineage(actor.unit_code))
        return listing(uow.releases, window, order="-released_at", within=actor.unit_code)


def obstacle(services: Services, actor: Actor, holder_id: str) -> str:
    """Why an unlock form would bring this person no release code, and what to do; empty if it would (or no token)."""
    with services.read() as uow:
        holder = uow.holders.get(holder_id)
        authorise(actor, Action.CHANGE_READ, lineage=uow.units.lineage(holder.unit_code))
        media = uow.media.find(holder_id=holder_id, status=WITH_PERSON)
        if not media:
            return ""
        medium = next((one for one in media if one.status is MediumStatus.LOCKED), media[0])
        if not uow.so_pins.count(serial=medium.serial):
            return (
                f"介质 {medium.serial} 没有登记管理 PIN（SO PIN），不能在线解锁。介质锁定的请改办补办："
                "将此介质报损，另派发介质并发放下载码，原证书随即吊销。"
            )
        if medium.status is not MediumStatus.LOCKED:
            return f"介质 {medium.serial} 没有登记为已锁定：执行时不会发出解锁码。介质锁定的，请先在介质页登记。"
    return ""


def code_hash(services: Services, serial: str, code: str) -> str:
    """How a release code is kept; it is worth something for this token only."""
    return services.keyed_hash(f"release:{serial}:{code}")
