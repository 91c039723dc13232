"""Download codes: issued for a person whose token was handed over, and what became of each."""

from flask import Blueprint, render_template

from ca_service.domain.enrolments import EnrolmentStatus
from ca_service.web.console.context import actor, field, services, window
from ca_service.workflows.enrol_codes import IssuedCode, issue_code, list_enrolments

pages = Blueprint("enrolments", __name__, url_prefix="/enrolments")

_WORDS = {
    EnrolmentStatus.OPEN: "待下载",
    EnrolmentStatus.ISSUED: "已签发，待确认",
    EnrolmentStatus.CONFIRMED: "已下载",
    EnrolmentStatus.BLOCKED: "输错锁定",
    EnrolmentStatus.VOIDED: "已作废",
}


@pages.get("")
def index() -> str:
    """The downloads of the subtree, newest first, with the form for a new code."""
    return _page(None)


@pages.post("")
def issue() -> str:
    """Issue codes. The authorisation code goes to the person's telephone and is never shown here.

    The reference number is on this answer only, which is no redirect: an address or a cookie would keep it.
    """
    return _page(issue_code(services(), actor(), field("holder")))


def _page(issued: IssuedCode | None) -> str:
    found = list_enrolments(services(), actor(), window())
    return render_template("console/enrolments.html", found=found, issued=issued, words=_WORDS)
