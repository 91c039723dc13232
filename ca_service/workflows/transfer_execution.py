"""Carrying out a hand-over: the predecessor is stopped and revoked, the successor registered, in one transaction."""

from ca_service.domain.applications import Application, ApplicationStatus
from ca_service.domain.audit import Tag
from ca_service.domain.changes import CertificateAct, Change, ChangeStatus
from ca_service.domain.errors import Conflict
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.transfers import TRANSFER, Transfer, TransferEvent
from ca_service.workflows.change_execution import carry_out
from ca_service.workflows.change_execution import reopen as reopen_change
from ca_service.workflows.change_form import LIVE_CERTIFICATE
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.push import reopen as reopen_applications
from ca_service.workflows.push import take_in
from ca_service.workflows.refused_acts import recorded
from ca_service.workflows.shown import shown


def execute(services: Services, actor: Actor, transfer_id: str) -> Transfer:
    """Put the successor in the predecessor's place; raise Conflict where a paper is not approved, or not as approved.

    A paper that is no longer what was approved goes back to review, and nothing else is done.
    """

    def unit_of(uow: UnitOfWork) -> str:
        return uow.transfers.get(transfer_id).unit_code

    with recorded(services, actor, "transfer.execute", transfer_id, unit=unit_of), services.begin() as uow:
        case = uow.transfers.get(transfer_id)
        authorise(actor, Action.CHANGE_EXECUTE, lineage=uow.units.lineage(case.unit_code))
        TRANSFER.after(case.status, TransferEvent.EXECUTE)
        uow.units.hold([case.unit_code])
        stop, application = uow.changes.get(case.change_id), uow.applications.get(case.application_id or "")
        _require_approved(uow, case, stop, application)
        altered = _sent_back(services, uow, actor, stop, application)
        if not altered:
            carry_out(services, uow, actor, stop)
            if application.status is ApplicationStatus.APPROVED:
                take_in(services, uow, actor, application)
            return _done(services, uow, actor, case)
    raise Conflict(f"{altered}的内容与审核通过时不一致，未执行，已退回重新审核并记录。请联系安全管理员核查。")


def _require_approved(uow: UnitOfWork, case: Transfer, stop: Change, application: Application) -> None:
    if stop.status is not ChangeStatus.APPROVED:
        raise Conflict(f"原信息管理员的停用申请 {stop.id} 还没有审核同意，不能执行交接。")
    # At a unit of several administrators the successor may have been registered before the hand-over was opened.
    if application.status not in (ApplicationStatus.APPROVED, ApplicationStatus.CONFIRMED):
        raise Conflict(f"接任者的申请 {application.id} 还没有由自治区教育信息中心审核通过，不能执行交接。")
    if (application.unit_code, application.user_type) != (case.unit_code, UserType.INFORMATION):
        raise Conflict(f"申请 {application.id} 更正后已不是该单位信息管理员的申请。请终止交接，重新办理。")
    certified = uow.certificates.count(holder_id=stop.holder_id, status=LIVE_CERTIFICATE)
    if certified and stop.certificate_act is not CertificateAct.REVOKE:
        raise Conflict(
            "停用申请审核之后，原信息管理员又领取了证书，其处理没有经过审核。请不同意该停用申请，重新办理交接。"
        )


def _sent_back(services: Services, uow: UnitOfWork, actor: Actor, stop: Change, application: Application) -> str:
    """Send back to review what is no longer what was approved, and say which; empty where both are."""
    now = shown(uow, [application])[application.id].sha256()
    if not stop.is_as_approved:
        reopen_change(services, uow, actor, stop)
        return "停用申请"
    if application.status is ApplicationStatus.APPROVED and now != application.approved_sha256:
        reopen_applications(services, uow, actor, [application])
        return "接任者申请"
    return ""


def _done(services: Services, uow: UnitOfWork, actor: Actor, case: Transfer) -> Transfer:
    done = uow.transfers.change(
        case,
        guard=("application_id",),
        status=TRANSFER.after(case.status, TransferEvent.EXECUTE),
        ended_by=actor.login,
        ended_at=services.clock(),
    )
    detail = {"stop": case.change_id, "application": case.application_id or ""}
    uow.audit.append(actor, Tag.TRANSFER_DONE, case.id, unit=case.unit_code, detail=detail)
    return done
