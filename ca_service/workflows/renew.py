"""Renewal (更新): the key of the certificate opens it over TLS; then as a download (`enrol.py`).

    1. who asks: the holder of the client certificate, which is one of ours, octet for octet
    2. begin: the certificate is in force, and near its end or due for replacement; the token is the one it was issued
       on -> session
    3. certificate, confirm: `enrol.py`, under the same client certificate; the old one is good until confirmed

One renewal of a certificate is under way at a time. One whose new certificate was not confirmed in time is given up,
and the next `begin` opens another.
"""

from cryptography import x509

from ca_service.clock import SHANGHAI
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import (
    ENDED,
    Certificate,
    CertificateEvent,
    CertificateStatus,
    RevocationReason,
)
from ca_service.domain.enrolments import ENROLMENT, Enrolment, EnrolmentEvent, EnrolmentStatus
from ca_service.domain.errors import CertificateNotLive, DomainError, RenewalNotDue, Superseded, Unauthenticated
from ca_service.workflows.certificate_status import apply
from ca_service.workflows.enrol import Begun, open_session, token_refusal
from ca_service.workflows.enrol_issue import HELPER, PROFILE
from ca_service.workflows.ports import Services, UnitOfWork

_UNUSABLE = (CertificateStatus.FROZEN, *ENDED)


def shown(services: Services, der: bytes) -> str:
    """The serial of the certificate that TLS has brought; raise Unauthenticated unless it is a holder's of ours.

    Its status is not judged: a confirmation may be repeated after it has ended the certificate.
    """
    try:
        serial = f"{x509.load_der_x509_certificate(der).serial_number:x}"
    except Exception:  # the parser raises many types on what is no certificate
        serial = ""
    with services.read() as uow:
        found = uow.certificates.find(serial=serial, profile=PROFILE) if serial else ()
    if not found or found[0].der != der:
        raise Unauthenticated("更新证书须用要更新的证书建立连接。请插入介质后用证书助手办理。")
    return found[0].serial


def begin(services: Services, *, serial: str, medium_serial: str) -> Begun:
    """Open a session to renew the certificate that was shown.

    Raises Superseded, CertificateNotLive, RenewalNotDue, WrongToken; NotApproved comes with the certificate.
    """
    with services.begin() as uow:
        old = uow.certificates.get(serial)
        refusal = _refusal(services, uow, old, medium_serial)
        if refusal is None:
            enrolment = _renewal(services, uow, old)
            holder = uow.holders.get(enrolment.holder_id)
            return open_session(services, uow, enrolment, person=(holder, uow.units.get(holder.unit_code)))
        detail = {"kind": refusal.kind, "token": medium_serial[:40]}
        uow.audit.append(HELPER, Tag.ENROLMENT_REFUSED, serial, unit=old.unit_code, detail=detail)
    raise refusal


def _refusal(services: Services, uow: UnitOfWork, old: Certificate, medium_serial: str) -> DomainError | None:
    if uow.enrolments.count(renews=old.serial, status=EnrolmentStatus.CONFIRMED):
        return Superseded("该证书已被更新后的新证书取代。")
    if not old.good_at(services.clock()):
        return CertificateNotLive("该证书未启用、已冻结、已吊销或已过期，不能更新。请联系上级用户管理部门。")
    possible_from = old.not_after - services.terms.renewal_window
    if services.clock() < possible_from and old.outdated_at is None:
        day = possible_from.astimezone(SHANGHAI).date().isoformat()
        facts = {"possible_from": possible_from.isoformat()}
        return RenewalNotDue(f"证书尚未到更新时间，{day} 起可以更新。", facts=facts)
    return token_refusal(uow, _draft(services, old, number=0), medium_serial)


def _renewal(services: Services, uow: UnitOfWork, old: Certificate) -> Enrolment:
    """The renewal that is under way, or a new one."""
    earlier = uow.enrolments.find(renews=old.serial)
    for renewal in earlier:
        if renewal.status is EnrolmentStatus.VOIDED:
            continue
        if not _give_up(services, uow, renewal):
            return renewal
    # The number makes the reference unique, so that of two first requests at once one is refused.
    new = _draft(services, old, number=len(earlier))
    uow.enrolments.add(new)
    uow.audit.append(HELPER, Tag.RENEWAL_BEGUN, old.serial, unit=old.unit_code, detail={"renewal": new.id})
    return new


def _give_up(services: Services, uow: UnitOfWork, renewal: Enrolment) -> bool:
    """Void a renewal whose new certificate can no longer be confirmed; revoke that where it is only on hold."""
    if renewal.status is not EnrolmentStatus.ISSUED or renewal.certificate_serial is None:
        return False
    new = uow.certificates.get(renewal.certificate_serial)
    if new.status not in _UNUSABLE:
        return False
    if new.status not in ENDED:
        reason = "not confirmed in time; renewed again"
        apply(
            uow, HELPER, new, CertificateEvent.REVOKE,
            at=services.clock(), reason=reason, crl_reason=RevocationReason.SUPERSEDED, ground=renewal.id,
        )  # fmt: skip
    status = ENROLMENT.after(renewal.status, EnrolmentEvent.VOID)
    uow.enrolments.change(renewal, status=status, session_hash=None)
    return True


def _draft(services: Services, old: Certificate, *, number: int) -> Enrolment:
    # No reference number and no code opens it: nothing that is typed hashes to these.
    return Enrolment(
        id=services.new_id("E"),
        holder_id=old.holder_id or "",
        medium_serial=old.medium_serial or "",
        reference_hash=services.keyed_hash(f"renewal:{old.serial}:{number}"),
        code_hash="",
        status=EnrolmentStatus.OPEN,
        tries_left=0,
        issued_by=HELPER.login,
        issued_at=services.clock(),
        expires_at=old.not_after,
        renews=old.serial,
    )
