"""Self-download onto the token (自助下载): begin, certificate, confirm; each may be repeated and answers the same.

A renewal (更新, `renew.py`) begins otherwise and shares the steps after that.

    1. begin: reference number and authorisation code, for the very token that was handed over -> session and nonce
    2. certificate: CSR, and the binding key's signature over nonce and CSR hash -> certificate (issued once per key)
    3. confirm: a signature by the new key over the challenge -> active; the codes are used up

The session is a bearer secret of 15 minutes; what protects a stolen code is the binding signature.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import (
    CERTIFICATE,
    ENDED,
    Certificate,
    CertificateEvent,
    RevocationReason,
)
from ca_service.domain.enrolments import (
    BINDING_CONTEXT,
    CONFIRM_CONTEXT,
    ENROLMENT,
    RENEWAL_CONTEXT,
    SESSION_LIFETIME,
    Enrolment,
    EnrolmentEvent,
    EnrolmentStatus,
)
from ca_service.domain.errors import (
    BindingInvalid,
    Conflict,
    DomainError,
    ProofInvalid,
    SessionUnknown,
    WrongToken,
)
from ca_service.domain.expiry import next_notice
from ca_service.domain.media import MediumEvent, MediumStatus
from ca_service.domain.person_text import mask_name
from ca_service.workflows.certificate_status import Step, apply, record
from ca_service.workflows.csr import public_key_of, read_csr, signature_holds
from ca_service.workflows.current_issuer import ROOT, latest
from ca_service.workflows.custody import move
from ca_service.workflows.enrol_codes import check_code
from ca_service.workflows.enrol_issue import (
    DOWNLOAD,
    HELPER,
    PROFILE,
    issue_for,
    issued_before,
    refuse,
    renewable,
)
from ca_service.workflows.misuse import warn_of_misuse, warn_owner_of_token
from ca_service.workflows.ports import Before, Services, UnitOfWork


@dataclass(frozen=True)
class Replaced:
    """The certificate that a new one takes the place of, and whether it is revoked already."""

    serial: str
    revoked: bool


@dataclass(frozen=True)
class Begun:
    """Answer to `begin`. `session` is shown once and kept as a keyed hash."""

    session: str
    state: EnrolmentStatus
    nonce: bytes
    holder: str
    unit: str
    key_algorithm: str
    replaces: Replaced | None = None


@dataclass(frozen=True)
class Delivered:
    """Answer to `certificate`: DER, the chain (issuing, root), and what the new key has to sign."""

    certificate: bytes
    chain: Sequence[bytes]
    challenge: bytes


def begin(services: Services, *, reference: str, code: str, medium_serial: str) -> Begun:
    """Open a session. Raises the code errors, WrongToken, CodeUsed."""
    checked = check_code(services, HELPER, reference=reference, code=code)
    with services.begin() as uow:
        enrolment = uow.enrolments.get(checked.id)
        holder = uow.holders.get(enrolment.holder_id)
        unit = uow.units.get(holder.unit_code)
        refusal = token_refusal(uow, enrolment, medium_serial)
        if refusal is not None:
            detail = {"kind": refusal.kind, "token": medium_serial[:40]}
            uow.audit.append(HELPER, Tag.ENROLMENT_REFUSED, enrolment.id, unit=unit.code, detail=detail)
            warn_of_misuse(services, uow, holder_id=holder.id, act=DOWNLOAD)
            warn_owner_of_token(services, uow, medium_serial=medium_serial, brought_by=holder.id)
        else:
            begun = open_session(services, uow, enrolment, replaces=_replaced(uow, enrolment))
    if refusal is not None:
        raise refusal
    return begun


def open_session(
    services: Services, uow: UnitOfWork, enrolment: Enrolment, *, replaces: Replaced | None = None
) -> Begun:
    """Open a session of a download inside a running transaction; an earlier session of it ends."""
    session = services.random_bytes(32).hex()
    opened = uow.enrolments.change(
        enrolment,
        session_hash=_session_hash(services, session),
        session_expires_at=services.clock() + SESSION_LIFETIME,
        nonce=services.random_bytes(32),
        challenge=services.random_bytes(32),
    )
    holder = uow.holders.get(opened.holder_id)
    return Begun(
        session, opened.status, opened.nonce or b"", mask_name(holder.name), uow.units.get(holder.unit_code).name,
        services.terms.administrator_key, replaces,
    )  # fmt: skip


def _replaced(uow: UnitOfWork, enrolment: Enrolment) -> Replaced | None:
    """The person's last certificate before this download."""
    before = Before(enrolment.issued_at)
    found = uow.certificates.find(
        holder_id=enrolment.holder_id, profile=PROFILE, created_at=before, order="-created_at"
    )
    earlier = [one for one in found if one.der is not None and one.serial != enrolment.certificate_serial]
    return Replaced(earlier[0].serial, earlier[0].status in ENDED) if earlier else None


def certificate(
    services: Services, *, session: str, csr: bytes, binding_signature: bytes, renews: str | None = None
) -> Delivered:
    """Issue for the key in the CSR, or hand out again what was issued for it.

    `renews`: the serial of the certificate that the asker has shown, for a renewal's session.
    Raises SessionUnknown, CsrInvalid, KeyWeak, KeyInUse, BindingInvalid, CodeUsed, CertificateNotLive.
    """
    with services.read() as uow:
        enrolment = _by_session(services, uow, session, renews)
        medium = uow.media.get(enrolment.medium_serial)
        authorities = {issuer.name: issuer.certificate for issuer in uow.issuers.find()}
    context = RENEWAL_CONTEXT if renews else BINDING_CONTEXT
    message = context + (enrolment.nonce or b"") + hashlib.sha256(csr).digest()
    if medium.binding_key is None or not signature_holds(medium.binding_key, binding_signature, message):
        refuse(
            services,
            enrolment,
            BindingInvalid("介质的绑定签名不正确：这不是派发给您的介质。此次尝试已记录。"),
        )
    public_key = read_csr(csr)
    services.authority(latest(authorities)).check_key(PROFILE, public_key)
    if enrolment.status is EnrolmentStatus.OPEN:
        issued = issue_for(services, enrolment, public_key)
    else:
        issued = issued_before(services, enrolment, public_key)
    if issued.issuer not in authorities:  # the CA was followed by another one at this moment
        with services.read() as uow:
            authorities[issued.issuer] = uow.issuers.get(issued.issuer).certificate
    chain = [authorities[issued.issuer], authorities[ROOT]]
    return Delivered(issued.der or b"", chain, enrolment.challenge or b"")


def confirm(services: Services, *, session: str, signature: bytes, renews: str | None = None) -> Certificate:
    """Prove that the new key is where the certificate is; a repeat is answered with the same certificate.

    A renewed certificate is superseded in the same transaction; until then it is good.
    Raises SessionUnknown, ProofInvalid, CertificateNotLive, Conflict when nothing was issued or it is no longer live.
    """
    with services.begin() as uow:
        enrolment = _by_session(services, uow, session, renews)
        if enrolment.certificate_serial is None:
            raise Conflict("尚未签发证书，不能确认。请重新运行证书助手。")
        current = uow.certificates.get(enrolment.certificate_serial)
        _prove(enrolment, current, signature)
        if enrolment.status is EnrolmentStatus.CONFIRMED:
            return current
        status = CERTIFICATE.after(current.status, CertificateEvent.CONFIRM)
        now = services.clock()
        if renews is not None:
            _supersede(services, uow, renews, ground=enrolment.id)
        notice = next_notice(current.not_after, services.terms.renewal_window, after=now)
        active = uow.certificates.change(current, status=status, confirmed_at=now, end_notice_at=notice)
        record(uow, active, CertificateEvent.CONFIRM, Step(now, HELPER.login, "key proven", enrolment.id))
        uow.enrolments.change(enrolment, status=ENROLMENT.after(enrolment.status, EnrolmentEvent.CONFIRM))
        medium = uow.media.get(enrolment.medium_serial)
        if medium.status is MediumStatus.HANDED_OVER:
            move(services, uow, HELPER, medium, MediumEvent.ACTIVATE)
        uow.audit.append(HELPER, Tag.CERTIFICATE_CONFIRMED, active.serial, unit=active.unit_code)
        return active


def token_refusal(uow: UnitOfWork, enrolment: Enrolment, medium_serial: str) -> DomainError | None:
    """Why this token does not serve for this download; None if it does."""
    if medium_serial != enrolment.medium_serial:
        return WrongToken("插入的介质不是派发给您的那一个。请插入派发记录单上登记的介质。")
    medium = uow.media.get(enrolment.medium_serial)
    if medium.holder_id != enrolment.holder_id or medium.status not in (
        MediumStatus.HANDED_OVER,
        MediumStatus.IN_USE,
    ):
        return WrongToken("此介质已交回、挂失或报损，不能再下载证书。请联系上级用户管理部门。")
    return None


def _prove(enrolment: Enrolment, current: Certificate, signature: bytes) -> None:
    public_key = public_key_of(current)
    if not signature_holds(public_key, signature, CONFIRM_CONTEXT + (enrolment.challenge or b"")):
        raise ProofInvalid("新密钥的签名验证未通过，证书尚未启用。请重新运行证书助手。")


def _supersede(services: Services, uow: UnitOfWork, serial: str, *, ground: str) -> None:
    old, event, reason = renewable(uow, serial), CertificateEvent.SUPERSEDE, RevocationReason.SUPERSEDED
    apply(uow, HELPER, old, event, at=services.clock(), reason="renewed", crl_reason=reason, ground=ground)


def _by_session(services: Services, uow: UnitOfWork, session: str, renews: str | None) -> Enrolment:
    found = uow.enrolments.find(session_hash=_session_hash(services, session), renews=renews)
    if not found or found[0].session_expires_at is None or services.clock() > found[0].session_expires_at:
        raise SessionUnknown("下载会话不存在或已超过 15 分钟，请重新输入参考号和授权码（不会消耗下载码）。")
    return found[0]


def _session_hash(services: Services, session: str) -> str:
    return services.keyed_hash(f"session:{session}")
