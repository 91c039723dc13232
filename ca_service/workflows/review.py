"""Review up the tree: forward, return with a reason, approve at the centre (统一审核)."""

from collections.abc import Callable, Sequence
from typing import Any

from ca_service.domain.applications import APPLICATION, Application, ApplicationEvent, ApplicationStatus
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, Forbidden, Invalid
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Action, Actor, authorise, refuse_self_review
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.open_units import require_open
from ca_service.workflows.places import is_taken
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.unit_index import UnitIndex


def forward(services: Services, actor: Actor, ids: Sequence[str]) -> Sequence[Application]:
    """Send applications that lie at the actor's unit one unit higher; all of them or none."""
    with services.begin() as uow:
        index = UnitIndex(uow.units.find())

        def move(application: Application) -> Application:
            if application.at_unit == CENTRE_CODE:
                raise Invalid("申请已到达自治区教育信息中心，请进行统一审核（通过或退回）。")
            path = index.review_path(application.unit_code)
            above = path[path.index(application.at_unit) + 1]
            status = APPLICATION.after(application.status, ApplicationEvent.FORWARD)
            moved = uow.applications.change(application, status=status, at_unit=above)
            uow.audit.append(
                actor,
                Tag.APPLICATION_FORWARDED,
                application.id,
                unit=application.unit_code,
                detail={"to": above},
            )
            return moved

        return _each(uow, actor, ids, move)


def give_back(services: Services, actor: Actor, ids: Sequence[str], *, reason: str) -> Sequence[Application]:
    """Return applications to the unit that sent them; the reason is shown there."""
    if not reason.strip():
        raise Invalid("退回时必须填写原因。")
    with services.begin() as uow:

        def move(application: Application) -> Application:
            status = APPLICATION.after(application.status, ApplicationEvent.RETURN)
            moved = uow.applications.change(application, status=status, at_unit=application.unit_code, reason=reason)
            uow.audit.append(
                actor,
                Tag.APPLICATION_RETURNED,
                application.id,
                unit=application.unit_code,
                detail={"reason": reason},
            )
            return moved

        return _each(uow, actor, ids, move)


def resubmit(services: Services, actor: Actor, ids: Sequence[str]) -> Sequence[Application]:
    """Send returned applications up again, after what was missing has been settled; clerk's work."""
    with services.begin() as uow:
        index = UnitIndex(uow.units.find())
        moved = []
        require_open(uow, {application.unit_code for application in _found(uow, ids)})
        for application in _found(uow, ids):
            authorise(actor, Action.REGISTRATION_SUBMIT, lineage=uow.units.lineage(application.unit_code))
            status = APPLICATION.after(application.status, ApplicationEvent.RESUBMIT)
            _refuse_second_administrator(uow, index, application)
            first = index.review_path(application.unit_code)[0]
            moved.append(uow.applications.change(application, status=status, at_unit=first, reason=""))
            uow.audit.append(actor, Tag.APPLICATION_RESUBMITTED, application.id, unit=application.unit_code)
        return moved


def approve(services: Services, actor: Actor, ids: Sequence[str]) -> Sequence[Application]:
    """Approve at the centre; the approval keeps the hash of exactly what was approved, and the push is due."""
    with services.begin() as uow:

        def move(application: Application) -> Application:
            if application.at_unit != CENTRE_CODE:
                raise Conflict("申请尚未逐级上报到自治区教育信息中心，不能审核通过。")
            status = APPLICATION.after(application.status, ApplicationEvent.APPROVE)
            seen = application.content_sha256()
            moved = uow.applications.change(application, status=status, approved_sha256=seen)
            detail = {"sha256": seen}
            uow.audit.append(actor, Tag.APPLICATION_APPROVED, application.id, unit=application.unit_code, detail=detail)
            return moved

        return _each(uow, actor, ids, move)


def _each(
    uow: UnitOfWork, actor: Actor, ids: Sequence[str], move: Callable[[Application], Application]
) -> Sequence[Application]:
    applications = _found(uow, ids)
    lineages: dict[str, Sequence[str]] = {}
    for application in applications:
        place = application.at_unit
        lineage = lineages.get(place) or lineages.setdefault(place, uow.units.lineage(place))
        authorise(actor, Action.REGISTRATION_REVIEW, lineage=lineage)
        if place != actor.unit_code:
            raise Forbidden("申请目前不在本单位，由它所在的单位审核。")
        refuse_self_review(actor, entered_by=application.entered_by)
    return [move(application) for application in applications]


def _refuse_second_administrator(uow: UnitOfWork, index: UnitIndex, application: Application) -> None:
    if application.user_type != UserType.INFORMATION:
        return
    if is_taken(uow, index.units[application.unit_code], besides=application.id):
        raise Conflict("该单位已有一名信息管理员在办或在用，这份申请不能再提交。请先为原信息管理员办理停用或变更。")


def _found(uow: UnitOfWork, ids: Sequence[str]) -> Sequence[Application]:
    applications = uow.applications.find(id=list(ids))
    if len(applications) != len(set(ids)):
        raise Invalid("所列申请中有不存在的编号，未作任何更改。")
    return applications


def queue(
    services: Services,
    actor: Actor,
    window: Window = ALL,
    *,
    status: ApplicationStatus | None = None,
    batch_id: str | None = None,
) -> Listing[Application]:
    """The applications of the actor's subtree, oldest first."""
    wanted = {"status": status, "batch_id": batch_id}
    with services.read() as uow:
        authorise(actor, Action.REGISTRATION_READ, lineage=uow.units.lineage(actor.unit_code))
        equal: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        return listing(uow.applications, window, order="submitted_at", within=actor.unit_code, **equal)
