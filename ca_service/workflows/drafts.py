"""The import in two steps: examine an upload (dry run), then take it as the person chooses, without uploading again.

A draft belongs to who uploaded it. Its bytes lie encrypted in the database, so that an upload which is never taken
leaves nothing behind: it goes when it is taken or dropped, and after DRAFT_LIFETIME.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.drafts import DRAFT_LIFETIME, MOST_DRAFTS, Draft, DraftPart
from ca_service.domain.errors import Invalid, NotFound
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.intake.marked import Marks, mark_sheet
from ca_service.intake.sheet import SheetError, open_book, roster_of
from ca_service.workflows.findings import Findings
from ca_service.workflows.ports import Before, Services, UnitOfWork
from ca_service.workflows.register import (
    ImportReport,
    Upload,
    admit,
    examine_roster,
    import_batch,
    read_upload,
    shown_name,
)


@dataclass(frozen=True)
class DraftView:
    """A draft with what was found in it, and the units that were picked so far by row."""

    draft: Draft
    findings: Findings
    chosen: Mapping[int, str]


def examine(services: Services, actor: Actor, upload: Upload) -> DraftView:
    """Read and check an upload and keep it as a draft; raise Invalid when sheet or scan cannot be read at all."""
    admit(services, actor, upload.unit_code)
    findings = examine_roster(services, upload, read_upload(upload))
    draft = Draft(
        id=services.new_id("D"),
        unit_code=upload.unit_code,
        sheet_name=shown_name(upload.sheet_name),
        scan_name=shown_name(upload.scan_name),
        uploaded_by=actor.login,
        uploaded_at=services.clock(),
    )
    with services.begin() as uow:
        own = uow.drafts.find(uploaded_by=actor.login, order="-uploaded_at")
        uow.drafts.remove([old.id for old in own[MOST_DRAFTS - 1 :]])
        uow.drafts.add(draft)
        uow.drafts.put_part(draft.id, DraftPart.SHEET, upload.sheet)
        uow.drafts.put_part(draft.id, DraftPart.SCAN, upload.scan)
        _keep(uow, draft.id, findings, upload.chosen)
        detail = {"rows": findings.rows, "fit": findings.fit, "bad": findings.count("bad")}
        uow.audit.append(actor, Tag.BATCH_EXAMINED, draft.id, unit=draft.unit_code, detail=detail)
    return DraftView(draft, findings, upload.chosen)


def view_draft(services: Services, actor: Actor, draft_id: str) -> DraftView:
    """What was found when the draft was last examined; raise NotFound."""
    with services.read() as uow:
        draft = _own(uow, actor, draft_id)
        findings = Findings.read(uow.drafts.part(draft_id, DraftPart.REPORT))
        return DraftView(draft, findings, _chosen(uow, draft_id))


def own_drafts(services: Services, actor: Actor) -> Sequence[Draft]:
    """The actor's drafts of sheets, newest first; raise Forbidden for who does not enter."""
    with services.read() as uow:
        authorise(actor, Action.REGISTRATION_SUBMIT, lineage=uow.units.lineage(actor.unit_code))
        found = uow.drafts.find(uploaded_by=actor.login, order="-uploaded_at")
    return [draft for draft in found if draft.sheet_name]


def choose(services: Services, actor: Actor, draft_id: str, chosen: Mapping[int, str]) -> DraftView:
    """Note the units that were picked (besides those before; "" takes a pick back) and examine the draft again."""
    with services.read() as uow:
        draft, upload = _upload(uow, actor, draft_id, chosen)
    findings = examine_roster(services, upload, read_upload(upload))
    with services.begin() as uow:
        _own(uow, actor, draft_id)
        _keep(uow, draft_id, findings, upload.chosen)
    return DraftView(draft, findings, upload.chosen)


def take(
    services: Services, actor: Actor, draft_id: str, *, all_or_nothing: bool, chosen: Mapping[int, str]
) -> ImportReport:
    """Register a draft by the state of things now; raise Invalid, and keep the draft, where no row can be taken."""
    with services.read() as uow:
        _, upload = _upload(uow, actor, draft_id, chosen, all_or_nothing=all_or_nothing)
    report = import_batch(services, actor, upload, draft_id=draft_id)
    if not report.batch_id:
        raise Invalid("没有可以录入的行。请按错误清单更正后重新上传。")
    return report


def drop(services: Services, actor: Actor, draft_id: str) -> None:
    """Forget a draft with everything that was uploaded."""
    with services.begin() as uow:
        _own(uow, actor, draft_id)
        uow.drafts.remove([draft_id])


def drop_old(services: Services) -> int:
    """Forget all drafts past their lifetime; return how many. For the worker."""
    with services.read() as uow:
        old = uow.drafts.find(uploaded_at=Before(services.clock() - DRAFT_LIFETIME), limit=100)
    if old:
        with services.begin() as uow:
            uow.drafts.remove([draft.id for draft in old])
    return len(old)


def marked_draft(services: Services, actor: Actor, draft_id: str) -> bytes:
    """The uploaded sheet as xlsx with every error marked; it holds personal data, so the export is recorded."""
    with services.read() as uow:
        draft, upload = _upload(uow, actor, draft_id, {})
    marked = marked_sheet(services, upload)
    with services.begin() as uow:
        uow.audit.append(actor, Tag.BATCH_SHEET_EXPORTED, draft.id, unit=draft.unit_code)
    return marked


def marked_sheet(services: Services, upload: Upload) -> bytes:
    """Mark the errors of a sheet by the rules and the register as they are now; raise Invalid."""
    try:
        book = open_book(upload.sheet, filename=upload.sheet_name, limits=upload.limits)
        findings = examine_roster(services, upload, roster_of(book))
        warnings = [*findings.warnings, *findings.shared]
        return mark_sheet(book, Marks(findings.bad, warnings, findings.already_there))
    except SheetError as error:
        raise Invalid(str(error)) from error


def _own(uow: UnitOfWork, actor: Actor, draft_id: str) -> Draft:
    draft = uow.drafts.get(draft_id)
    authorise(actor, Action.REGISTRATION_SUBMIT, lineage=uow.units.lineage(draft.unit_code))
    if draft.uploaded_by != actor.login:
        raise NotFound(f"没有找到导入草稿：{draft_id}")
    return draft


def _upload(
    uow: UnitOfWork, actor: Actor, draft_id: str, chosen: Mapping[int, str], *, all_or_nothing: bool = False
) -> tuple[Draft, Upload]:
    draft = _own(uow, actor, draft_id)
    picked = {row: code for row, code in {**_chosen(uow, draft_id), **chosen}.items() if code}
    sheet, scan = (uow.drafts.part(draft_id, part) for part in (DraftPart.SHEET, DraftPart.SCAN))
    upload = Upload(
        draft.unit_code,
        sheet,
        draft.sheet_name,
        scan,
        draft.scan_name,
        all_or_nothing=all_or_nothing,
        chosen=picked,
    )
    return draft, upload


def _chosen(uow: UnitOfWork, draft_id: str) -> Mapping[int, str]:
    kept: dict[str, str] = json.loads(uow.drafts.part(draft_id, DraftPart.CHOICES))
    return {int(row): code for row, code in kept.items()}


def _keep(uow: UnitOfWork, draft_id: str, findings: Findings, chosen: Mapping[int, str]) -> None:
    uow.drafts.put_part(draft_id, DraftPart.REPORT, findings.kept())
    uow.drafts.put_part(draft_id, DraftPart.CHOICES, json.dumps(dict(chosen)).encode())
