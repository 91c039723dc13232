"""The own second factor: given at the sign-in, enrolled, renewed."""

import segno
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ca_service.domain.errors import Invalid, Unauthenticated
from ca_service.passwords import verify_password
from ca_service.web.console.context import begin_session, field, origin, services, signed_in_session, staff
from ca_service.workflows import second_factor
from ca_service.workflows.own_account import confirm_password
from ca_service.workflows.sign_in import by_code

pages = Blueprint("second_factor", __name__, url_prefix="/second-factor")


@pages.route("", methods=["GET", "POST"])
def verify() -> ResponseReturnValue:
    """A code of the authenticator or a recovery code completes the sign-in."""
    if request.method == "GET":
        return _ask_for_code()
    try:
        opened = by_code(services(), staff(), signed_in_session(), field("code")[:40], origin())
    except Unauthenticated as error:
        return _ask_for_code(wrong=error.detail), 401
    begin_session(opened)
    return redirect(url_for("console.portal.overview"))


def _ask_for_code(**told: str) -> str:
    return render_template("console/second_factor.html", factors=second_factor.factors(services(), staff()), **told)


@pages.route("/totp", methods=["GET", "POST"])
def totp() -> ResponseReturnValue:
    """Enrol an authenticator: its secret as QR code and text until the first right code, then never again."""
    if request.method == "GET":
        return _show_secret()
    try:
        if staff().second_factor:
            # Who only found an open browser must not put an own telephone in the owner's place.
            typed = request.form.get("password", "")
            confirm_password(services(), staff(), typed, origin=origin(), verifier=verify_password)
        enrolled = second_factor.confirm_totp(services(), staff(), signed_in_session(), field("code")[:40], origin())
    except Invalid as error:
        return _show_secret(wrong=error.detail), 422
    begin_session(enrolled.opened)
    return render_template("console/enrolled.html", codes=enrolled.recovery_codes)


def _show_secret(**told: str) -> str:
    key = second_factor.pending_totp(services(), staff())
    # A drawing inside the page: nothing to fetch, nothing for a cache to keep.
    drawing = segno.make(key.secret.uri(staff().login), error="m").svg_inline(scale=5, border=4, svgclass=None)
    text = key.secret.base32
    groups = " ".join(text[i : i + 4] for i in range(0, len(text), 4))
    # segno draws from the code's modules alone: no text of anybody is in the mark-up.
    return render_template("console/totp.html", drawing=Markup(drawing), secret=groups, **told)  # noqa: S704


@pages.post("/recovery-codes")
def recovery_codes() -> ResponseReturnValue:
    """Ten fresh recovery codes, shown once."""
    typed = request.form.get("password", "")
    confirm_password(services(), staff(), typed, origin=origin(), verifier=verify_password)
    return render_template("console/enrolled.html", codes=second_factor.new_recovery_codes(services(), staff()))
