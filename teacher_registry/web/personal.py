"""The pages of those who sign in by password: sign-in, the own password, the own data.

Their session is a cookie that scripts cannot read and other sites cannot send (SameSite=Strict, __Host-); its
forms carry a token bound to it as well.
"""

import re
from hashlib import sha256

from flask import Blueprint, Response, make_response, redirect, render_template, request

from teacher_registry.accounts.errors import FieldError, SignInRefusedError
from teacher_registry.accounts.models import Account
from teacher_registry.accounts.people import Credentials
from teacher_registry.accounts.sheets import KIND_NAMES
from teacher_registry.web.csrf import CsrfRefusedError
from teacher_registry.web.views import Desk

_COOKIE = "__Host-person"
_MAX_TYPED = 128
_UNUSABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def build_personal_views(desk: Desk) -> Blueprint:
    """Sign in, choose a password, sign out."""
    views = Blueprint("personal", __name__, url_prefix="/personal")
    people, clock = desk.registry.people, desk.registry.clock

    @views.get("")
    def me() -> Response:
        """The form to sign in, or the own account; never an error for who is signed out."""
        account = _account(desk)
        return _sign_in_page("") if account is None else _own_page(desk, account)

    @views.post("/sign-in")
    def sign_in() -> Response:
        """Sets the session cookie; 403 without saying whether name or password was wrong."""
        _require_own_page()
        try:
            token = people.sign_in(_credentials(), clock())
        except SignInRefusedError as error:
            return _sign_in_page(error.message, 403)
        return _with_cookie(token)

    @views.post("/password")
    def password() -> Response:
        """All other sessions of the account end with it; 401 where this one already has."""
        account = _account_with_token(desk)
        if account is None:
            return _sign_in_page("登录已过期，请重新登录。", 401)
        try:
            _require_twice(desk, account)
            people.choose_password(account, _token(), request.form.get("password", ""), clock())
        except (FieldError, SignInRefusedError) as error:
            return _own_page(desk, account, error.message, 422)
        return make_response(redirect("/personal?done=password", code=303))

    @views.post("/sign-out")
    def sign_out() -> Response:
        """A request without a session only loses its cookie."""
        if _account_with_token(desk) is not None:
            people.sign_out(_token())
        response = make_response(redirect("/personal", code=303))
        response.delete_cookie(_COOKIE, secure=True, httponly=True, samesite="Strict")
        return response

    return views


def _require_own_page() -> None:
    """There is no session yet that a token could be bound to; browsers say where a request comes from."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise CsrfRefusedError("a sign-in that another site asked for")


def _credentials() -> Credentials:
    unit, name, password = (request.form.get(key, "")[:_MAX_TYPED] for key in ("unit", "name", "password"))
    if _UNUSABLE.search(unit + name):
        # No account has such a name, and PostgreSQL cannot even look for it.
        unit = name = ""
    return Credentials(unit.strip(), name.strip(), password)


def _require_twice(desk: Desk, account: Account) -> None:
    if request.form.get("password", "") != request.form.get("again", ""):
        raise FieldError("again", "两次输入的新密码不一致")
    # Who just typed the one-time password is not asked for it again.
    if not account.must_change and not desk.registry.people.knows(account, request.form.get("current", "")):
        raise FieldError("current", "当前密码不正确")


def _token() -> str:
    return request.cookies.get(_COOKIE, "")


def _account(desk: Desk) -> Account | None:
    token = _token()
    return desk.registry.people.who(token, desk.registry.clock()) if token else None


def _account_with_token(desk: Desk) -> Account | None:
    account = _account(desk)
    if account is not None:
        desk.tokens.check(request.form.get("csrf_token", ""), _bound(), desk.registry.clock())
    return account


def _bound() -> bytes:
    return sha256(b"person\0" + _token().encode()).digest()


def _sign_in_page(error: str, status: int = 200) -> Response:
    return make_response(render_template("personal_sign_in.html", error=error), status)


def _own_page(desk: Desk, account: Account, error: str = "", status: int = 200) -> Response:
    token = desk.tokens.issue(_bound(), desk.registry.clock())
    done = request.args.get("done") == "password"
    body = render_template(
        "personal.html", person=account, kinds=KIND_NAMES, csrf_token=token, error=error, done=done and not error
    )
    return make_response(body, status)


def _with_cookie(token: str) -> Response:
    response = make_response(redirect("/personal", code=303))
    response.set_cookie(_COOKIE, token, secure=True, httponly=True, samesite="Strict", path="/")
    return response
