"""Applications: the queue, one application with its scan, review."""

import puremagic
from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.errors import Invalid
from ca_service.domain.person_text import mask_id, mask_name, mask_phone
from ca_service.web.console.context import actor, field, refuse_stale, services, window
from ca_service.workflows import review
from ca_service.workflows.applications import current_application, scan_of, view_application
from ca_service.workflows.register import conflicts

pages = Blueprint("applications", __name__, url_prefix="/applications")
_SHOWABLE = frozenset({"application/pdf", "image/jpeg", "image/png"})


@pages.get("")
def index() -> str:
    """The applications of the subtree, masked."""
    wanted = request.args.get("status", "")
    if wanted and wanted not in {status.value for status in ApplicationStatus}:
        raise Invalid("没有这种申请状态。")
    status, batch = ApplicationStatus(wanted) if wanted else None, request.args.get("batch", "")[:40] or None
    found = review.queue(services(), actor(), window(), status=status, batch_id=batch)
    with services().read() as uow:
        shared = conflicts(uow, found.rows)
    rows = [
        (a, mask_name(a.name), mask_id(a.contact.id_number), mask_phone(a.contact.mobile), a.id in shared)
        for a in found.rows
    ]
    return render_template(
        "console/applications.html", rows=rows, total=found.total, statuses=ApplicationStatus, wanted=wanted
    )


@pages.get("/<application_id>")
def show(application_id: str) -> str:
    """One application; who may see the contact unmasked leaves an audit entry by looking."""
    return render_template("console/application.html", view=view_application(services(), actor(), application_id))


@pages.get("/<application_id>/scan")
def scan(application_id: str) -> Response:
    """The stamped form: its type is read from its content, and it may run nothing."""
    content = scan_of(services(), actor(), application_id)
    kinds = puremagic.magic_string(content[:4096]) if content else []
    kind = next((found.mime_type for found in kinds if found.mime_type in _SHOWABLE), "application/octet-stream")
    answer = Response(content, content_type=kind)
    answer.headers["Content-Disposition"] = "inline"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return answer


@pages.post("/<application_id>/review")
def decide(application_id: str) -> ResponseReturnValue:
    """Forward, return, approve or submit again, if the state is still the one that was shown."""
    now = current_application(services(), actor(), application_id)
    refuse_stale(f"{now.status.value}/{now.at_unit}")
    match field("act"):
        case "forward":
            review.forward(services(), actor(), [application_id])
        case "return":
            review.give_back(services(), actor(), [application_id], reason=field("reason"))
        case "approve":
            review.approve(services(), actor(), [application_id])
        case "resubmit":
            review.resubmit(services(), actor(), [application_id])
        case _:
            raise Invalid("没有这种审核操作。")
    return redirect(url_for("console.applications.show", application_id=application_id))
