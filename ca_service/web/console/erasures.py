"""Erasing records past their time: whose are due, the preview, the proposal, the second person's decision, holds."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.errors import Forbidden, Invalid
from ca_service.printing.erasures import print_erasure
from ca_service.web.console.context import actor, field, may, services, window
from ca_service.workflows import erasures, records_holds
from ca_service.workflows.erasure_proof import proof
from ca_service.workflows.holders import retention

pages = Blueprint("erasures", __name__, url_prefix="/erasures")
_MOST_SHOWN = 200


@pages.get("")
def index() -> str:
    """All cases, newest first, and the holds that stand."""
    found = erasures.list_erasures(services(), actor(), window())
    holds = records_holds.standing_holds(services(), actor())
    return render_template("console/erasures.html", found=found, holds=holds)


@pages.get("/due")
def due() -> str:
    """Whose records are past their time, to be chosen from."""
    if not may("erasure.propose"):
        raise Forbidden("只有自治区教育信息中心的审核员可以提出清除档案。")
    kept = retention(services(), actor(), due=True)
    return render_template("console/erasures_due.html", kept=kept[:_MOST_SHOWN], total=len(kept))


@pages.get("/new")
def preview() -> str:
    """What erasing the chosen persons would mean."""
    plan = erasures.preview(services(), actor(), request.args.getlist("holder"))
    return render_template("console/erasure_new.html", plan=plan)


@pages.post("/new")
def propose() -> ResponseReturnValue:
    """Put it before the security administrator."""
    chosen = request.form.getlist("holder")
    made = erasures.propose(services(), actor(), chosen, ground=field("ground"), seen=field("seen") or "-")
    return redirect(url_for("console.erasures.show", case_id=made.id))


@pages.get("/<case_id>")
def show(case_id: str) -> str:
    """One case with everything that goes, or went."""
    return render_template("console/erasure.html", view=erasures.view(services(), actor(), case_id))


@pages.post("/<case_id>")
def decide(case_id: str) -> ResponseReturnValue:
    """Confirm, refuse or withdraw."""
    match field("act"):
        case "confirm":
            erasures.confirm(services(), actor(), case_id, seen=field("seen"))
        case "refuse":
            erasures.refuse(services(), actor(), case_id, reason=field("reason"))
        case "withdraw":
            erasures.withdraw(services(), actor(), case_id)
        case _:
            raise Invalid("没有这种操作。")
    return redirect(url_for("console.erasures.show", case_id=case_id))


@pages.get("/<case_id>/certificate.pdf")
def certificate(case_id: str) -> Response:
    """The proof of erasure as PDF, shown in the browser; it names no person."""
    pdf = print_erasure(proof(services(), actor(), case_id))
    return Response(pdf, mimetype="application/pdf", headers={"Content-Disposition": "inline"})


@pages.post("/holds")
def hold() -> ResponseReturnValue:
    """Keep somebody's records for now."""
    records_holds.hold_records(services(), actor(), field("holder"), reason=field("reason"))
    return redirect(url_for("console.erasures.index"))


@pages.post("/holds/<hold_id>")
def lift(hold_id: str) -> ResponseReturnValue:
    """Let them go their way again."""
    records_holds.lift_hold(services(), actor(), hold_id, reason=field("reason"))
    return redirect(url_for("console.erasures.index"))
