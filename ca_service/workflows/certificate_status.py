"""Freeze, unfreeze, revoke: one status, one version, one transaction."""

from datetime import datetime

import crl
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import (
    CERTIFICATE,
    Certificate,
    CertificateEvent,
    RevocationReason,
)
from ca_service.domain.errors import Invalid, NotFound
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import Services, UnitOfWork

_INFRASTRUCTURE = frozenset({"root", "issuing", "ocsp-signer", "tls-server"})


def freeze(services: Services, actor: Actor, serial: str, *, reason: str) -> Certificate:
    """Put a certificate on hold (certificateHold, RFC 5280 §5.3.1). `reason` is kept in the audit log."""
    return _decide(services, actor, serial, CertificateEvent.FREEZE, reason=reason)


def unfreeze(services: Services, actor: Actor, serial: str, *, reason: str) -> Certificate:
    """Release a hold; a revoked certificate cannot be released."""
    return _decide(services, actor, serial, CertificateEvent.UNFREEZE, reason=reason)


def revoke(services: Services, actor: Actor, serial: str, *, reason: str, crl_reason: RevocationReason) -> Certificate:
    """Revoke for good."""
    if crl_reason is RevocationReason.CERTIFICATE_HOLD:
        raise Invalid("吊销不能使用“暂停使用”（certificateHold）作为原因；需要暂停请使用冻结。")
    return _decide(services, actor, serial, CertificateEvent.REVOKE, reason=reason, crl_reason=crl_reason)


def _decide(
    services: Services,
    actor: Actor,
    serial: str,
    event: CertificateEvent,
    *,
    reason: str,
    crl_reason: RevocationReason = RevocationReason.CERTIFICATE_HOLD,
) -> Certificate:
    if not reason.strip():
        raise Invalid("请填写原因：谁提出、为什么。")
    with services.begin() as uow:
        certificate = by_serial(uow, serial)
        authorise(actor, Action.CERTIFICATE_CHANGE, lineage=uow.units.lineage(certificate.unit_code))
        if certificate.profile in _INFRASTRUCTURE:
            raise Invalid("这是系统自身的证书，不能用此命令变更；请按运维手册更换。")
        return apply(uow, actor, certificate, event, at=services.clock(), reason=reason, crl_reason=crl_reason)


def apply(
    uow: UnitOfWork,
    actor: Actor,
    certificate: Certificate,
    event: CertificateEvent,
    *,
    at: datetime,
    reason: str,
    crl_reason: RevocationReason = RevocationReason.CERTIFICATE_HOLD,
) -> Certificate:
    """Change the status inside a running transaction, with its version, change log, CRL entry and audit entry."""
    status = CERTIFICATE.after(certificate.status, event)
    if event is CertificateEvent.UNFREEZE:
        changed = uow.certificates.change(certificate, status=status, revoked_at=None, reason=None, crl_entry=None)
    else:
        # Whole seconds: the CRL, the OCSP answer and the row must name the same moment.
        moment = at.replace(microsecond=0)
        entry = crl.encode_entry(int(certificate.serial, 16), moment, crl.Reason(crl_reason))
        changed = uow.certificates.change(
            certificate, status=status, revoked_at=moment, reason=crl_reason, crl_entry=entry
        )
    version = uow.issuers.log_change(certificate.issuer, certificate.serial)
    detail: dict[str, str | int] = {"reason": reason, "version": version}
    if changed.reason is not None:
        detail["crl_reason"] = changed.reason.name
    uow.audit.append(actor, _TAGS[event], certificate.serial, unit=certificate.unit_code, detail=detail)
    return changed


def by_serial(uow: UnitOfWork, serial: str) -> Certificate:
    """Find by serial as people type it: hex in any case, leading zeros, colons or 0x allowed."""
    text = serial.strip().lower().removeprefix("0x").replace(":", "").lstrip("0")
    if not text or len(text) > 40 or set(text) - set("0123456789abcdef"):
        raise NotFound("证书序列号应为十六进制数字，例如 educa certs list 所显示的。")
    return uow.certificates.get(text)


_TAGS = {
    CertificateEvent.FREEZE: Tag.CERTIFICATE_FROZEN,
    CertificateEvent.UNFREEZE: Tag.CERTIFICATE_UNFROZEN,
    CertificateEvent.REVOKE: Tag.CERTIFICATE_REVOKED,
    CertificateEvent.ABANDON: Tag.CERTIFICATE_ABANDONED,
}
