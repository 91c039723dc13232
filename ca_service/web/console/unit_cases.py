"""Rename, merge, close, move and reopen a unit: the preview, the proposal, the second person's decision."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.errors import Forbidden, Invalid, NotFound
from ca_service.domain.unit_cases import Order, UnitAct, UnitStep
from ca_service.web.console import unit_texts
from ca_service.web.console.context import actor, field, may, services, window
from ca_service.workflows import unit_cases
from ca_service.workflows.listing import Listing
from ca_service.workflows.unit_tree import view_unit

pages = Blueprint("unit_cases", __name__, url_prefix="/units")


@pages.get("/cases")
def index() -> str:
    """The cases of the subtree, newest first."""
    found = unit_cases.list_cases(services(), actor(), window())
    return render_template("console/unit_cases.html", found=found)


@pages.get("/cases/<case_id>")
def show(case_id: str) -> str:
    """One case with everything it touches."""
    view = unit_cases.view_case(services(), actor(), case_id, window())
    return render_template("console/unit_case.html", view=view, texts=unit_texts)


@pages.post("/cases/<case_id>")
def decide(case_id: str) -> ResponseReturnValue:
    """Confirm, refuse or withdraw."""
    match field("act"):
        case "confirm":
            unit_cases.confirm(services(), actor(), case_id, seen=field("seen"))
        case "refuse":
            unit_cases.refuse(services(), actor(), case_id, reason=field("reason"))
        case "withdraw":
            unit_cases.withdraw(services(), actor(), case_id)
        case _:
            raise Invalid("没有这种操作。")
    return redirect(url_for("console.unit_cases.show", case_id=case_id))


@pages.get("/<code>/<act>")
def preview(code: str, act: str) -> str:
    """The form of an act; once it is filled in, everything the act would touch."""
    if not may("units.propose"):
        raise Forbidden("只有系统管理员可以提出单位变更。")
    order = _order(code, act, request.args.to_dict())
    view = view_unit(services(), actor(), code)
    plan, steps = None, Listing[UnitStep]([], 0)
    if "look" in request.args:
        plan = unit_cases.preview(services(), actor(), order)
        steps = unit_cases.steps_of(plan, window())
    return render_template(
        "console/unit_act.html", unit=view.line.unit, order=order, plan=plan, steps=steps, texts=unit_texts
    )


@pages.post("/<code>/<act>")
def propose(code: str, act: str) -> ResponseReturnValue:
    """Put the order before the security administrator."""
    order = _order(code, act, request.form.to_dict())
    made = unit_cases.propose(services(), actor(), order, seen=field("seen"), ground=field("ground"))
    return redirect(url_for("console.unit_cases.show", case_id=made.id))


def _order(code: str, act: str, given: dict[str, str]) -> Order:
    if act not in set(UnitAct):
        raise NotFound("没有这种单位变更。")
    return Order(
        UnitAct(act),
        code,
        name=given.get("name", "").strip(),
        target_code=given.get("target", "").strip(),
        area_code=given.get("area", "").strip(),
        stop_people=bool(given.get("stop_people")),
        return_applications=bool(given.get("return_applications")),
    )
