"""The outbox: what went out to people, what did not, and sending it again."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.messages import MessageStatus
from ca_service.web.console.context import actor, chosen, services, window
from ca_service.workflows import messages as workflow

pages = Blueprint("messages", __name__, url_prefix="/messages")


@pages.get("")
def index() -> str:
    """The messages about the subtree, addresses masked, texts left out."""
    wanted = chosen("status", MessageStatus, noun="消息状态")
    found = workflow.list_messages(services(), actor(), window(), status=wanted)
    return render_template("console/messages.html", found=found, statuses=MessageStatus, wanted=wanted)


@pages.post("/<message_id>/resend")
def resend(message_id: str) -> ResponseReturnValue:
    """Send a failed or uncertain one again."""
    workflow.resend(services(), actor(), [message_id])
    return redirect(url_for("console.messages.index"))
