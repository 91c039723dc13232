"""Self-download onto the token (自助下载): begin, certificate, confirm; each may be repeated and answers the same.

A renewal (更新, `renew.py`) begins otherwise and shares the steps after that.

Step 2 is in `enrol_certificate.py`.

    1. begin: reference number and authorisation code, for the very token that was handed over -> session and nonce
    2. certificate: CSR, and the binding key's signature over nonce and CSR hash -> certificate (issued once per key)
    3. confirm: a signature by the new key over the challenge -> active; the codes are used up

The session is a bearer secret of 15 minutes; what protects a stolen code is the binding signature.
"""

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
    CONFIRM_CONTEXT,
    ENROLMENT,
    SESSION_LIFETIME,
    Enrolment,
    EnrolmentEvent,
    EnrolmentStatus,
)
from ca_service.domain.errors import (
    Conflict,
    DomainError,
    ProofInvalid,
    WrongToken,
)
from ca_service.domain.expiry import next_notice
from ca_service.domain.holders import Holder
from ca_service.domain.media import MediumEvent, MediumStatus
from ca_service.domain.person_text import mask_name
from ca_service.domain.units import Unit
from ca_service.workflows.certificate_status import Step, apply, record
from ca_service.workflows.csr import public_key_of, signature_holds
from ca_service.workflows.custody import move
from ca_service.workflows.enrol_codes import check_code
from ca_service.workflows.enrol_issue import (
    DOWNLOAD,
    HELPER,
    PROFILE,
    renewable,
)
from ca_service.workflows.enrol_sessions import Session, by_session, session_hash
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
            replaces = _replaced(uow, enrolment)
            begun = open_session(services, uow, enrolment, person=(holder, unit), replaces=replaces)
    if refusal is not None:
        raise refusal
    return begun


def open_session(
    services: Services,
    uow: UnitOfWork,
    enrolment: Enrolment,
    *,
    person: tuple[Holder, Unit],
    replaces: Replaced | None = None,
) -> Begun:
    """Open a session of a download inside a running transaction; an earlier session of it ends."""
    session = services.random_bytes(32).hex()
    opened = uow.enrolments.change(
        enrolment,
        session_hash=session_hash(services, session),
        session_expires_at=services.clock() + SESSION_LIFETIME,
        nonce=services.random_bytes(32),
        challenge=services.random_bytes(32),
    )
    holder, unit = person
    return Begun(
        session, opened.status, opened.nonce or b"", mask_name(holder.name), unit.name,
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


def confirm(services: Services, session: Session, *, signature: bytes) -> Certificate:
    """Prove that the new key is where the certificate is; a repeat is answered with the same certificate.

    A renewed certificate is superseded in the same transaction; until then it is good.
    Raises SessionUnknown, ProofInvalid, CertificateNotLive, Conflict when nothing was issued or it is no longer live.
    """
    with services.begin() as uow:
        enrolment = by_session(services, uow, session)
        if enrolment.certificate_serial is None:
            raise Conflict("尚未签发证书，不能确认。请重新运行证书助手。")
        current = uow.certificates.get(enrolment.certificate_serial)
        _prove(enrolment, current, signature)
        if enrolment.status is EnrolmentStatus.CONFIRMED:
            return current
        status = CERTIFICATE.after(current.status, CertificateEvent.CONFIRM)
        now = services.clock()
        if session.renews is not None:
            _supersede(services, uow, session.renews, ground=enrolment.id)
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
