"""Batches after they were taken: list, one with its report, the marked sheet again, undo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ca_service.domain.applications import (
    APPLICATION,
    BATCH,
    Application,
    ApplicationEvent,
    ApplicationStatus,
    Batch,
    BatchEvent,
)
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.roles import POLICY, Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.conflicts import lapse
from ca_service.workflows.drafts import marked_sheet
from ca_service.workflows.findings import Findings
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.register import Upload

_OPEN = (ApplicationStatus.SUBMITTED, ApplicationStatus.RETURNED)


@dataclass(frozen=True)
class BatchView:
    """A batch with the number of its applications by status. `findings` None: none kept, or not for this actor."""

    batch: Batch
    statuses: Mapping[ApplicationStatus, int]
    findings: Findings | None


def list_batches(services: Services, actor: Actor, window: Window = ALL) -> Listing[Batch]:
    """The batches of the actor's subtree, newest first."""
    with services.read() as uow:
        authorise(actor, Action.REGISTRATION_READ, lineage=uow.units.lineage(actor.unit_code))
        return listing(uow.batches, window, order="-uploaded_at", within=actor.unit_code)


def view_batch(services: Services, actor: Actor, batch_id: str) -> BatchView:
    """One batch; what was found in its cells is shown to those who enter, since it quotes them."""
    with services.read() as uow:
        batch = uow.batches.get(batch_id)
        authorise(actor, Action.REGISTRATION_READ, lineage=uow.units.lineage(batch.unit_code))
        statuses = uow.applications.tally("status", batch_id=batch_id)
    report = batch.report_sha256 if actor.roles & POLICY[Action.REGISTRATION_SUBMIT] else ""
    return BatchView(batch, statuses, Findings.read(services.documents.get(report)) if report else None)


def marked_batch(services: Services, actor: Actor, batch_id: str) -> bytes:
    """The batch's sheet as xlsx with the errors marked as the rules and the register are now; recorded."""
    with services.begin() as uow:
        batch = uow.batches.get(batch_id)
        authorise(actor, Action.REGISTRATION_SUBMIT, lineage=uow.units.lineage(batch.unit_code))
        uow.audit.append(actor, Tag.BATCH_SHEET_EXPORTED, batch.id, unit=batch.unit_code)
    sheet = services.documents.get(batch.sheet_sha256)
    return marked_sheet(services, Upload(batch.unit_code, sheet, batch.sheet_name, b"", ""))


def undo_batch(services: Services, actor: Actor, batch_id: str, *, reason: str) -> Batch:
    """Withdraw all applications of a batch of which none was forwarded or approved; documents and records stay.

    Raises Conflict, and withdraws nothing, when a reviewer was first.
    """
    if not reason.strip():
        raise Invalid("撤销批次时必须填写原因。")
    with services.begin() as uow:
        batch = uow.batches.get(batch_id)
        authorise(actor, Action.REGISTRATION_UNDO, lineage=uow.units.lineage(batch.unit_code))
        undone = uow.batches.change(batch, status=BATCH.after(batch.status, BatchEvent.UNDO))
        count = _withdraw(services, uow, actor, batch)
        detail: dict[str, str | int] = {"withdrawn": count, "reason": reason.strip()[:300]}
        uow.audit.append(actor, Tag.BATCH_UNDONE, batch.id, unit=batch.unit_code, detail=detail)
    return undone


def _withdraw(services: Services, uow: UnitOfWork, actor: Actor, batch: Batch) -> int:
    applications = uow.applications.find(batch_id=batch.id)
    lineages = uow.units.lineages(application.unit_code for application in applications)
    reviewed = [a for a in applications if not _unreviewed(a, lineages[a.unit_code][1:])]
    if reviewed:
        found = f"批次中已有 {len(reviewed)} 份申请上报或审核通过，不能整批撤销。"
        raise Conflict(f"{found}请由审核单位退回需要更正的申请，再逐份修改。")
    for status in _OPEN:
        some = [application for application in applications if application.status is status]
        after = APPLICATION.after(status, ApplicationEvent.WITHDRAW)
        uow.applications.change_all(some, guard=("at_unit",), status=after)
    lapse(services, uow, actor, [application.id for application in applications])
    return len(applications)


def _unreviewed(application: Application, above: Sequence[str]) -> bool:
    """Whether it was returned, or still lies with the unit that is the first to review it."""
    first = above[0] if above else CENTRE_CODE
    return application.status is ApplicationStatus.RETURNED or (
        application.status is ApplicationStatus.SUBMITTED and application.at_unit == first
    )
