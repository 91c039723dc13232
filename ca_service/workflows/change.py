"""Change cases (用户变更申请单): submit, decide, execute; stop and restore act on the person's certificates.

Execution is one transaction: the person's status, every certificate, the token, the account feed and the audit entries
change together or not at all.
"""

from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import Certificate, CertificateEvent, CertificateStatus, RevocationReason
from ca_service.domain.changes import (
    CHANGE,
    AccountEvent,
    CertificateAct,
    Change,
    ChangeEvent,
    ChangeKind,
    ChangeStatus,
)
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.holders import HolderStatus
from ca_service.domain.media import WITH_PERSON, MediumEvent
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Action, Actor, authorise, refuse_self_review
from ca_service.intake.scan import ScanError, check_scan
from ca_service.workflows.certificate_status import apply
from ca_service.workflows.custody import move
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.places import is_taken
from ca_service.workflows.ports import Services, UnitOfWork

_LIVE = [CertificateStatus.ISSUED, CertificateStatus.ACTIVE, CertificateStatus.FROZEN]


@dataclass(frozen=True)
class Form:
    """What the clerk enters from the paper form, and the scan of it. `opinion` is the unit's (单位意见)."""

    kind: ChangeKind
    holder_id: str
    explanation: str
    opinion: str
    transferred: bool
    scan: bytes
    scan_name: str


def submit(services: Services, actor: Actor, form: Form) -> Change:
    """Enter a form; raises Invalid for what is missing in it."""
    if not form.explanation.strip():
        raise Invalid("请填写变更说明（原因）。")
    try:
        check_scan(form.scan, form.scan_name)
    except ScanError as error:
        raise Invalid(str(error)) from error
    with services.read() as uow:
        holder = uow.holders.get(form.holder_id)
        authorise(actor, Action.CHANGE_SUBMIT, lineage=uow.units.lineage(holder.unit_code))
        certified = bool(uow.certificates.find(holder_id=holder.id, status=_LIVE, limit=1))
    if form.kind is ChangeKind.STOP and certified and not form.opinion.strip():
        raise Invalid("此人持有证书，停用时必须填写单位意见，并随表交回介质。")
    change = Change(
        id=services.new_id("C"),
        kind=form.kind,
        holder_id=form.holder_id,
        unit_code=holder.unit_code,
        explanation=form.explanation,
        opinion=form.opinion,
        transferred=form.transferred,
        scan_sha256=services.documents.put(form.scan),
        status=ChangeStatus.SUBMITTED,
        submitted_by=actor.login,
        submitted_at=services.clock(),
    )
    with services.begin() as uow:
        uow.changes.add(change)
        detail = {"kind": form.kind.value, "holder": form.holder_id}
        uow.audit.append(actor, Tag.CHANGE_SUBMITTED, change.id, unit=change.unit_code, detail=detail)
    return change


@dataclass(frozen=True)
class Decision:
    """The reviewer's: refused without an act is refused; a stop with a certificate names what happens to it."""

    approve: bool
    reason: str = ""
    certificate_act: CertificateAct | None = None


def decide(services: Services, actor: Actor, change_id: str, decision: Decision) -> Change:
    """Approve or refuse; the reviewer is not who entered it."""
    with services.begin() as uow:
        change = uow.changes.get(change_id)
        authorise(actor, Action.CHANGE_DECIDE, lineage=uow.units.lineage(change.unit_code))
        refuse_self_review(actor, entered_by=change.submitted_by)
        certified = bool(uow.certificates.find(holder_id=change.holder_id, status=_LIVE, limit=1))
        _check_decision(change, decision, certified=certified)
        event = ChangeEvent.APPROVE if decision.approve else ChangeEvent.REFUSE
        decided = uow.changes.change(
            change,
            status=CHANGE.after(change.status, event),
            certificate_act=decision.certificate_act,
            decided_by=actor.login,
            decided_at=services.clock(),
            decision_reason=decision.reason,
        )
        tag = Tag.CHANGE_APPROVED if decision.approve else Tag.CHANGE_REFUSED
        uow.audit.append(actor, tag, change.id, unit=change.unit_code, detail={"reason": decision.reason})
        return decided


def _check_decision(change: Change, decision: Decision, *, certified: bool) -> None:
    if not decision.approve:
        if not decision.reason.strip():
            raise Invalid("不同意时必须填写原因。")
        return
    if change.kind is ChangeKind.STOP and certified and decision.certificate_act is None:
        raise Invalid("此人持有证书：请决定冻结（freeze）还是吊销（revoke）。")
    if change.kind is not ChangeKind.STOP and decision.certificate_act is not None:
        raise Invalid("只有停用才涉及证书的冻结或吊销。")


def execute(services: Services, actor: Actor, change_id: str) -> Change:
    """Carry out an approved case."""
    with services.begin() as uow:
        change = uow.changes.get(change_id)
        authorise(actor, Action.CHANGE_EXECUTE, lineage=uow.units.lineage(change.unit_code))
        executed = uow.changes.change(
            change,
            status=CHANGE.after(change.status, ChangeEvent.EXECUTE),
            executed_by=actor.login,
            executed_at=services.clock(),
        )
        if change.kind is ChangeKind.STOP:
            _stop(services, uow, actor, change)
        elif change.kind is ChangeKind.RESTORE:
            _restore(services, uow, actor, change)
        uow.add_account_event(
            AccountEvent(0, change.kind, change.holder_id, change.unit_code, services.clock(), change.id)
        )
        uow.audit.append(actor, Tag.CHANGE_EXECUTED, change.id, unit=change.unit_code)
        return executed


def _stop(services: Services, uow: UnitOfWork, actor: Actor, change: Change) -> None:
    holder = uow.holders.get(change.holder_id)
    if holder.status is HolderStatus.STOPPED and change.certificate_act is not CertificateAct.REVOKE:
        raise Conflict("此人的账号已经停用。")
    if holder.status is HolderStatus.ACTIVE:
        uow.holders.change(holder, status=HolderStatus.STOPPED)
    for certificate in uow.certificates.find(holder_id=holder.id, status=_LIVE):
        _stop_certificate(services, uow, actor, change, certificate)
    for medium in uow.media.find(holder_id=holder.id, status=WITH_PERSON):
        if change.certificate_act is CertificateAct.REVOKE:
            move(services, uow, actor, medium, MediumEvent.HAND_IN, at_unit=actor.unit_code)
            uow.audit.append(actor, Tag.MEDIUM_HANDED_IN, medium.serial, unit=change.unit_code)


def _stop_certificate(
    services: Services, uow: UnitOfWork, actor: Actor, change: Change, certificate: Certificate
) -> None:
    if change.certificate_act is CertificateAct.REVOKE:
        crl_reason = (
            RevocationReason.AFFILIATION_CHANGED if change.transferred else RevocationReason.CESSATION_OF_OPERATION
        )
        event = CertificateEvent.REVOKE
    elif certificate.status is CertificateStatus.FROZEN:
        return
    else:
        event, crl_reason = CertificateEvent.FREEZE, RevocationReason.CERTIFICATE_HOLD
    apply(
        uow,
        actor,
        certificate,
        event,
        at=services.clock(),
        reason=f"change {change.id}",
        crl_reason=crl_reason,
    )


def _restore(services: Services, uow: UnitOfWork, actor: Actor, change: Change) -> None:
    holder = uow.holders.get(change.holder_id)
    if holder.status is not HolderStatus.STOPPED:
        raise Conflict("此人的账号没有停用，不需要恢复。")
    if holder.user_type == UserType.INFORMATION and is_taken(
        uow, uow.units.get(holder.unit_code), besides=holder.external_id
    ):
        raise Conflict("该单位已有接任的信息管理员，不能同时恢复前任。请先为接任者办理停用。")
    uow.holders.change(holder, status=HolderStatus.ACTIVE)
    for certificate in uow.certificates.find(holder_id=holder.id, status=CertificateStatus.FROZEN):
        apply(
            uow,
            actor,
            certificate,
            CertificateEvent.UNFREEZE,
            at=services.clock(),
            reason=f"change {change.id}",
        )


def cases(services: Services, actor: Actor, window: Window = ALL) -> Listing[Change]:
    """The cases of the actor's subtree, newest first."""
    with services.read() as uow:
        authorise(actor, Action.CHANGE_READ, lineage=uow.units.lineage(actor.unit_code))
        return listing(uow.changes, window, order="-submitted_at", within=actor.unit_code)


def case(services: Services, actor: Actor, change_id: str) -> Change:
    """One case; raise NotFound, Forbidden."""
    with services.read() as uow:
        change = uow.changes.get(change_id)
        authorise(actor, Action.CHANGE_READ, lineage=uow.units.lineage(change.unit_code))
        return change
