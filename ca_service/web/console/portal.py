"""The public page, sign-in and sign-out, the own password, the overview."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.errors import Invalid, Unauthenticated
from ca_service.passwords import hash_password, verify_password
from ca_service.web.console.context import actor, console, field, services, staff
from ca_service.web.console.error_page import page
from ca_service.workflows.overview import overview as count
from ca_service.workflows.staff import change_password, sign_in

pages = Blueprint("portal", __name__)


@pages.get("/")
def home() -> str:
    """What this is, for everybody."""
    return render_template("console/portal.html")


@pages.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Sign in under a new session id."""
    if request.method == "GET":
        return render_template("console/login.html")
    name = field("login")[:60]
    if not console().throttle.admit(name):
        answer = page(429, "该登录名一分钟内尝试次数过多，请一分钟后再试。")
        answer.headers["Retry-After"] = "60"
        return answer
    try:
        found = sign_in(services(), name, request.form.get("password", ""), verifier=verify_password)
    except Unauthenticated as error:
        return render_template("console/login.html", wrong=error.detail, login=name), 401
    console().throttle.clear(name)
    _renew(found.login)
    return redirect(url_for("console.portal.overview"))


def _renew(login: str) -> None:
    console().sessions.end(session.get("id", ""))
    session.clear()
    session["id"] = console().sessions.start(login)


@pages.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session."""
    console().sessions.end(session.get("id", ""))
    session.clear()
    return redirect(url_for("console.portal.home"))


@pages.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Change the own password; every other session of the account ends."""
    if request.method == "GET":
        return render_template("console/password.html")
    try:
        _change_password()
    except Invalid as error:
        return render_template("console/password.html", wrong=error.detail), 422
    console().throttle.clear(staff().login)
    console().sessions.end_all(staff().login)
    _renew(staff().login)
    return redirect(url_for("console.portal.overview"))


def _change_password() -> None:
    old, new = request.form.get("old", ""), request.form.get("new", "")
    if not console().throttle.admit(staff().login):
        raise Invalid("尝试次数过多，请一分钟后再试。")
    if not verify_password(staff().password_hash, old):
        raise Invalid("现用密码不正确。")
    if new != request.form.get("again", "") or new == old:
        raise Invalid("两次输入的新密码不一致，或与现用密码相同。")
    change_password(services(), staff(), new, hasher=hash_password)


@pages.get("/overview")
def overview() -> str:
    """Numbers per status of the own subtree."""
    counted = count(services(), actor())
    numbers = {
        "申请": counted.applications,
        "持证人": counted.holders,
        "介质": counted.media,
        "证书": counted.certificates,
    }
    return render_template("console/overview.html", numbers=numbers)
