"""PIN unblock (解锁): a release by two people of the staff, then three steps of the helper, each may be repeated.

    0. release: clerk and reviewer, by a change form of somebody whose token is reported as locked (`releases.py`)
    1. begin: token and release code -> session and nonce
    2. hand out: the next SO PIN comes in sealed and is kept; then the ones that may be in force go out, sealed anew
    3. confirm: the binding key signs, which only works with the new PIN -> the older SO PINs are forgotten

Dead after any of them: the code works again until 3, and every SO PIN that the token can have is on the list. No SO PIN
is ever in a log, an address or an answer in clear.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.enrolments import SESSION_LIFETIME
from ca_service.domain.errors import (
    BindingInvalid,
    CodeBlocked,
    CodeExpired,
    CodeUsed,
    CodeWrong,
    Conflict,
    DomainError,
    NotReleased,
    ProofInvalid,
    SessionUnknown,
    WrongToken,
)
from ca_service.domain.media import WITH_PERSON, MediumEvent, MediumStatus
from ca_service.domain.unblocks import (
    MAX_SO_PINS,
    RELEASE,
    UNBLOCK_CONTEXT,
    Release,
    ReleaseEvent,
    ReleaseStatus,
    SoPin,
)
from ca_service.workflows.csr import signature_holds
from ca_service.workflows.custody import move
from ca_service.workflows.enrol_codes import tidy
from ca_service.workflows.enrol_issue import HELPER
from ca_service.workflows.misuse import warn_of_misuse
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.releases import code_hash


@dataclass(frozen=True)
class Begun:
    """Answer to `begin`; `reader` is the custody key (SPKI DER)."""

    session: str
    nonce: bytes
    reader: bytes


def begin(services: Services, *, serial: str, code: str) -> Begun:
    """Open a session; an earlier one of the release ends. A wrong code is counted although the request is refused.

    Raises NotReleased, WrongToken, CodeWrong (with `tries_left`), CodeBlocked, CodeExpired, CodeUsed.
    """
    session, nonce = services.random_bytes(32).hex(), services.random_bytes(32)
    reader = services.custody.public_key
    with services.begin() as uow:
        found = uow.releases.find(serial=serial, order="-released_at", limit=1)
        if not found:
            raise NotReleased("没有为这个介质批准过解锁。请先由单位提交账号解锁的变更申请。")
        current = found[0]
        refusal = _state_refusal(services, uow, current)
        if refusal is None and not hmac.compare_digest(current.code_hash, code_hash(services, serial, tidy(code))):
            refusal = _count(uow, current)
        if refusal is None:
            uow.releases.change(
                current,
                guard=("tries_left",),
                session_hash=_session_hash(services, session),
                session_expires_at=services.clock() + SESSION_LIFETIME,
                nonce=nonce,
            )
        else:
            _note_refusal(uow, current, refusal)
    if refusal is not None:
        raise refusal
    return Begun(session, nonce, reader)


def _state_refusal(services: Services, uow: UnitOfWork, current: Release) -> DomainError | None:
    medium = uow.media.get(current.serial)
    if medium.holder_id != current.holder_id or medium.status not in WITH_PERSON:
        return WrongToken("此介质已交回、挂失或报损，不能解锁。请联系上级用户管理部门。")
    if current.status is ReleaseStatus.BLOCKED:
        return CodeBlocked("解锁码已输错 5 次，已锁定。请联系上级用户管理部门重新发放。")
    if current.status is ReleaseStatus.CONFIRMED:
        return CodeUsed("解锁码已使用。再次锁定的，请重新提交账号解锁的变更申请。")
    if current.status is ReleaseStatus.VOIDED:
        return NotReleased("没有为这个介质批准过解锁。请先由单位提交账号解锁的变更申请。")
    if services.clock() > current.expires_at:
        return CodeExpired("解锁码已超过 24 小时有效期。请联系上级用户管理部门重新发放。")
    return None


def _count(uow: UnitOfWork, current: Release) -> DomainError:
    left = current.tries_left - 1
    if left > 0:
        uow.releases.change(current, guard=("tries_left",), tries_left=left)
        return CodeWrong(f"解锁码不正确，还可以再试 {left} 次。请核对后重新输入。", facts={"tries_left": left})
    status = RELEASE.after(current.status, ReleaseEvent.BLOCK)
    uow.releases.change(current, guard=("tries_left",), tries_left=0, status=status, session_hash=None)
    return CodeBlocked("解锁码已输错 5 次，已锁定。请联系上级用户管理部门重新发放。")


def hand_out(
    services: Services, *, session: str, binding_key: bytes, reader: bytes, next_sealed: bytes
) -> Sequence[bytes]:
    """Keep the next SO PIN, then answer those that the token may have, newest first, sealed for `reader`.

    Raises SessionUnknown, BindingInvalid, Invalid, Conflict. What cannot be sealed changes nothing.
    """
    with services.begin() as uow:
        current = _by_session(services, uow, session)
        medium = uow.media.get(current.serial)
        refusal = _state_refusal(services, uow, current)
        if refusal is None and (medium.binding_key is None or medium.binding_key != binding_key):
            refusal = BindingInvalid("介质出示的绑定公钥不正确：这不是申请解锁的介质。此次尝试已记录。")
        if refusal is None:
            sealed = _hand_out(services, uow, current, reader=reader, next_sealed=next_sealed)
        else:
            _note_refusal(uow, current, refusal)
            if isinstance(refusal, BindingInvalid):
                warn_of_misuse(services, uow, holder_id=current.holder_id, act="解锁介质")
    if refusal is not None:
        raise refusal
    return sealed


def _hand_out(
    services: Services, uow: UnitOfWork, current: Release, *, reader: bytes, next_sealed: bytes
) -> Sequence[bytes]:
    serial, nonce = current.serial, current.nonce or b""
    kept = uow.so_pins.find(serial=serial, order="-seq")
    mine = [one for one in kept if one.session_hash == current.session_hash]
    others = [one for one in kept if one.session_hash != current.session_hash]
    if mine and mine[0].sealed != next_sealed:
        raise Conflict("此次解锁已交过新的管理 PIN，请重新运行证书助手（解锁码仍然有效）。")
    if len(others) > MAX_SO_PINS:
        raise Conflict("此介质多次解锁都没有完成，须交回自治区教育信息中心重新初始化。")
    if not mine:
        services.custody.check(next_sealed, serial=serial)
        uow.so_pins.add(SoPin(serial, kept[0].seq + 1, next_sealed, current.session_hash or ""))
    detail: dict[str, str | int] = {"release": current.id, "so_pins": len(others)}
    uow.audit.append(HELPER, Tag.SO_PIN_HANDED_OUT, serial, unit=current.unit_code, detail=detail)
    return [services.custody.reseal(one.sealed, serial=serial, reader=reader, nonce=nonce) for one in others]


def confirm(services: Services, *, session: str, signature: bytes) -> Release:
    """The new PIN works: the SO PIN of this session is the one in force. A repeat is answered the same.

    Raises SessionUnknown, ProofInvalid, Conflict when no SO PIN was handed out in this session.
    """
    with services.begin() as uow:
        current = _by_session(services, uow, session)
        medium = uow.media.get(current.serial)
        message = UNBLOCK_CONTEXT + (current.nonce or b"")
        if medium.binding_key is None or not signature_holds(medium.binding_key, signature, message):
            raise ProofInvalid("绑定密钥的签名验证未通过，解锁尚未完成。请重新运行证书助手。")
        if current.status is ReleaseStatus.CONFIRMED:
            return current
        status = RELEASE.after(current.status, ReleaseEvent.CONFIRM)
        kept = uow.so_pins.find(serial=current.serial)
        if current.session_hash not in [one.session_hash for one in kept]:
            raise Conflict("此次解锁还没有取得管理 PIN，不能确认。请重新运行证书助手。")
        older = [one.seq for one in kept if one.session_hash != current.session_hash]
        uow.so_pins.remove(serial=current.serial, seq=older)
        done = uow.releases.change(current, guard=("session_hash",), status=status, confirmed_at=services.clock())
        if medium.status is MediumStatus.LOCKED:
            move(services, uow, HELPER, medium, MediumEvent.UNBLOCK)
        uow.audit.append(
            HELPER, Tag.UNBLOCK_CONFIRMED, current.id, unit=current.unit_code, detail={"token": current.serial}
        )
        return done


def _by_session(services: Services, uow: UnitOfWork, session: str) -> Release:
    found = uow.releases.find(session_hash=_session_hash(services, session))
    if not found or found[0].session_expires_at is None or services.clock() > found[0].session_expires_at:
        raise SessionUnknown("解锁会话不存在或已超过 15 分钟，请重新运行证书助手（不会消耗解锁码）。")
    return found[0]


def _note_refusal(uow: UnitOfWork, current: Release, refusal: DomainError) -> None:
    detail = {"kind": refusal.kind, "token": current.serial}
    uow.audit.append(HELPER, Tag.UNBLOCK_REFUSED, current.id, unit=current.unit_code, detail=detail)


def _session_hash(services: Services, session: str) -> str:
    return services.keyed_hash(f"unblock-session:{session}")
