"""Freeze, unfreeze, revoke: one status, one version, one transaction, and one line in the certificate's history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import crl
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import (
    CERTIFICATE,
    ORDERED,
    Certificate,
    CertificateEvent,
    RevocationReason,
    StatusEvent,
)
from ca_service.domain.crls import CrlLine
from ca_service.domain.errors import Conflict, Invalid, NotFound
from ca_service.domain.orders import OrderAct, OrderStatus, StatusOrder
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import Services, UnitOfWork

_INFRASTRUCTURE = frozenset({"root", "issuing", "ocsp-signer", "tls-server", "feed-signer", "audit-signer"})
# The status alone would not tell a hold from the next one, put on after the one that was seen had been released.
_SEEN = ("revoked_at", "confirmed_at")
_RELEASES = (CertificateEvent.UNFREEZE, CertificateEvent.UNFREEZE_UNCONFIRMED)


def freeze(services: Services, actor: Actor, serial: str, *, reason: str) -> Certificate:
    """Put a certificate on hold at once (certificateHold, RFC 5280 §5.3.1), as by telephone; a second officer confirms.

    Any officer above the unit may: a hold can be undone, the use of a lost token cannot.
    """
    return _order(services, actor, serial, OrderAct.FREEZE, reason=reason)


def unfreeze(services: Services, actor: Actor, serial: str, *, reason: str) -> Certificate:
    """Release a hold; what is revoked, superseded or expired cannot be released."""
    return _order(services, actor, serial, OrderAct.UNFREEZE, reason=reason)


def revoke(services: Services, actor: Actor, serial: str, *, reason: str, crl_reason: RevocationReason) -> Certificate:
    """For good; Invalid for certificateHold and for reasons that only a CA has (RFC 5280 §5.3.1)."""
    if crl_reason is RevocationReason.CERTIFICATE_HOLD:
        raise Invalid("吊销不能使用“暂停使用”（certificateHold）作为原因；需要暂停请使用冻结。")
    if crl_reason not in ORDERED:
        raise Invalid("这个吊销原因只用于 CA 自身的证书。")
    return _order(services, actor, serial, OrderAct.REVOKE, reason=reason, crl_reason=crl_reason)


def _order(
    services: Services,
    actor: Actor,
    serial: str,
    act: OrderAct,
    *,
    reason: str,
    crl_reason: RevocationReason = RevocationReason.CERTIFICATE_HOLD,
) -> Certificate:
    if not reason.strip():
        raise Invalid("请填写原因：谁提出、为什么。")
    asked_at = services.clock()
    with services.begin() as uow:
        certificate = by_serial(uow, serial)
        action = Action.CERTIFICATE_FREEZE if act is OrderAct.FREEZE else Action.CERTIFICATE_CHANGE
        authorise(actor, action, lineage=uow.units.lineage(certificate.unit_code))
        if certificate.profile in _INFRASTRUCTURE:
            raise Invalid("这是系统自身的证书，不能用此命令变更；请按运维手册更换。")
        now = services.clock()
        order = StatusOrder(
            id=services.new_id("X"),
            serial=certificate.serial,
            unit_code=certificate.unit_code,
            act=act,
            reason=reason.strip()[:300],
            ordered_by=actor.login,
            ordered_at=now,
            confirm_by=now + services.terms.order_confirmation,
            status=OrderStatus.OPEN,
        )
        uow.orders.add(order)
        event = {OrderAct.FREEZE: CertificateEvent.FREEZE, OrderAct.UNFREEZE: certificate.release}.get(
            act, CertificateEvent.REVOKE
        )
        changed = apply(uow, actor, certificate, event, at=now, reason=reason, crl_reason=crl_reason, ground=order.id)
    services.meter.status_changed(act.value, (services.clock() - asked_at).total_seconds())
    return changed


def apply(
    uow: UnitOfWork,
    actor: Actor,
    certificate: Certificate,
    event: CertificateEvent,
    *,
    at: datetime,
    reason: str,
    crl_reason: RevocationReason = RevocationReason.CERTIFICATE_HOLD,
    ground: str = "",
) -> Certificate:
    """Change the status inside a running transaction, with version, change log, CRL entry, history and audit entry.

    `ground` is what it is done on: a change form, an order, a download, a unit case, the token that was reported, the
    staff account that ended. Without one the reason says why the service does it by itself.
    """
    status = CERTIFICATE.after(certificate.status, event)
    if event in _RELEASES and at > certificate.not_after:
        raise Conflict("证书已过期，不能恢复；需要继续使用的请重新申请证书。")
    # The issuer's row before the certificate's, as publish_crl takes it: two changes never wait for each other.
    version = uow.issuers.log_change(certificate.issuer, certificate.serial)
    last = uow.status_events.find(serial=certificate.serial, order="-seq", limit=1)
    at = _in_order(uow, certificate, at, last)
    if event in _RELEASES:
        changed = uow.certificates.change(
            certificate, guard=_SEEN, status=status, revoked_at=None, reason=None, crl_entry=None, reminded_at=None
        )
    else:
        # Whole seconds: the CRL, the OCSP answer and the row must name the same moment. A final revocation keeps the
        # date of the hold before it (X.509 §8.5.2.2), so that what was signed during the hold stays refused.
        moment = certificate.revoked_at or at.replace(microsecond=0)
        entry = crl.encode_entry(int(certificate.serial, 16), moment, crl.Reason(crl_reason))
        changed = uow.certificates.change(
            certificate, guard=_SEEN, status=status, revoked_at=moment, reason=crl_reason, crl_entry=entry
        )
    # Whoever else takes a step of this life takes the issuer's row first, or is seen by the guards.
    taken = {step.serial: step.seq for step in last}
    record_all(uow, [changed], event, Step(at, actor.login, reason, ground, version), taken=taken)
    detail: dict[str, str | int] = {"reason": reason, "version": version}
    if ground:
        detail["ground"] = ground
    if changed.reason is not None:
        detail["crl_reason"] = changed.reason.name
    uow.audit.append(actor, _TAGS[event], certificate.serial, unit=certificate.unit_code, detail=detail)
    return changed


def _in_order(uow: UnitOfWork, certificate: Certificate, at: datetime, last: Sequence[StatusEvent]) -> datetime:
    """The moment of a change that may have waited: called with the issuer's row locked.

    It is not dated before a list that does not know of it (RFC 5280 §5.3.2), nor before the step that it follows.
    """
    lines = [CrlLine(certificate.issuer, shard) for shard in {None, certificate.shard}]
    listed = [uow.crls.last_this_update(line.name) or at for line in lines]
    return max(at, *listed, *(step.at for step in last))


@dataclass(frozen=True)
class Step:
    """When, by whom, why and on what ground a step of a certificate's life was taken."""

    at: datetime
    by: str
    reason: str
    ground: str = ""
    version: int = 0


def record(uow: UnitOfWork, certificate: Certificate, event: CertificateEvent, step: Step) -> None:
    """A step of one certificate; otherwise as `record_all`."""
    record_all(uow, [certificate], event, step)


def record_all(
    uow: UnitOfWork,
    certificates: Sequence[Certificate],
    event: CertificateEvent,
    step: Step,
    *,
    taken: Mapping[str, int] | None = None,
) -> None:
    """Append a step to the history of certificates that have just been changed in this transaction.

    `taken`: how many steps each has, by serial, where that is known. The guarded update of its row lets one of two
    changes at once succeed, so the number of the step is taken once.
    """
    if taken is None:
        taken = uow.status_events.tally("serial", serial=[certificate.serial for certificate in certificates])
    uow.status_events.add_all(
        StatusEvent(
            serial=certificate.serial,
            seq=taken.get(certificate.serial, 0) + 1,
            event=event,
            status=certificate.status,
            at=step.at,
            by=step.by,
            ground=step.ground,
            reason=step.reason[:300],
            crl_reason=certificate.reason,
            version=step.version,
        )
        for certificate in certificates
    )


def by_serial(uow: UnitOfWork, serial: str) -> Certificate:
    """Find by serial as people type it: hex in any case, leading zeros, colons or 0x allowed."""
    text = serial.strip().lower().removeprefix("0x").replace(":", "").lstrip("0")
    if not text or len(text) > 40 or set(text) - set("0123456789abcdef"):
        raise NotFound("证书序列号应为十六进制数字，例如 educa certs list 所显示的。")
    return uow.certificates.get(text)


_TAGS = {
    CertificateEvent.FREEZE: Tag.CERTIFICATE_FROZEN,
    CertificateEvent.UNFREEZE: Tag.CERTIFICATE_UNFROZEN,
    CertificateEvent.UNFREEZE_UNCONFIRMED: Tag.CERTIFICATE_UNFROZEN,
    CertificateEvent.SUPERSEDE: Tag.CERTIFICATE_SUPERSEDED,
    CertificateEvent.REVOKE: Tag.CERTIFICATE_REVOKED,
    CertificateEvent.ABANDON: Tag.CERTIFICATE_ABANDONED,
}
