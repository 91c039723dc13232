"""Parcels: sent, received with or without differences, settled."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.errors import Invalid
from ca_service.domain.media import Arrival
from ca_service.intake.media_file import scanned
from ca_service.web.console.context import actor, field, refuse_stale, services, window
from ca_service.workflows import parcels as workflow

pages = Blueprint("parcels", __name__, url_prefix="/parcels")


@pages.get("")
def index() -> str:
    """The parcels from and to the subtree, newest first, with the form for a new one."""
    found = workflow.list_parcels(services(), actor(), window())
    return render_template("console/parcels.html", found=found, now=services().clock())


@pages.post("")
def dispatch() -> ResponseReturnValue:
    """Send tokens of the own stock."""
    serials = [one.serial for one in scanned(request.form.get("serials", ""))]
    shipment = workflow.Shipment(serials, field("to"), field("courier"), field("seal"))
    parcel = workflow.dispatch(services(), actor(), shipment)
    return redirect(url_for("console.parcels.show", parcel_id=parcel.id))


@pages.get("/<parcel_id>")
def show(parcel_id: str) -> str:
    """With its items, and what may be done with it now."""
    view = workflow.show_parcel(services(), actor(), parcel_id)
    return render_template("console/parcel.html", p=view.parcel, items=view.items, now=services().clock())


@pages.post("/<parcel_id>/receive")
def receive(parcel_id: str) -> ResponseReturnValue:
    """Take a parcel in; what differs from its list is named."""
    refuse_stale(workflow.show_parcel(services(), actor(), parcel_id).parcel.status.value)
    receipt = workflow.Receipt(
        missing=request.form.getlist("missing"),
        damaged=request.form.getlist("damaged"),
        extra=[one.serial for one in scanned(request.form.get("extra", ""))],
        note=field("note"),
    )
    workflow.receive(services(), actor(), parcel_id, receipt)
    return redirect(url_for("console.parcels.show", parcel_id=parcel_id))


@pages.post("/<parcel_id>/settle")
def settle(parcel_id: str) -> ResponseReturnValue:
    """Say what became of a token that was missing."""
    if field("outcome") not in {arrival.value for arrival in Arrival}:
        raise Invalid("请选择处理结果。")
    workflow.settle(services(), actor(), parcel_id, field("serial"), Arrival(field("outcome")), note=field("note"))
    return redirect(url_for("console.parcels.show", parcel_id=parcel_id))
