"""The outbox: what went out to people, what did not, and sending it again."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.errors import Invalid
from ca_service.domain.messages import MessageStatus
from ca_service.web.console.context import actor, services, window
from ca_service.workflows import messages as workflow

pages = Blueprint("messages", __name__, url_prefix="/messages")


@pages.get("")
def index() -> str:
    """The messages about the subtree, addresses masked, texts left out."""
    wanted = request.args.get("status", "")
    if wanted and wanted not in {status.value for status in MessageStatus}:
        raise Invalid("没有这种消息状态。")
    found = workflow.list_messages(services(), actor(), window(), status=MessageStatus(wanted) if wanted else None)
    return render_template("console/messages.html", found=found, statuses=MessageStatus, wanted=wanted)


@pages.post("/<message_id>/resend")
def resend(message_id: str) -> ResponseReturnValue:
    """Send a failed or uncertain one again."""
    workflow.resend(services(), actor(), [message_id])
    return redirect(url_for("console.messages.index"))
