"""What waits for the own unit (待我审核): one page of it decided at once, and the cases of persons who apply twice."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.applications import ApplicationEvent
from ca_service.domain.conflicts import DECISIONS, ConflictEvent, ConflictStatus
from ca_service.domain.errors import Invalid
from ca_service.domain.person_text import mask_id, mask_name
from ca_service.domain.units import CENTRE_CODE
from ca_service.web.console.context import actor, chosen, field, page_number, services, window
from ca_service.workflows import review
from ca_service.workflows.conflict_cases import ConflictDecision, conflict_cases, decide_conflict, show_conflict
from ca_service.workflows.listing import Window
from ca_service.workflows.review_queue import Waiting, Wanted, waiting

pages = Blueprint("review", __name__, url_prefix="/review")
_ROWS = 200  # what a person can look over at once, and more than most batches have


@pages.get("")
def queue() -> str:
    """The applications that lie at the own unit, masked; a batch comes with every row chosen."""
    args = request.args
    wanted = Wanted(
        batch_id=args.get("batch", "").strip(),
        unit_code=args.get("unit", "").strip(),
        name=args.get("name", "").strip(),
        in_conflict=bool(args.get("conflict")),
    )
    found = waiting(services(), actor(), wanted, Window(_ROWS, (page_number() - 1) * _ROWS))
    rows = [(row, *_masked(row)) for row in found.rows]
    chosen = bool(wanted.batch_id or args.get("all"))
    return render_template(
        "console/review.html", rows=rows, total=found.total, wanted=wanted, chosen=chosen, size=_ROWS, act=_passing()
    )


def _masked(row: Waiting) -> tuple[str, str]:
    application = row.shown.application
    return mask_name(application.name), mask_id(application.contact.id_number)


def _passing() -> ApplicationEvent:
    return ApplicationEvent.APPROVE if actor().unit_code == CENTRE_CODE else ApplicationEvent.FORWARD


@pages.post("")
def decide() -> str:
    """Those chosen go on, those with a reason go back, all or none; then what became of each."""
    seen = _seen()
    chosen = set(request.form.getlist("pass"))
    reasons = {own: field(f"reason:{own}") for own in seen}
    verdicts = [
        review.Verdict(own, ApplicationEvent.RETURN if reasons[own] else _passing(), reasons[own], sha256)
        for own, sha256 in seen.items()
        if reasons[own] or own in chosen
    ]
    if not verdicts:
        raise Invalid("没有选择任何申请。请勾选要通过的，或在要退回的一行填写退回原因。")
    done = review.decide(services(), actor(), verdicts)
    left = [own for own in seen if own not in {application.id for application in done}]
    return render_template("console/review_done.html", done=[(a, mask_name(a.name)) for a in done], left=left)


def _seen() -> Mapping[str, str]:
    """The hash of each application as the page showed it."""
    pairs = [text.partition(":") for text in request.form.getlist("shown")]
    return {own: sha256 for own, _, sha256 in pairs if own}


@pages.get("/conflicts")
def conflicts() -> str:
    """Persons who apply more than once, in the own subtree."""
    wanted = chosen("status", ConflictStatus, noun="状态", default=ConflictStatus.UNDECIDED)
    found = conflict_cases(services(), actor(), window(), status=wanted)
    return render_template("console/conflicts.html", found=found, statuses=ConflictStatus, wanted=wanted)


@pages.get("/conflicts/<case_id>")
def conflict(case_id: str) -> str:
    """Both sides of a case; who may see them unmasked leaves an audit entry for each by looking."""
    view = show_conflict(services(), actor(), case_id)
    offered: Sequence[ConflictEvent] = [event for event in DECISIONS if view.may_be(event)]
    return render_template("console/conflict.html", view=view, offered=offered)


@pages.post("/conflicts/<case_id>")
def settle(case_id: str) -> ResponseReturnValue:
    """Decide a case, if both sides are still what was shown."""
    if field("decision") not in {event.value for event in DECISIONS}:
        raise Invalid("请选择处理方式。")
    decision = ConflictDecision(
        ConflictEvent(field("decision")), field("reason"), (field("seen_first"), field("seen_second"))
    )
    decide_conflict(services(), actor(), case_id, decision)
    return redirect(url_for("console.review.conflict", case_id=case_id))
