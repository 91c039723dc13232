"""Stamped forms that come back as scans: the code on the paper says which application or change case each belongs to.

One transaction a file. A scan is part of what is reviewed, so who looked before it came has a stale page, and who
attached it reviews as little as who entered the form.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ca_service.domain.applications import APPLICATION, ApplicationEvent
from ca_service.domain.audit import Tag
from ca_service.domain.changes import CHANGE, ChangeEvent
from ca_service.domain.errors import Conflict, DomainError, Invalid
from ca_service.domain.paper import PaperCode, PaperKind, parse_paper_code
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.intake.errors import ScanError
from ca_service.intake.scan import check_scan
from ca_service.intake.scan_pages import render_pages
from ca_service.workflows.paper_forms import application_code, change_code
from ca_service.workflows.ports import Services, UnitOfWork
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
        outcome = _DOORS[code.kind](services, actor, taken)
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


def _to_application(services: Services, actor: Actor, taken: _Taken) -> ScanOutcome:
    own = taken.code.subject

    def unit_of(uow: UnitOfWork) -> str:
        return uow.applications.get(own).unit_code

    with recorded(services, actor, "registration.attach-scan", own, unit=unit_of), services.begin() as uow:
        found = uow.applications.get(own)
        authorise(actor, Action.REGISTRATION_SUBMIT, lineage=uow.units.lineage(found.unit_code))
        status = APPLICATION.after(found.status, ApplicationEvent.ATTACH)
        _refuse_old_print(taken.code, application_code(uow, found))
        if found.scan_sha256 == taken.sha256:
            return ScanOutcome.ALREADY_THERE
        kept = services.documents.put(taken.content)
        guard = ("at_unit", "scan_sha256")
        after = uow.applications.change(found, guard=guard, status=status, scan_sha256=kept)
        detail = {"scan": kept, "before": found.scan_sha256}
        uow.audit.append(actor, Tag.APPLICATION_SCANNED, own, unit=found.unit_code, detail=detail)
        seen = shown(uow, [after])[own].sha256()
        record(services, uow, actor, [Act(own, ApplicationEvent.ATTACH, found.at_unit, found.at_unit, "", seen)])
    return ScanOutcome.ATTACHED


def _to_change(services: Services, actor: Actor, taken: _Taken) -> ScanOutcome:
    own = taken.code.subject

    def unit_of(uow: UnitOfWork) -> str:
        return uow.changes.get(own).unit_code

    with recorded(services, actor, "change.attach-scan", own, unit=unit_of), services.begin() as uow:
        found = uow.changes.get(own)
        authorise(actor, Action.CHANGE_SUBMIT, lineage=uow.units.lineage(found.unit_code))
        status = CHANGE.after(found.status, ChangeEvent.ATTACH)
        _refuse_old_print(taken.code, change_code(found))
        if found.scan_sha256 == taken.sha256:
            return ScanOutcome.ALREADY_THERE
        kept = services.documents.put(taken.content)
        guard = ("at_unit", "scan_sha256")
        after = uow.changes.change(found, guard=guard, status=status, scan_sha256=kept)
        detail = {"scan": kept, "before": found.scan_sha256}
        uow.audit.append(actor, Tag.CHANGE_SCANNED, own, unit=found.unit_code, detail=detail)
        place, seen = found.at_unit, after.shown_sha256()
        record(services, uow, actor, [Act(own, ChangeEvent.ATTACH, place, place, "", seen)])
    return ScanOutcome.ATTACHED


def _refuse_a_sheet(_services: Services, _actor: Actor, _taken: _Taken) -> ScanOutcome:
    raise Invalid("这是电子证书派发记录单，请在“派发记录”页面签收时上传。")


def _refuse_old_print(on_paper: PaperCode, now: PaperCode) -> None:
    """What was stamped must be what is registered."""
    if on_paper.content != now.content:
        raise Conflict("打印之后登记内容有变化，这份盖章件与现有内容不一致。请重新打印、盖章后扫描上传。")


_DOORS = {
    PaperKind.APPLICATION: _to_application,
    PaperKind.CHANGE: _to_change,
    PaperKind.DISPATCH: _refuse_a_sheet,
}
