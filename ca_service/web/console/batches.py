"""Batches: the list, one with its report, its sheet with the marks, undo."""

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.applications import Source
from ca_service.web.console.context import actor, field, refuse_stale, services, window
from ca_service.web.console.imports import xlsx
from ca_service.workflows import batches

pages = Blueprint("batches", __name__, url_prefix="/batches")


@pages.get("")
def index() -> str:
    """The batches of the subtree, a page of them."""
    return render_template("console/batches.html", found=batches.list_batches(services(), actor(), window()))


@pages.get("/<batch_id>")
def show(batch_id: str) -> str:
    """One batch, how far its applications are, and what was found in its cells."""
    view = batches.view_batch(services(), actor(), batch_id)
    page = window()
    bad = view.findings.bad[page.offset : page.offset + (page.limit or 0)] if view.findings else []
    marked = view.batch.source is Source.SHEET
    return render_template("console/batch.html", view=view, found=view.findings, bad=bad, marked=marked)


@pages.get("/<batch_id>/marked.xlsx")
def marked(batch_id: str) -> Response:
    """The batch's sheet with its errors marked as the rules and the register are now."""
    return xlsx(batches.marked_batch(services(), actor(), batch_id), f"标注错误-{batch_id}")


@pages.post("/<batch_id>/undo")
def undo(batch_id: str) -> ResponseReturnValue:
    """Withdraw the whole batch, if the page was not stale."""
    refuse_stale(batches.view_batch(services(), actor(), batch_id).batch.status.value)
    batches.undo_batch(services(), actor(), batch_id, reason=field("reason"))
    return redirect(url_for("console.batches.show", batch_id=batch_id))
