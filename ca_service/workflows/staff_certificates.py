"""Certificates of the staff: asked for by the person, signed in with both factors; shown at the sign-in by mTLS.

Nobody asks for another's certificate: whoever could have one made for the auditor's account could be the auditor. That
the key lies on a token cannot be seen from a request (PKCS#10): it is the person's duty, as in the certificate policy.
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import (
    CERTIFICATE,
    Certificate,
    CertificateEvent,
    CertificateStatus,
    RevocationReason,
)
from ca_service.domain.errors import Conflict, Forbidden, KeyInUse
from ca_service.domain.roles import Actor
from ca_service.domain.sign_in import Method, Origin, Session
from ca_service.domain.staff import Staff
from ca_service.workflows.certificate_status import apply
from ca_service.workflows.csr import read_csr
from ca_service.workflows.current_issuer import current_issuer
from ca_service.workflows.issue import issue, key_sha256, new_serial, start_of_validity
from ca_service.workflows.ports import Order, Services, UnitOfWork
from ca_service.workflows.sessions import Opened, open_session
from ca_service.workflows.sign_in import admit, refuse_sign_in
from profiles import POLICY_OIDS

PROFILE = "staff"
# One in use and its successor.
_MOST = 2
_LIVE = (CertificateStatus.ISSUED, CertificateStatus.ACTIVE, CertificateStatus.FROZEN)


def request_certificate(services: Services, staff: Staff, session: Session, csr: bytes) -> Certificate:
    """Certify the key of a PKCS#10 request (DER) for one's own account; active at once.

    Raises Forbidden for a session without a second factor, Conflict, CsrInvalid, KeyWeak, KeyInUse.
    """
    if session.method in (Method.PASSWORD, Method.RECOVERY):
        raise Forbidden("申请人员证书须先用动态验证码或通行密钥登录。")
    public_key = read_csr(csr)
    issuer = current_issuer(services)
    services.authority(issuer).check_key(PROFILE, public_key)
    with services.read() as uow:
        unit = uow.units.get(staff.unit_code)
        if any(found.was_signed for found in uow.certificates.find(key_sha256=key_sha256(public_key))):
            raise KeyInUse("这个密钥已经用于另一张证书，请另行生成密钥。")
    holder_id = staff.holder_id or services.new_id("S")
    order = Order(
        profile=PROFILE, serial=new_serial(services), public_key=public_key, common_name=staff.name,
        not_before=start_of_validity(services.clock()), organization=unit.name, organization_identifier=unit.code,
        state=services.terms.state, holder_id=holder_id,
    )  # fmt: skip

    def bind(uow: UnitOfWork, intents: Sequence[Certificate]) -> None:
        current = uow.staff.get(staff.login)
        live = [c for c in _live(uow, holder_id, services.clock()) if c.serial != intents[0].serial]
        if current.holder_id not in (None, holder_id) or len(live) >= _MOST:
            raise Conflict("本账号已有两张有效的人员证书，请先吊销不再使用的一张。")
        uow.staff.change(current, guard=("holder_id",), holder_id=holder_id)

    actor = staff.actor("web")
    issued = issue(services, actor, order, issuer=issuer, unit_code=unit.code, with_intent=bind)
    with services.begin() as uow:
        status = CERTIFICATE.after(issued.status, CertificateEvent.CONFIRM)
        active = uow.certificates.change(issued, status=status, confirmed_at=services.clock())
        uow.audit.append(actor, Tag.STAFF_CERTIFIED, staff.login, unit=unit.code, detail={"serial": issued.serial})
    return active


def by_certificate(services: Services, der: bytes, origin: Origin) -> Opened:
    """A session for whom the certificate was issued; that its key is there was shown in the TLS handshake.

        1. it is, octet for octet, one that we issued, and the issuing key signed it
        2. it says that it is for staff (policy) and the record agrees (profile)
        3. our own record says that it is active, and now is within its time
        4. its holder is an account that is open

    Raises Unauthenticated, saying which of these failed; TooMany.
    """
    admit(services, (), "", origin)
    parsed = _parse(der)
    if parsed is None:
        refuse_sign_in(services, None, origin, "certificate-unreadable", "浏览器出示的证书无法读取。")
    with services.read() as uow:
        found = uow.certificates.find(serial=f"{parsed.serial_number:x}")
        signer = uow.issuers.get(found[0].issuer).certificate if found else b""
    if not found or found[0].der != der or not _signed_by(parsed, signer):
        refuse_sign_in(services, None, origin, "certificate-foreign", "这张证书不是本系统签发的。")
    record = found[0]
    if record.profile != PROFILE or POLICY_OIDS[PROFILE] not in _policies(parsed):
        refuse_sign_in(
            services, None, origin, "certificate-wrong-purpose", "这张证书不是人员证书，不能用于登录控制台。"
        )
    with services.read() as uow:
        staff = next(iter(uow.staff.find(holder_id=record.holder_id)), None)
    if not record.good_at(services.clock()):
        why = f"certificate-{record.shown_status(services.clock())}"
        refuse_sign_in(services, staff, origin, why, "这张证书已冻结、吊销或不在有效期内，不能登录。请联系安全管理员。")
    if staff is None or not staff.active:
        refuse_sign_in(services, staff, origin, "certificate-account-closed", "这张证书所属的账号已停用。")
    with services.begin() as uow:
        detail = {"method": Method.CERTIFICATE.value, "source": origin.source, "serial": record.serial}
        uow.audit.append(staff.actor("web"), Tag.STAFF_SIGNED_IN, staff.login, unit=staff.unit_code, detail=detail)
        return open_session(services, uow, staff, Method.CERTIFICATE, origin, certificate=record.serial)


def own_certificates(services: Services, staff: Staff) -> list[Certificate]:
    """The certificates of an account that were handed out, newest first."""
    if staff.holder_id is None:
        return []
    with services.read() as uow:
        found = uow.certificates.find(holder_id=staff.holder_id, profile=PROFILE, order="-created_at")
    return [certificate for certificate in found if certificate.der is not None]


def revoke_own(services: Services, staff: Staff, serial: str) -> Certificate:
    """Revoke one of one's own certificates; raise Conflict for any other."""
    with services.begin() as uow:
        found = uow.certificates.find(serial=serial, holder_id=staff.holder_id or "-", status=_LIVE)
        if not found:
            raise Conflict("没有这张有效的人员证书。")
        return _revoke(services, uow, staff.actor("web"), found[0], RevocationReason.CESSATION_OF_OPERATION)


def revoke_all(services: Services, uow: UnitOfWork, actor: Actor, staff: Staff, reason: RevocationReason) -> None:
    """Revoke what an account still holds, inside a running transaction."""
    for certificate in _live(uow, staff.holder_id or "-", services.clock()):
        _revoke(services, uow, actor, certificate, reason)


def _live(uow: UnitOfWork, holder_id: str, now: datetime) -> list[Certificate]:
    found = uow.certificates.find(holder_id=holder_id, profile=PROFILE, status=_LIVE)
    return [certificate for certificate in found if certificate.not_after >= now]


def _revoke(
    services: Services, uow: UnitOfWork, actor: Actor, certificate: Certificate, reason: RevocationReason
) -> Certificate:
    return apply(
        uow, actor, certificate, CertificateEvent.REVOKE,
        at=services.clock(), reason="staff account", crl_reason=reason, ground=certificate.holder_id or "",
    )  # fmt: skip


def _parse(der: bytes) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(der)
    except Exception:
        return None


def _signed_by(certificate: x509.Certificate, issuer: bytes) -> bool:
    try:
        certificate.verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _policies(certificate: x509.Certificate) -> set[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except (x509.ExtensionNotFound, ValueError):
        return set()
    return {policy.policy_identifier.dotted_string for policy in found}
