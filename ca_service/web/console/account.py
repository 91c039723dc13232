"""The own account: who one is here, second factor, sessions; the name and ID number of a first account."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.errors import Conflict, Invalid
from ca_service.web.console.context import field, services, signed_in_session, staff
from ca_service.workflows import own_account, sessions
from ca_service.workflows.second_factor import factors
from ca_service.workflows.staff import unit_names

pages = Blueprint("account", __name__, url_prefix="/account")


@pages.get("")
def index() -> str:
    """Name, unit, roles, second factor, and where this account is signed in."""
    return render_template(
        "console/account.html",
        unit=unit_names(services(), [staff().unit_code])[staff().unit_code],
        factors=factors(services(), staff()),
        sessions=sessions.own_sessions(services(), staff()),
        here=signed_in_session().id_hash,
    )


@pages.post("/sessions")
def end_others() -> ResponseReturnValue:
    """Sign out everywhere else."""
    sessions.end_other_sessions(services(), staff(), signed_in_session())
    return redirect(url_for("console.account.index"))


@pages.route("/identity", methods=["GET", "POST"])
def identity() -> ResponseReturnValue:
    """Who the person behind a first account is: asked once, since the three administrators are three people."""
    if request.method == "GET":
        return render_template("console/identity.html")
    try:
        own_account.identify(services(), staff(), name=field("name"), id_number=field("id_number"))
    except (Invalid, Conflict) as error:
        return render_template("console/identity.html", wrong=error.detail, name=field("name")), 422
    return redirect(url_for("console.portal.overview"))
