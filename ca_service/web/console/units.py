"""Units: the tree, one unit, new ones by form or file."""

from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.areas import area_name
from ca_service.domain.errors import Forbidden, Invalid
from ca_service.domain.school_types import SchoolTypeError, parse_school_type
from ca_service.domain.units import Unit, UnitError, UnitKind, parse_unit_kind
from ca_service.web.console import import_modes, unit_texts
from ca_service.web.console.context import actor, field, may, services, window
from ca_service.workflows import unit_tree
from ca_service.workflows.units import Correction, correct_unit, create_unit, import_units

pages = Blueprint("units", __name__, url_prefix="/units")


@pages.get("")
def index() -> str:
    """One level of the tree, or what a search found."""
    text, ended = request.args.get("q", "").strip(), bool(request.args.get("ended"))
    if text:
        found = unit_tree.search(services(), actor(), text, window(), ended=ended)
    else:
        at = request.args.get("at", "") or actor().unit_code
        found = unit_tree.level(services(), actor(), at, window(), ended=ended)
    return render_template("console/units.html", found=found, text=text, ended=ended, texts=unit_texts)


@pages.get("/<code>")
def show(code: str) -> str:
    """One unit with its place in the tree, its history and what is of it."""
    view = unit_tree.view_unit(services(), actor(), code)
    return render_template("console/unit.html", view=view, texts=unit_texts, now=services().clock())


@pages.post("/<code>/correct")
def correct(code: str) -> ResponseReturnValue:
    """Put 办学类型 or 统一社会信用代码 right."""
    correction = Correction(_school_type(), field("credit_code").upper())
    correct_unit(services(), actor(), code, correction, ground=field("ground"))
    return redirect(url_for("console.units.show", code=code))


@pages.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """The form, and what it says as a unit: registered with the ground that was given."""
    _refuse_others()
    if request.method == "GET":
        return render_template("console/unit_new.html", kinds=_kinds(), parent=request.args.get("parent", ""))
    made = create_unit(services(), actor(), _entered(), ground=field("ground"))
    return redirect(url_for("console.units.show", code=made.code))


@pages.route("/import", methods=["GET", "POST"])
def import_() -> ResponseReturnValue:
    """Units from a file; the report names every bad row, and a file with any is stored only if that was chosen."""
    _refuse_others()
    if request.method == "GET":
        return render_template("console/units_import.html", outcome=None)
    take = partial(import_units, services(), actor())
    return render_template("console/units_import.html", outcome=import_modes.run(take, lambda report: report.errors))


def _refuse_others() -> None:
    if not may("units.import"):
        raise Forbidden("只有系统管理员可以登记单位。")


def _kinds() -> list[UnitKind]:
    return [kind for kind in UnitKind if kind is not UnitKind.CENTRE]


def _entered() -> Unit:
    try:
        kind = parse_unit_kind(field("kind"))
    except UnitError as error:
        raise Invalid(f"{error.reason}。请选择单位类别。") from error
    code = field("code")
    area = field("area_code") or (code if area_name(code) else "")
    return Unit(
        code, field("name"), kind, field("parent") or None, area, _school_type() or None,
        field("credit_code").upper() or None,
    )  # fmt: skip


def _school_type() -> str:
    try:
        return parse_school_type(field("school_type")).code if field("school_type") else ""
    except SchoolTypeError as error:
        raise Invalid(f"{error.reason}。{error.mend}。") from error
