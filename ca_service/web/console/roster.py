"""The roster of responsible persons: list, one unit, the department's table out and in."""

from datetime import datetime
from functools import partial
from io import BytesIO

from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from ca_service.clock import SHANGHAI
from ca_service.domain.errors import Forbidden, Invalid
from ca_service.domain.responsible import PARSERS, Duty
from ca_service.web.console import import_modes
from ca_service.web.console.context import actor, field, may, services, window
from ca_service.workflows import roster
from ca_service.workflows.roster_sheet import export_roster, import_roster

pages = Blueprint("roster", __name__, url_prefix="/roster")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pages.get("")
def index() -> str:
    """The current lines of the subtree, masked."""
    return render_template("console/roster.html", found=roster.roster_page(services(), actor(), window()))


@pages.get("/<code>")
def show(code: str) -> str:
    """One unit's lines and what they were, masked."""
    return _page(roster.unit_roster(services(), actor(), code))


@pages.post("/<code>/reveal")
def reveal(code: str) -> str:
    """The same with everything in it, and forms to change it; the look is recorded."""
    return _page(roster.reveal(services(), actor(), code))


@pages.post("/<code>")
def enter(code: str) -> ResponseReturnValue:
    """Add a line or change one."""
    if field("duty") not in set(Duty):
        raise Invalid("请选择人员类别。")
    entry = roster.read_entry(Duty(field("duty")), {name: field(name) for name in PARSERS})
    roster.enter(services(), actor(), code, entry, instead_of=field("instead_of"))
    return redirect(url_for("console.roster.show", code=code))


@pages.post("/<code>/remove")
def remove(code: str) -> ResponseReturnValue:
    """End a line, which stays in the history."""
    roster.remove(services(), actor(), code, field("person"))
    return redirect(url_for("console.roster.show", code=code))


@pages.post("/export")
def export() -> Response:
    """The department's table of the subtree."""
    content = export_roster(services(), actor(), reason=field("reason"), with_empty=bool(field("with_empty")))
    today: datetime = services().clock().astimezone(SHANGHAI)
    name = f"responsible-{actor().unit_code}-{today:%Y%m%d}.xlsx"
    return send_file(BytesIO(content), mimetype=_XLSX, as_attachment=True, download_name=name)


@pages.route("/import", methods=["GET", "POST"])
def import_() -> ResponseReturnValue:
    """The same table filled in; the report names every bad cell."""
    if not may("roster.edit"):
        raise Forbidden("只有录入员可以填报负责人员。")
    if request.method == "GET":
        return render_template("console/roster_import.html", outcome=None)
    take = partial(import_roster, services(), actor())
    return render_template("console/roster_import.html", outcome=import_modes.run(take, lambda report: report.bad))


def _page(found: roster.UnitRoster) -> str:
    return render_template("console/roster_unit.html", found=found, duties=Duty)
