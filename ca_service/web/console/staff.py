"""Staff accounts, for the security administrator."""

import base64

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.errors import Invalid
from ca_service.domain.roles import NOT_PEOPLE, Role
from ca_service.passwords import hash_password
from ca_service.web.console.context import actor, field, services
from ca_service.workflows.staff import NewStaff, add_staff, disable_staff, list_staff

pages = Blueprint("staff", __name__, url_prefix="/staff")
_ROLES = [role for role in Role if role not in NOT_PEOPLE]


@pages.get("")
def index() -> str:
    """All accounts of the subtree."""
    return _page()


@pages.post("")
def add() -> ResponseReturnValue:
    """Add an account; its first password is shown on this page only."""
    names = request.form.getlist("role")
    if not set(names) <= set(_ROLES):
        raise Invalid("没有这种角色。")
    new = NewStaff(field("login"), field("name"), field("unit"), frozenset(Role(name) for name in names))
    if not new.name or len(new.name) > 60:
        raise Invalid("请填写姓名（最多 60 个字）。")
    first = base64.urlsafe_b64encode(services().random_bytes(12)).decode()
    add_staff(services(), actor(), new, first_password=first, hasher=hash_password)
    return _page(added=new.login, password=first)


@pages.post("/<login>/disable")
def disable(login: str) -> ResponseReturnValue:
    """Close an account."""
    disable_staff(services(), actor(), login)
    return redirect(url_for("console.staff.index"))


def _page(**told: str) -> str:
    return render_template("console/staff.html", found=list_staff(services(), actor()), roles=_ROLES, **told)
