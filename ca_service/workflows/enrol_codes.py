"""Reference number (参考号) and authorisation code (授权码): two ways, kept as keyed hashes, one use, five tries."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import ENDED, LIVE, CertificateEvent, RevocationReason
from ca_service.domain.compromises import REVOKING
from ca_service.domain.enrolments import (
    CODE_LIFETIME,
    ENROLMENT,
    MAX_TRIES,
    Enrolment,
    EnrolmentEvent,
    EnrolmentStatus,
)
from ca_service.domain.errors import (
    CodeBlocked,
    CodeExpired,
    CodeUsed,
    CodeWrong,
    Conflict,
    DomainError,
    Invalid,
)
from ca_service.domain.holders import HolderStatus
from ca_service.domain.media import MediumStatus
from ca_service.domain.messages import Channel
from ca_service.domain.notices import authorisation_code
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.certificate_status import apply
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.messages import post
from ca_service.workflows.ports import Services, UnitOfWork

# Digits and capitals that are not mistaken for each other on paper.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_REFERENCE_LENGTH, _CODE_LENGTH = 12, 10


@dataclass(frozen=True)
class IssuedCode:
    """What the staff member sees: the reference number only. The authorisation code goes to the person's mobile."""

    enrolment: Enrolment
    reference_number: str


def issue_code(services: Services, actor: Actor, holder_id: str) -> IssuedCode:
    """Issue codes for the token that was handed to this person; codes issued before are void.

    A replacement (补办): what the person had on another token, or on this one before it was made anew, is revoked here,
    before anything can be fetched.
    """
    reference, code = random_text(services, _REFERENCE_LENGTH), random_text(services, _CODE_LENGTH)
    with services.begin() as uow:
        holder = uow.holders.get(holder_id)
        authorise(actor, Action.ENROLMENT_ISSUE_CODE, lineage=uow.units.lineage(holder.unit_code))
        if holder.status is not HolderStatus.ACTIVE:
            raise Conflict("此人的账号已停用，不能发放下载码。")
        if holder.user_type != UserType.INFORMATION:
            raise Invalid("此人不是信息管理员，当前不签发证书。")
        media = uow.media.find(holder_id=holder_id, status=_ready(uow, holder_id))
        if not media:
            raise Conflict("尚未向此人派发介质，或其介质已在使用。请先完成派发。")
        now = services.clock()
        earlier = _void_earlier(services, uow, actor, holder_id, medium_serial=media[0].serial)
        enrolment = Enrolment(
            id=services.new_id("E"),
            holder_id=holder_id,
            medium_serial=media[0].serial,
            reference_hash=services.keyed_hash(f"reference:{reference}"),
            code_hash=services.keyed_hash(f"code:{reference}:{code}"),
            status=EnrolmentStatus.ISSUED if earlier else EnrolmentStatus.OPEN,
            key_sha256=earlier.key_sha256 if earlier else None,
            certificate_serial=earlier.certificate_serial if earlier else None,
            tries_left=MAX_TRIES,
            issued_by=actor.login,
            issued_at=now,
            expires_at=now + CODE_LIFETIME,
        )
        uow.enrolments.add(enrolment)
        _revoke_replaced(services, uow, actor, enrolment)
        letter = authorisation_code(holder.contact.mobile, code)
        post(services, uow, Channel.SMS, letter, unit=holder.unit_code)
        uow.audit.append(actor, Tag.CODE_ISSUED, enrolment.id, unit=holder.unit_code, detail={"holder": holder_id})
    return IssuedCode(enrolment, reference)


def _ready(uow: UnitOfWork, holder_id: str) -> Sequence[MediumStatus]:
    """Which tokens may be downloaded onto: one in use only where its certificate ended with the issuing CA's key."""
    last = uow.certificates.find(holder_id=holder_id, order="-created_at", limit=1)
    cases = [case.id for case in uow.compromises.find(status=REVOKING)]
    ended = last and uow.status_events.count(serial=last[0].serial, ground=cases, event=CertificateEvent.REVOKE)
    return (MediumStatus.HANDED_OVER, MediumStatus.IN_USE) if ended else (MediumStatus.HANDED_OVER,)


def _void_earlier(
    services: Services, uow: UnitOfWork, actor: Actor, holder_id: str, *, medium_serial: str
) -> Enrolment | None:
    """Void the codes given before; return the enrolment whose unconfirmed certificate the new codes go on with.

    A certificate for another token than the present one, or begun as a renewal, can never be confirmed: it is revoked.
    """
    carried: Enrolment | None = None
    live = [EnrolmentStatus.OPEN, EnrolmentStatus.BLOCKED, EnrolmentStatus.ISSUED]
    for enrolment in uow.enrolments.find(holder_id=holder_id, status=live):
        status = ENROLMENT.after(enrolment.status, EnrolmentEvent.VOID)
        uow.enrolments.change(enrolment, status=status, session_hash=None)
        if enrolment.certificate_serial is None:
            continue
        goes_on = uow.certificates.get(enrolment.certificate_serial).status not in ENDED
        if goes_on and enrolment.medium_serial == medium_serial and enrolment.renews is None:
            carried = enrolment
        else:
            _revoke_orphan(services, uow, actor, enrolment.certificate_serial, ground=enrolment.id)
    return carried


def _revoke_orphan(services: Services, uow: UnitOfWork, actor: Actor, serial: str, *, ground: str) -> None:
    certificate = uow.certificates.get(serial)
    if certificate.status not in ENDED:
        apply(
            uow,
            actor,
            certificate,
            CertificateEvent.REVOKE,
            at=services.clock(),
            reason="issued for a token that the holder no longer has; never confirmed",
            crl_reason=RevocationReason.SUPERSEDED,
            ground=ground,
        )


def _revoke_replaced(services: Services, uow: UnitOfWork, actor: Actor, enrolment: Enrolment) -> None:
    for old in uow.certificates.find(holder_id=enrolment.holder_id, status=LIVE):
        if old.medium_serial is None or old.serial == enrolment.certificate_serial:
            continue
        lost = uow.media.get(old.medium_serial).status is MediumStatus.LOST
        reason = RevocationReason.KEY_COMPROMISE if lost else RevocationReason.SUPERSEDED
        apply(
            uow, actor, old, CertificateEvent.REVOKE,
            at=services.clock(), reason="replaced", crl_reason=reason, ground=enrolment.id,
        )  # fmt: skip


def check_code(services: Services, actor: Actor, *, reference: str, code: str) -> Enrolment:
    """Return the enrolment that these codes open.

    A wrong code is counted in a transaction of its own, so that the count stands although the request is refused.
    Right ones write nothing. Raises CodeWrong (with `tries_left`), CodeBlocked, CodeExpired, CodeUsed.
    """
    reference, code = tidy(reference), tidy(code)
    with services.read() as uow:
        enrolment = _of_reference(services, uow, reference)
    if _refusal(services, enrolment) is None and _matches(services, enrolment, reference, code):
        return enrolment
    with services.begin() as uow:
        enrolment = _of_reference(services, uow, reference)
        refusal = _refusal(services, enrolment)
        if refusal is None and not _matches(services, enrolment, reference, code):
            refusal = _count(uow, enrolment)
        if refusal is not None:
            unit = uow.holders.get(enrolment.holder_id).unit_code
            uow.audit.append(actor, Tag.CODE_REFUSED, enrolment.id, unit=unit, detail={"kind": refusal.kind})
    if refusal is not None:
        raise refusal
    return enrolment


def _of_reference(services: Services, uow: UnitOfWork, reference: str) -> Enrolment:
    found = uow.enrolments.find(reference_hash=services.keyed_hash(f"reference:{reference}"))
    if not found:
        raise CodeWrong("参考号或授权码不正确，请核对后重新输入。")
    return found[0]


def _refusal(services: Services, enrolment: Enrolment) -> DomainError | None:
    if enrolment.status is EnrolmentStatus.BLOCKED:
        return CodeBlocked("授权码已输错 5 次，已锁定。请联系上级用户管理部门重新发放。")
    if enrolment.status is EnrolmentStatus.VOIDED:
        return CodeUsed("这组参考号和授权码已作废，请使用最新收到的一组。")
    if enrolment.status is EnrolmentStatus.OPEN and services.clock() > enrolment.expires_at:
        return CodeExpired("授权码已超过 14 天有效期。请联系上级用户管理部门重新发放。")
    return None


def _matches(services: Services, enrolment: Enrolment, reference: str, code: str) -> bool:
    return hmac.compare_digest(enrolment.code_hash, services.keyed_hash(f"code:{reference}:{code}"))


def _count(uow: UnitOfWork, enrolment: Enrolment) -> DomainError:
    left = enrolment.tries_left - 1
    if left > 0 or enrolment.status is EnrolmentStatus.CONFIRMED:
        uow.enrolments.change(enrolment, guard=("tries_left",), tries_left=max(left, 0))
        detail = f"参考号或授权码不正确，还可以再试 {max(left, 0)} 次。请核对后重新输入。"
        return CodeWrong(detail, facts={"tries_left": max(left, 0)})
    status = ENROLMENT.after(enrolment.status, EnrolmentEvent.BLOCK)
    uow.enrolments.change(enrolment, guard=("tries_left",), tries_left=0, status=status, session_hash=None)
    return CodeBlocked("授权码已输错 5 次，已锁定。请联系上级用户管理部门重新发放。")


def random_text(services: Services, length: int) -> str:
    """Characters that are read and typed without mistake, each with 4.95 bits."""
    # 248 is the greatest multiple of 31 below 256: octets above it would favour some characters.
    text = ""
    while len(text) < length:
        text += "".join(_ALPHABET[o % 31] for o in services.random_bytes(length) if o < 248)
    return text[:length]


def tidy(typed: str) -> str:
    """A code as it was made, however it was typed."""
    return "".join(typed.upper().split()).replace("-", "")


def list_enrolments(services: Services, actor: Actor, window: Window = ALL) -> Listing[Enrolment]:
    """The downloads of the actor's subtree, newest first."""
    with services.read() as uow:
        authorise(actor, Action.ENROLMENT_READ, lineage=uow.units.lineage(actor.unit_code))
        return listing(uow.enrolments, window, order="-issued_at", within=actor.unit_code)
