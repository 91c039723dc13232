"""The audit log, for the auditor: what was asked for, page by page, one entry, the whole chain, a table to keep."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from ca_service.audit import asked
from ca_service.audit.reading import Names, Readable, read
from ca_service.audit.sheet import write_sheet
from ca_service.audit.tag_words import GROUPS
from ca_service.audit.verifier import Verdict, verify
from ca_service.clock import SHANGHAI
from ca_service.domain.audit import GENESIS, Tag
from ca_service.domain.errors import NotFound
from ca_service.domain.roles import Action, authorise
from ca_service.web.console.context import PAGE_SIZE, actor, services
from ca_service.web.console.downloads import attachment
from ca_service.workflows import audit_log as workflow
from ca_service.workflows.audit_log import Cursor, LogPage

pages = Blueprint("audit", __name__, url_prefix="/audit")
_LATEST = 200
# The page of what an entry is about, by the first two parts of its tag: endpoint and name of the argument.
_SUBJECT_PAGES: Mapping[str, tuple[str, str]] = {
    "ca:certificate": ("console.certificates.show", "serial"),
    "media:medium": ("console.media.history", "serial"),
    "ra:application": ("console.applications.show", "application_id"),
    "ra:unit": ("console.units.show", "code"),
    "ra:conflict": ("console.review.conflict", "case_id"),
    "change:case": ("console.changes.show", "change_id"),
}


@pages.get("")
def index() -> str:
    """What fits the filter, newest first, and whether the latest entries hold together."""
    given = _given()
    found = workflow.log_page(services(), actor(), asked.read_filter(given), _cursor(), size=PAGE_SIZE)
    return _page(_latest(), found, given)


@pages.post("/verify")
def verify_all() -> str:
    """Recompute the whole chain; takes seconds for a million entries."""
    with services().read() as uow:
        authorise(actor(), Action.AUDIT_READ, lineage=uow.units.lineage(actor().unit_code))
        seq, head = uow.audit.head()
        verdict = verify(uow.audit.entries(), head_seq=seq, head_hash=bytes(head))
    found = workflow.log_page(services(), actor(), asked.read_filter({}), Cursor(), size=PAGE_SIZE)
    return _page((verdict, verdict.entries), found, {})


@pages.get("/<seq>")
def show(seq: str) -> str:
    """One entry with all its fields and hashes."""
    found = workflow.single_entry(services(), actor(), _number(seq))
    entry = _readable(found.page)[0]
    return render_template("console/audit_entry.html", found=found, e=entry, subject_page=_subject_page(entry))


@pages.post("/export")
def export() -> Response:
    """Everything that fits as a workbook; the export is recorded."""
    given = {name: request.form.get(name, "") for name in asked.FIELDS}
    found = workflow.export_log(services(), actor(), asked.read_filter(given))
    now: datetime = services().clock().astimezone(SHANGHAI)
    return attachment(write_sheet(_readable(found)), f"audit-{now:%Y%m%d-%H%M%S}.xlsx")


def _given() -> dict[str, str]:
    return {name: request.args[name].strip() for name in asked.FIELDS if request.args.get(name, "").strip()}


def _cursor() -> Cursor:
    above = request.args.get("above", "")
    if above:
        return Cursor(above=_number(above))
    below = request.args.get("below", "")
    return Cursor(below=_number(below)) if below else Cursor()


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        raise NotFound(f"没有序号为“{text[:20]}”的审计记录。")
    return int(text)


def _latest() -> tuple[Verdict, int]:
    """Whether the latest entries hold together, and how many these are."""
    with services().read() as uow:
        seq, head = uow.audit.head()
        first = max(0, seq - _LATEST)
        chain = list(uow.audit.entries(after=max(0, first - 1)))
    before, latest = (chain[0], chain[1:]) if first and chain else (None, chain)
    after = (before.seq, bytes(before.hash)) if before else (0, GENESIS)
    return verify(latest, head_seq=seq, head_hash=bytes(head), after=after), len(latest)


def _readable(page: LogPage) -> list[Readable]:
    names = Names(page.units, page.people)
    return [read(entry, names) for entry in page.entries]


def _page(checked: tuple[Verdict, int], found: LogPage, given: dict[str, str]) -> str:
    verdict, number = checked
    return render_template(
        "console/audit.html",
        verdict=verdict,
        checked=number,
        found=found,
        shown=_readable(found),
        given=given,
        groups=GROUPS,
        most=workflow.MOST_EXPORTED,
    )


def _subject_page(entry: Readable) -> str:
    """The address of what the entry is about; empty where it has no page."""
    endpoint, name = _SUBJECT_PAGES.get(entry.entry.tag.rpartition(":")[0], ("", ""))
    argument: dict[str, Any] = {name: entry.entry.subject}
    return url_for(endpoint, **argument) if endpoint and entry.entry.tag in set(Tag) else ""
