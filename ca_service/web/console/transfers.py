"""Hand-overs (交接): open one for who leaves, choose the successor, carry it out; one page says what is next."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.changes import ChangeKind, Signature
from ca_service.domain.transfers import TransferStatus
from ca_service.web.console.changes import read_form
from ca_service.web.console.context import actor, chosen, field, services, upload, window
from ca_service.workflows import change, transfer_execution, transfers

pages = Blueprint("transfers", __name__, url_prefix="/transfers")


@pages.get("")
def index() -> str:
    """The hand-overs of the subtree."""
    wanted = chosen("status", TransferStatus, noun="交接状态")
    found = transfers.transfers(services(), actor(), window(), status=wanted)
    return render_template("console/transfers.html", found=found, wanted=wanted, statuses=TransferStatus)


@pages.get("/new/<holder_id>")
def start(holder_id: str) -> str:
    """The stop form of the person who leaves."""
    holder, unit_names = change.start(services(), actor(), holder_id)
    page: dict[str, object] = {"holder": holder, "unit_names": unit_names, "signatures": Signature}
    return render_template("console/transfer_form.html", **page)


@pages.post("")
def begin() -> ResponseReturnValue:
    """Open a hand-over, with a new stop form or with one that was entered before."""
    entered = field("change")
    if entered:
        made = transfers.begin_with(services(), actor(), entered)
    else:
        form = read_form(field("holder"), upload("scan"), kind=ChangeKind.STOP.value, transferred=True)
        made = transfers.begin(services(), actor(), form)
    return redirect(url_for("console.transfers.show", transfer_id=made.id))


@pages.get("/<transfer_id>")
def show(transfer_id: str) -> str:
    """Where it stands and what is next."""
    return render_template("console/transfer.html", view=transfers.view(services(), actor(), transfer_id))


@pages.post("/<transfer_id>/successor")
def successor(transfer_id: str) -> ResponseReturnValue:
    """Name the application of the person who comes; who was named before is let go."""
    transfers.name_successor(services(), actor(), transfer_id, field("application"))
    return redirect(url_for("console.transfers.show", transfer_id=transfer_id))


@pages.post("/<transfer_id>/execute")
def execute(transfer_id: str) -> ResponseReturnValue:
    """Stop the one and take in the other, at once or not at all."""
    transfer_execution.execute(services(), actor(), transfer_id)
    return redirect(url_for("console.transfers.show", transfer_id=transfer_id))


@pages.post("/<transfer_id>/give-up")
def give_up(transfer_id: str) -> ResponseReturnValue:
    """Give it up; the two papers go their own ways."""
    transfers.give_up(services(), actor(), transfer_id, reason=field("reason"))
    return redirect(url_for("console.transfers.show", transfer_id=transfer_id))
