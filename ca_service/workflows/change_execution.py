"""Carrying out an approved change: person, certificates, token, account feed and audit entries in one transaction."""

from ca_service.domain import notices
from ca_service.domain.applications import Contact
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import Certificate, CertificateEvent, CertificateStatus, RevocationReason
from ca_service.domain.changes import (
    CHANGE,
    AccountEvent,
    AccountEventKind,
    CertificateAct,
    Change,
    ChangeEvent,
    ChangeKind,
    Particular,
)
from ca_service.domain.errors import Conflict
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.media import WITH_PERSON
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.certificate_status import apply
from ca_service.workflows.change_form import LIVE_CERTIFICATE, refuse_taken_place
from ca_service.workflows.change_review import refuse_outdated_paper
from ca_service.workflows.conflicts import lapse, open_conflicts
from ca_service.workflows.messages import notify
from ca_service.workflows.outdated import mark
from ca_service.workflows.places import is_taken
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.refused_acts import recorded
from ca_service.workflows.releases import release
from ca_service.workflows.returned import hand_in, releasable, tell_where_it_is, what_to_do
from ca_service.workflows.steps import Act, record
from ca_service.workflows.succession import open_transfer

_P = Particular
_TOKEN_MATTERS = (ChangeKind.STOP, ChangeKind.RESTORE)


def execute(services: Services, actor: Actor, change_id: str) -> Change:
    """Carry out an approved case, if it still is what was approved; else it goes back to review. Raises Conflict."""

    def unit_of(uow: UnitOfWork) -> str:
        return uow.changes.get(change_id).unit_code

    with recorded(services, actor, "change.execute", change_id, unit=unit_of), services.begin() as uow:
        change = uow.changes.get(change_id)
        authorise(actor, Action.CHANGE_EXECUTE, lineage=uow.units.lineage(change.unit_code))
        case = open_transfer(uow, change_id=change.id)
        if case is not None:
            raise Conflict(f"这份停用申请属于交接 {case.id}，请在交接页面与接任一并执行；不再交接的，请先终止交接。")
        CHANGE.after(change.status, ChangeEvent.EXECUTE)
        if change.is_as_approved:
            return carry_out(services, uow, actor, change)
        reopen(services, uow, actor, change)
    raise Conflict("变更申请的内容与审核同意时不一致，未执行，已退回重新审核并记录。请联系安全管理员核查。")


def carry_out(services: Services, uow: UnitOfWork, actor: Actor, change: Change) -> Change:
    """Carry out inside a running transaction a case that is as it was approved."""
    status = CHANGE.after(change.status, ChangeEvent.EXECUTE)
    now = services.clock()
    executed = uow.changes.change(change, status=status, executed_by=actor.login, executed_at=now)
    unit = _act(services, uow, actor, executed)
    uow.add_account_event(AccountEvent(0, AccountEventKind(change.kind), change.holder_id, unit, now, change.id))
    uow.audit.append(actor, Tag.CHANGE_EXECUTED, change.id, unit=change.unit_code)
    left = what_to_do(uow, uow.holders.get(change.holder_id)) if change.kind in _TOKEN_MATTERS else ""
    act = Act(change.id, ChangeEvent.EXECUTE, CENTRE_CODE, CENTRE_CODE, left, change.approved_sha256)
    record(services, uow, actor, [act])
    _tell(services, uow, executed, unit)
    return executed


def _tell(services: Services, uow: UnitOfWork, change: Change, unit: str) -> None:
    """To the person; where the address was changed also to the former one, whose owner may know nothing of it."""
    name, now = uow.units.get(unit).name, uow.holders.get(change.holder_id).contact.email
    readdressed = change.paper is not None and _P.EMAIL in change.paper.after
    former = change.paper.before.get(_P.EMAIL, "") if change.paper and readdressed else ""
    for address in dict.fromkeys((now, former)):
        notify(services, uow, notices.change_executed(address, name), unit=unit)
    if change.kind is ChangeKind.RESTORE:
        tell_where_it_is(services, uow, uow.holders.get(change.holder_id))


def reopen(services: Services, uow: UnitOfWork, actor: Actor, change: Change) -> None:
    """Send a case back to review that is no longer what was approved."""
    reason = "内容与审核同意时不一致，请重新审核。"
    uow.changes.change(
        change,
        status=CHANGE.after(change.status, ChangeEvent.REOPEN),
        at_unit=CENTRE_CODE,
        certificate_act=None,
        decided_by=None,
        decided_at=None,
        decision_reason=reason,
        approved_sha256="",
    )
    uow.audit.append(
        actor, Tag.CHANGE_REOPENED, change.id, unit=change.unit_code, detail={"approved": change.approved_sha256}
    )
    record(services, uow, actor, [Act(change.id, ChangeEvent.REOPEN, CENTRE_CODE, CENTRE_CODE, reason)])


def _act(services: Services, uow: UnitOfWork, actor: Actor, change: Change) -> str:
    """Do what the kind asks for; return the person's unit after it."""
    holder = uow.holders.get(change.holder_id)
    if change.kind is ChangeKind.STOP:
        _stop(services, uow, actor, change, holder)
    elif change.kind is ChangeKind.RESTORE:
        _restore(services, uow, actor, change, holder)
    elif change.kind is ChangeKind.UNLOCK:
        release(services, uow, actor, holder.id, change.id)
    elif change.kind is ChangeKind.INFORMATION_CHANGE:
        return _inform(services, uow, actor, change, holder)
    return holder.unit_code


def _stop(services: Services, uow: UnitOfWork, actor: Actor, change: Change, holder: Holder) -> None:
    revoking = change.certificate_act is CertificateAct.REVOKE
    if holder.status is HolderStatus.STOPPED and not revoking:
        raise Conflict("此人的账号已经停用。")
    if holder.status is HolderStatus.ACTIVE:
        uow.holders.change(holder, status=HolderStatus.STOPPED)
    moved = change.transferred
    reason = RevocationReason.AFFILIATION_CHANGED if moved else RevocationReason.CESSATION_OF_OPERATION
    if revoking:
        _revoke(services, uow, actor, change, reason=reason)
    else:
        for certificate in uow.certificates.find(holder_id=holder.id, status=LIVE_CERTIFICATE):
            if certificate.status is not CertificateStatus.FROZEN:
                _apply(services, uow, actor, change, certificate, event=CertificateEvent.FREEZE)
        # Where nothing was decided for a certificate the person had none, and no token came with the form.
        if change.certificate_act is CertificateAct.FREEZE:
            hand_in(services, uow, actor, holder.id, unit_code=change.unit_code, case=change.id)
    lapse(services, uow, actor, [holder.external_id])


def _restore(services: Services, uow: UnitOfWork, actor: Actor, change: Change, holder: Holder) -> None:
    if holder.status is not HolderStatus.STOPPED:
        raise Conflict("此人的账号没有停用，不需要恢复。")
    uow.units.hold([holder.unit_code])
    if holder.user_type == UserType.INFORMATION and is_taken(
        uow, uow.units.get(holder.unit_code), besides=holder.external_id
    ):
        raise Conflict("该单位已有接任的信息管理员，不能同时恢复前任。请先为接任者办理停用。")
    uow.holders.change(holder, status=HolderStatus.ACTIVE)
    for certificate in releasable(uow, holder):
        _apply(services, uow, actor, change, certificate, event=certificate.release)
    open_conflicts(services, uow, actor, uow.applications.find(id=holder.external_id))


def _inform(services: Services, uow: UnitOfWork, actor: Actor, change: Change, holder: Holder) -> str:
    """New data. A certificate that names what is no longer true is marked for its replacement on the same token, or
    revoked, and the token comes back with the form.
    """
    if change.paper is None:
        raise Conflict("这份变更申请没有变更前后的内容，不能执行。")
    refuse_outdated_paper(uow, change, holder)
    wanted = change.paper.wanted()
    unit_code = wanted[_P.UNIT]
    if unit_code != holder.unit_code and open_transfer(uow, holder_id=holder.id):
        raise Conflict("此人正在交接，不能同时变更单位。请先办结或终止交接。")
    refuse_taken_place(uow, holder, unit_code)
    contact = Contact(wanted["id_number"], wanted[_P.OFFICE_PHONE], wanted[_P.EMAIL], wanted[_P.MOBILE])
    uow.holders.change(
        holder,
        guard=("name", "unit_code", "approved_sha256"),
        name=wanted[_P.NAME],
        unit_code=unit_code,
        contact=contact,
        approved_sha256=change.approved_sha256,
        approved_in=change.id,
    )
    detail = {"case": change.id, "fields": ",".join(sorted(change.paper.after))}
    uow.audit.append(actor, Tag.HOLDER_CHANGED, holder.id, unit=unit_code, detail=detail)
    if change.certificate_act is CertificateAct.REPLACE:
        for certificate in uow.certificates.find(holder_id=holder.id, status=LIVE_CERTIFICATE):
            mark(services, uow, actor, certificate, unit=unit_code, ground=change.id)
    elif change.paper.touches_certificate():
        # X.509: affiliationChanged is "the subject's name or other information has been modified".
        _revoke(services, uow, actor, change, reason=RevocationReason.AFFILIATION_CHANGED)
    for medium in uow.media.find(holder_id=holder.id, status=WITH_PERSON):
        uow.media.change(medium, at_unit=unit_code)
    return unit_code


def _revoke(services: Services, uow: UnitOfWork, actor: Actor, change: Change, *, reason: RevocationReason) -> None:
    """Revoke what the person holds; the token that carried it comes back with the form."""
    certificates = uow.certificates.find(holder_id=change.holder_id, status=LIVE_CERTIFICATE)
    for certificate in certificates:
        _apply(services, uow, actor, change, certificate, event=CertificateEvent.REVOKE, reason=reason)
    if not certificates and change.kind is ChangeKind.INFORMATION_CHANGE:
        return
    hand_in(services, uow, actor, change.holder_id, unit_code=change.unit_code, case=change.id)


def _apply(
    services: Services,
    uow: UnitOfWork,
    actor: Actor,
    change: Change,
    certificate: Certificate,
    *,
    event: CertificateEvent,
    reason: RevocationReason = RevocationReason.CERTIFICATE_HOLD,
) -> None:
    at, why = services.clock(), change.kind.value
    apply(uow, actor, certificate, event, at=at, reason=why, crl_reason=reason, ground=change.id)
