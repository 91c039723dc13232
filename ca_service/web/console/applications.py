"""Applications: the queue, one application with its scan, review."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.applications import ApplicationEvent, ApplicationStatus
from ca_service.domain.errors import Invalid
from ca_service.domain.person_text import mask_id, mask_name, mask_phone
from ca_service.printing.filled import print_application
from ca_service.web.console.context import actor, chosen, field, services, window
from ca_service.web.console.downloads import attachment
from ca_service.web.console.scans import scan_page, scan_picture
from ca_service.workflows import review
from ca_service.workflows.applications import scan_of, view_application
from ca_service.workflows.paper_forms import application_form_of
from ca_service.workflows.review_queue import doubles

pages = Blueprint("applications", __name__, url_prefix="/applications")
_E = ApplicationEvent
_VERDICTS = {event.value: event for event in (_E.FORWARD, _E.RETURN, _E.APPROVE)}


@pages.get("")
def index() -> str:
    """The applications of the subtree, masked."""
    wanted = chosen("status", ApplicationStatus, noun="申请状态")
    batch = request.args.get("batch", "")[:40] or None
    found = review.queue(services(), actor(), window(), status=wanted, batch_id=batch)
    shared = doubles(services(), found.rows)
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
    """The original file of the stamped form; each look is recorded."""
    return scan_page(scan_of(services(), actor(), application_id))


@pages.get("/<application_id>/scan.png")
def scan_beside(application_id: str) -> Response:
    """The stamped form as a picture, to stand beside the data."""
    return scan_picture(scan_of(services(), actor(), application_id))


@pages.get("/<application_id>/form.pdf")
def form(application_id: str) -> Response:
    """The form to be stamped; it shows personal data, so printing it is recorded."""
    printable = application_form_of(services(), actor(), application_id)
    return attachment(print_application(printable), f"{printable.application.id}.pdf")


@pages.post("/<application_id>/review")
def decide(application_id: str) -> ResponseReturnValue:
    """Forward, return, approve or submit again, if what lies there is still what was shown."""
    act = field("act")
    if act == "resubmit":
        review.resubmit(services(), actor(), [application_id])
    elif act in _VERDICTS:
        verdict = review.Verdict(application_id, _VERDICTS[act], field("reason"), field("seen"))
        review.decide(services(), actor(), [verdict])
    else:
        raise Invalid("没有这种审核操作。")
    return redirect(url_for("console.applications.show", application_id=application_id))
