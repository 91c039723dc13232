"""Staff accounts, for the security administrator."""

import base64

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.errors import Invalid
from ca_service.domain.roles import ADMINISTRATORS, STAFF_ROLES, Role
from ca_service.passwords import hash_password
from ca_service.web.console.context import actor, field, services, window
from ca_service.web.console.proposals import page
from ca_service.workflows import staff as workflow
from ca_service.workflows import staff_proposals as propose

pages = Blueprint("staff", __name__, url_prefix="/staff")


@pages.get("")
def index() -> str:
    """The accounts of the subtree, a page of them, or those whose login or name holds the text looked for."""
    named = request.args.get("named", "")[:60]
    found = workflow.list_staff(services(), actor(), window(), named=named)
    names = workflow.unit_names(services(), [account.unit_code for account in found.rows])
    return render_template("console/staff.html", found=found, names=names, named=named, roles=STAFF_ROLES)


@pages.post("")
def add() -> ResponseReturnValue:
    """Propose an account; its first password is shown on the answer only."""
    new = propose.NewStaff(field("login"), field("name"), field("unit"), _roles(), field("id_number"))
    first = _first_password()
    made = propose.propose_account(
        services(), actor(), new, first_password=first, hasher=hash_password, ground=field("ground")
    )
    return page(made.id, password=first)


@pages.get("/<login>")
def show(login: str) -> str:
    """One account, and what may be done with it."""
    account = workflow.show_staff(services(), actor(), login)
    unit = workflow.unit_names(services(), [account.unit_code])[account.unit_code]
    business = [role for role in STAFF_ROLES if role not in ADMINISTRATORS]
    return render_template("console/staff_member.html", account=account, unit=unit, roles=business)


@pages.post("/<login>/post")
def change(login: str) -> ResponseReturnValue:
    """Other roles or another unit: done at once where that only takes roles away."""
    post = propose.Post(field("unit"), _roles())
    made = propose.change_post(services(), actor(), login, post, ground=field("ground"))
    if made is None:
        return redirect(url_for("console.staff.show", login=login))
    return redirect(url_for("console.proposals.show", proposal_id=made.id))


@pages.post("/<login>/disable")
def disable(login: str) -> ResponseReturnValue:
    """Close an account."""
    workflow.disable_staff(services(), actor(), login)
    return redirect(url_for("console.staff.show", login=login))


@pages.post("/<login>/enable")
def enable(login: str) -> ResponseReturnValue:
    """Propose to open it again."""
    made = propose.propose_enabling(services(), actor(), login, ground=field("ground"))
    return redirect(url_for("console.proposals.show", proposal_id=made.id))


@pages.post("/<login>/reset")
def reset(login: str) -> ResponseReturnValue:
    """Propose a new first password, with `second_factor` for an account whose second factor is lost."""
    order = propose.Reset(_first_password(), second_factor=bool(field("second_factor")))
    made = propose.propose_reset(services(), actor(), login, order, hasher=hash_password, ground=field("ground"))
    return page(made.id, password=order.first_password)


def _roles() -> frozenset[Role]:
    names = request.form.getlist("role")
    if not set(names) <= set(STAFF_ROLES):
        raise Invalid("没有这种角色。")
    return frozenset(Role(name) for name in names)


def _first_password() -> str:
    return base64.urlsafe_b64encode(services().random_bytes(12)).decode()
