"""The own second factor: given at the sign-in, enrolled, renewed."""

import segno
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ca_service.domain.errors import Conflict, Invalid, Unauthenticated
from ca_service.passwords import verify_password
from ca_service.web.console.context import begin_session, console, field, origin, services, signed_in_session, staff
from ca_service.workflows import passkeys, second_factor
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


@pages.post("/passkey/verify")
def verify_passkey() -> ResponseReturnValue:
    """A passkey completes the sign-in."""
    answer = request.form.get("answer", "")
    try:
        opened = passkeys.by_passkey(services(), _party(), staff(), signed_in_session(), answer=answer, origin=origin())
    except Unauthenticated as error:
        return _ask_for_code(wrong=error.detail), 401
    begin_session(opened)
    return redirect(url_for("console.portal.overview"))


def _ask_for_code(**told: str) -> str:
    options = passkeys.authentication_options(services(), _party(), staff(), signed_in_session())
    factors = second_factor.factors(services(), staff())
    return render_template("console/second_factor.html", factors=factors, options=options, **told)


def _party() -> passkeys.RelyingParty:
    return passkeys.RelyingParty(console().own_url)


@pages.route("/totp", methods=["GET", "POST"])
def totp() -> ResponseReturnValue:
    """Enrol an authenticator: its secret as QR code and text until the first right code, then never again."""
    if request.method == "GET":
        return _show_secret()
    try:
        _confirm_if_enrolled()
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
    shown = Markup(drawing)  # noqa: S704
    possible = bool(_party().id)
    return render_template("console/totp.html", drawing=shown, secret=groups, passkeys_possible=possible, **told)


@pages.route("/passkey", methods=["GET", "POST"])
def passkey() -> ResponseReturnValue:
    """Enrol a passkey, where the console has a name."""
    if not _party().id:
        raise Conflict("通行密钥需要用域名访问控制台，当前的访问地址是 IP 地址。请使用动态验证码。")
    if request.method == "GET":
        return _offer_passkey()
    try:
        _confirm_if_enrolled()
        enrolled = passkeys.register(
            services(), _party(), staff(), signed_in_session(), answer=request.form.get("answer", ""),
            name=field("name"), origin=origin(),
        )  # fmt: skip
    except Invalid as error:
        return _offer_passkey(wrong=error.detail), 422
    begin_session(enrolled.opened)
    return render_template("console/enrolled.html", codes=enrolled.recovery_codes)


def _offer_passkey(**told: str) -> str:
    options = passkeys.registration_options(services(), _party(), staff(), signed_in_session())
    return render_template("console/passkey.html", options=options, **told)


@pages.post("/passkey/<passkey_id>/remove")
def remove_passkey(passkey_id: str) -> ResponseReturnValue:
    """Take a passkey out of use."""
    second_factor.remove_passkey(services(), staff(), passkey_id)
    return redirect(url_for("console.account.index"))


def _confirm_if_enrolled() -> None:
    """Who only found an open browser must not put an own telephone or key in the owner's place."""
    if staff().second_factor:
        typed = request.form.get("password", "")
        confirm_password(services(), staff(), typed, origin=origin(), verifier=verify_password)


@pages.post("/recovery-codes")
def recovery_codes() -> ResponseReturnValue:
    """Ten fresh recovery codes, shown once."""
    typed = request.form.get("password", "")
    confirm_password(services(), staff(), typed, origin=origin(), verifier=verify_password)
    return render_template("console/enrolled.html", codes=second_factor.new_recovery_codes(services(), staff()))
