"""Stamped forms that come back as scans: the code on the paper says which application or change case each belongs to.

One transaction a file. A scan is part of what is reviewed, so who looked before it came has a stale page, and who
attached it reviews as little as who entered the form.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ca_service.domain.applications import APPLICATION, ApplicationEvent
from ca_service.domain.audit import Tag
from ca_service.domain.changes import CHANGE, ChangeEvent
from ca_service.domain.errors import Conflict, DomainError, Invalid
from ca_service.domain.lifecycle import Machine
from ca_service.domain.paper import PaperCode, PaperKind, parse_paper_code
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.intake.errors import ScanError
from ca_service.intake.scan import check_scan
from ca_service.intake.scan_pages import render_pages
from ca_service.workflows.paper_forms import application_code, change_code
from ca_service.workflows.ports import Repository, Services, UnitOfWork
from ca_service.workflows.refused_acts import recorded
from ca_service.workflows.register import shown_name
from ca_service.workflows.shown import shown
from ca_service.workflows.steps import Act, record


class ScanOutcome(StrEnum):
    """What became of a file."""

    ATTACHED = "attached"
    ALREADY_THERE = "already-there"
    NO_CODE = "no-code"
    REFUSED = "scan-refused"


ATTACHED = frozenset({ScanOutcome.ATTACHED, ScanOutcome.ALREADY_THERE})
"""The scan is where it belongs."""


@dataclass(frozen=True)
class ScanLine:
    """One line of the report; `subject` is the application or change case, empty where none was found."""

    file: str
    outcome: ScanOutcome
    kind: PaperKind | None = None
    subject: str = ""
    detail: str = ""


@dataclass(frozen=True)
class _Taken:
    """A checked file whose code was read."""

    content: bytes
    sha256: str
    code: PaperCode


@dataclass(frozen=True)
class _ReviewedPaper:
    """What differs between the papers that are reviewed; `printed` is the code a print would bear now, `shown` the hash
    of what a reviewer is shown.
    """

    act: str
    action: Action
    tag: Tag
    machine: Machine[Any, Any]
    event: ApplicationEvent | ChangeEvent
    records: Callable[[UnitOfWork], Repository[Any]]
    printed: Callable[[UnitOfWork, Any], PaperCode]
    shown: Callable[[UnitOfWork, Any], str]


_KINDS = {
    PaperKind.APPLICATION: _ReviewedPaper(
        "registration.attach-scan", Action.REGISTRATION_SUBMIT, Tag.APPLICATION_SCANNED, APPLICATION,
        ApplicationEvent.ATTACH,
        records=lambda uow: uow.applications,
        printed=application_code,
        shown=lambda uow, after: shown(uow, [after])[after.id].sha256(),
    ),
    PaperKind.CHANGE: _ReviewedPaper(
        "change.attach-scan", Action.CHANGE_SUBMIT, Tag.CHANGE_SCANNED, CHANGE, ChangeEvent.ATTACH,
        records=lambda uow: uow.changes,
        printed=lambda _uow, found: change_code(found),
        shown=lambda _uow, after: after.shown_sha256(),
    ),
}  # fmt: skip


def require_clerk(services: Services, actor: Actor) -> None:
    """Raise Forbidden for who may attach no scan at all."""
    with services.read() as uow:
        authorise(actor, Action.REGISTRATION_SUBMIT, lineage=uow.units.lineage(actor.unit_code))


def attach_scans(services: Services, actor: Actor, files: Iterable[tuple[bytes, str]]) -> Sequence[ScanLine]:
    """Attach each file (content, name) to what its code names; a line for each. Raises Forbidden, before any file."""
    require_clerk(services, actor)
    return [_attach(services, actor, content, shown_name(name)) for content, name in files]


def _attach(services: Services, actor: Actor, content: bytes, name: str) -> ScanLine:
    try:
        taken = _read(content, name)
    except ScanError as error:
        return ScanLine(name, ScanOutcome.REFUSED, detail=str(error))
    except Invalid as error:
        return ScanLine(name, ScanOutcome.REFUSED, detail=error.detail)
    if taken is None:
        hint = "没有读到申请单右上角的二维码。请用本系统打印的申请单盖章，扫描时保持二维码完整清晰，再上传。"
        return ScanLine(name, ScanOutcome.NO_CODE, detail=hint)
    code = taken.code
    try:
        if code.kind is PaperKind.DISPATCH:
            raise Invalid("这是电子证书派发记录单，请在“派发记录”页面签收时上传。")
        outcome = _scanned(_KINDS[code.kind], services, actor, taken)
    except DomainError as error:
        return ScanLine(name, ScanOutcome.REFUSED, code.kind, code.subject, error.detail)
    return ScanLine(name, outcome, code.kind, code.subject)


def _read(content: bytes, name: str) -> _Taken | None:
    """The one code of ours on the pages; None where there is none; raise ScanError, Invalid where there are several."""
    info = check_scan(content, name)
    texts = [text for page in render_pages(content) for text in page.codes]
    codes = {code.text(): code for code in map(parse_paper_code, texts) if code is not None}
    if len(codes) > 1:
        subjects = "、".join(sorted({code.subject for code in codes.values()})[:5])
        raise Invalid(f"文件中有 {len(codes)} 份不同的申请单（{subjects}）。请每份申请单各扫描为一个文件。")
    return next((_Taken(content, info.sha256, code) for code in codes.values()), None)


def _scanned(of: _ReviewedPaper, services: Services, actor: Actor, taken: _Taken) -> ScanOutcome:
    own = taken.code.subject

    def unit_of(uow: UnitOfWork) -> str:
        unit: str = of.records(uow).get(own).unit_code
        return unit

    with recorded(services, actor, of.act, own, unit=unit_of), services.begin() as uow:
        found = of.records(uow).get(own)
        authorise(actor, of.action, lineage=uow.units.lineage(found.unit_code))
        status = of.machine.after(found.status, of.event)
        _refuse_old_print(taken.code, of.printed(uow, found))
        if found.scan_sha256 == taken.sha256:
            return ScanOutcome.ALREADY_THERE
        kept = services.documents.put(taken.content)
        guard = ("at_unit", "scan_sha256")
        after = of.records(uow).change(found, guard=guard, status=status, scan_sha256=kept)
        detail = {"scan": kept, "before": found.scan_sha256}
        uow.audit.append(actor, of.tag, own, unit=found.unit_code, detail=detail)
        place, seen = found.at_unit, of.shown(uow, after)
        record(services, uow, actor, [Act(own, of.event, place, place, "", seen)])
    return ScanOutcome.ATTACHED


def _refuse_old_print(on_paper: PaperCode, now: PaperCode) -> None:
    """What was stamped must be what is registered."""
    if on_paper.content != now.content:
        raise Conflict("打印之后登记内容有变化，这份盖章件与现有内容不一致。请重新打印、盖章后扫描上传。")
