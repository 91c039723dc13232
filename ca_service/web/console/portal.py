"""The public page, sign-in and sign-out, the own password, the overview."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.errors import Invalid, Unauthenticated
from ca_service.domain.media import MediumStatus
from ca_service.passwords import hash_password, verify_password
from ca_service.web.console.context import (
    actor,
    begin_session,
    client_certificate,
    field,
    may,
    origin,
    services,
    signed_in_session,
    staff,
)
from ca_service.workflows.confirm_proposal import waiting_for
from ca_service.workflows.overview import overview as count
from ca_service.workflows.own_account import NewPassword, change_password
from ca_service.workflows.sessions import end_session
from ca_service.workflows.sign_in import by_password
from ca_service.workflows.staff_certificates import by_certificate

pages = Blueprint("portal", __name__)


@pages.get("/")
def home() -> str:
    """What this is, for everybody."""
    return render_template("console/portal.html")


@pages.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Sign in under a new session identifier; a second factor follows if one is enrolled."""
    if request.method == "GET":
        return render_template("console/login.html")
    name = field("login")[:60]
    try:
        opened = by_password(services(), name, request.form.get("password", ""), origin(), verifier=verify_password)
    except Unauthenticated as error:
        return render_template("console/login.html", wrong=error.detail, login=name), 401
    begin_session(opened)
    return redirect(url_for("console.portal.overview"))


@pages.post("/login/certificate")
def login_by_certificate() -> ResponseReturnValue:
    """Sign in by the staff certificate that the TLS server, or the proxy before us, has verified."""
    try:
        opened = by_certificate(services(), client_certificate(), origin())
    except Unauthenticated as error:
        return render_template("console/login.html", wrong=error.detail), 401
    begin_session(opened)
    return redirect(url_for("console.portal.overview"))


@pages.post("/logout")
def logout() -> ResponseReturnValue:
    """The session is deleted in the store, not only the cookie in the browser."""
    end_session(services(), signed_in_session())
    session.clear()
    return redirect(url_for("console.portal.home"))


@pages.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Change the own password; every other session of the account ends."""
    if request.method == "GET":
        return render_template("console/password.html")
    typed = NewPassword(*(request.form.get(name, "") for name in ("old", "new", "again")))
    try:
        opened = change_password(
            services(), staff(), signed_in_session(), typed, origin=origin(), verifier=verify_password,
            hasher=hash_password,
        )  # fmt: skip
    except Invalid as error:
        return render_template("console/password.html", wrong=error.detail), 422
    begin_session(opened)
    return redirect(url_for("console.portal.overview"))


@pages.get("/overview")
def overview() -> str:
    """Numbers per status of the own subtree."""
    counted = count(services(), actor())
    numbers = {
        "申请": counted.applications,
        "持证人": counted.holders,
        "介质": {MediumStatus(status): number for status, number in counted.media.items()},
        "证书": counted.certificates,
    }
    waiting = len(waiting_for(services(), actor())) if may("proposal.read") else 0
    return render_template("console/overview.html", numbers=numbers, waiting=waiting)
