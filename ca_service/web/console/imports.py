"""Import of a sheet in two steps: upload and dry run, then the choice what to take; the sheet given back with marks."""

from collections.abc import Mapping
from io import BytesIO

from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.errors import Invalid
from ca_service.intake.template import write_template
from ca_service.web.console.context import actor, field, services, upload, window
from ca_service.workflows import drafts
from ca_service.workflows.register import Upload

pages = Blueprint("imports", __name__, url_prefix="/applications/import")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST_PICKS = 200


def xlsx(content: bytes, name: str) -> Response:
    """A spreadsheet to be saved under this name."""
    return send_file(BytesIO(content), mimetype=_XLSX, as_attachment=True, download_name=f"{name}.xlsx")


@pages.get("")
def form() -> str:
    """Where sheet and scan are uploaded, and the uploads that still wait for a choice."""
    waiting = drafts.own_drafts(services(), actor())
    return render_template("console/import.html", unit=actor().unit_code, waiting=waiting)


@pages.post("")
def examine() -> ResponseReturnValue:
    """Read and check an upload without registering anything."""
    view = drafts.examine(services(), actor(), Upload(field("unit"), *upload("sheet"), *upload("scan")))
    return redirect(url_for("console.imports.draft", draft_id=view.draft.id))


@pages.get("/template.xlsx")
def template() -> Response:
    """xlsx with the header row and nobody in it."""
    return xlsx(write_template(), "用户CA信息电子表格模板")


@pages.get("/<draft_id>")
def draft(draft_id: str) -> str:
    """What the dry run found, and what can be done now."""
    view = drafts.view_draft(services(), actor(), draft_id)
    page = window()
    bad = view.findings.bad[page.offset : page.offset + (page.limit or 0)]
    picks = [error for error in view.findings.bad if error.choices][:_MOST_PICKS]
    return render_template("console/draft.html", view=view, found=view.findings, bad=bad, picks=picks)


@pages.post("/<draft_id>")
def decide(draft_id: str) -> ResponseReturnValue:
    """Check again with the units that were picked, take the good rows or the whole sheet, or drop the upload."""
    act, chosen = field("act"), _chosen()
    if act == "drop":
        drafts.drop(services(), actor(), draft_id)
        return redirect(url_for("console.imports.form"))
    if act == "check":
        drafts.choose(services(), actor(), draft_id, chosen)
        return redirect(url_for("console.imports.draft", draft_id=draft_id))
    if act not in ("good", "all"):
        raise Invalid("请选择录入方式。")
    report = drafts.take(services(), actor(), draft_id, all_or_nothing=act == "all", chosen=chosen)
    return redirect(url_for("console.batches.show", batch_id=report.batch_id))


def _chosen() -> Mapping[int, str]:
    """The units picked on the page by row; an empty one takes a pick back."""
    chosen = {}
    for name, code in request.form.items():
        row = name.removeprefix("unit_")
        if name.startswith("unit_") and row.isdecimal() and len(row) < 8:
            chosen[int(row)] = code.strip()[:20]
    return chosen


@pages.get("/<draft_id>/marked.xlsx")
def marked(draft_id: str) -> Response:
    """The uploaded sheet with its errors marked."""
    return xlsx(drafts.marked_draft(services(), actor(), draft_id), f"标注错误-{draft_id}")
