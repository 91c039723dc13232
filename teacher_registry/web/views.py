"""The pages of the administrator: sign-in, the own unit, and the acts on its accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request
from werkzeug.exceptions import BadRequest, NotFound

from teacher_registry.accounts.book import AccountPage, WithPassword
from teacher_registry.accounts.delivery import masked, read_mobile
from teacher_registry.accounts.errors import AccountConflictError, FieldError
from teacher_registry.accounts.sheets import KIND_NAMES
from teacher_registry.accounts.wishes import Search, read_new_account, read_search
from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.subject import VerifiedAdministrator
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.web.guard import administrator, administrator_with_token
from teacher_registry.web.negotiate import account_document, wants_json
from teacher_registry.web.texts import ACTS, CONDITIONS, ONE_TIME_SMS
from teacher_registry.wiring import Registry


@dataclass(frozen=True)
class Desk:
    """What every view works with."""

    registry: Registry
    tokens: CsrfTokens

    def token(self, actor: VerifiedAdministrator) -> str:
        """For the forms of a page made for this administrator."""
        return self.tokens.issue(actor.fingerprint, self.registry.clock())


def build_views(desk: Desk) -> Blueprint:
    """Each request is judged inside its view, so none can be forgotten by a missing hook."""
    views = Blueprint("views", __name__)
    registry = desk.registry

    @views.get("/healthz")
    def healthz() -> Response:
        """200 as long as the process answers; nobody has to sign in for it."""
        return make_response("ok\n", {"Content-Type": "text/plain"})

    @views.get("/")
    def home() -> Response:
        """The own unit, and the one place where a sign-in is noted; without a certificate, how to get one."""
        try:
            actor = administrator(registry)
        except RefusalError as refusal:
            if refusal.kind is RefusalKind.NO_CERTIFICATE and not wants_json():
                return make_response(render_template("sign_in.html"))
            raise
        registry.journal.signed_in(actor, registry.clock())
        return _show_unit(desk, actor, _narrowed())

    @views.get("/accounts")
    def accounts() -> Response:
        """The same list without noting a sign-in."""
        return _show_unit(desk, administrator(registry), _narrowed())

    # A search is a POST though it changes nothing: a name does not belong into an address.
    @views.post("/accounts/search")
    def search() -> Response:
        """By a part of name or login, or the whole person code, within the own unit."""
        actor = administrator_with_token(registry, desk.tokens)
        return _show_unit(desk, actor, read_search(submitted()))

    _account_views(views, desk)
    return views


def _account_views(views: Blueprint, desk: Desk) -> None:
    registry, tokens = desk.registry, desk.tokens

    @views.post("/accounts")
    def create() -> Response:
        """201 with the password, the only time it is seen."""
        actor = administrator_with_token(registry, tokens)
        fields = submitted()
        try:
            made = registry.book.create(actor, read_new_account(fields))
        except (FieldError, AccountConflictError) as error:
            if wants_json():
                raise
            return _show_unit(desk, actor, Search(), error=error, fields=fields)
        return _show_password(actor, made, "账号已创建", 201)

    @views.get("/accounts/<account_id>/reset")
    def ask_reset(account_id: str) -> Response:
        """The form; asks for a mobile number where messages can be sent."""
        actor = administrator(registry)
        return _ask_reset(desk, actor, account_id, None)

    @views.post("/accounts/<account_id>/reset")
    def reset(account_id: str) -> Response:
        """Shows the password once, or sends it by SMS and does not show it."""
        actor = administrator_with_token(registry, tokens)
        if registry.outbox is None or not submitted().get("mobile"):
            return _show_password(actor, registry.book.reset_password(actor, account_id), "密码已重置", 200)
        try:
            mobile = read_mobile(submitted()["mobile"])
        except FieldError as error:
            return _ask_reset(desk, actor, account_id, error)
        made = registry.book.reset_password(actor, account_id, delivery="sms")
        # After the commit: a message with a password that does not open would be worse than none. Who dies in
        # between resets once more.
        registry.outbox.send(mobile, ONE_TIME_SMS.format(unit=actor.unit_name, password=made.password))
        return _show_sent(actor, made, masked(mobile))

    @views.post("/accounts/<account_id>/<act>")
    def change(account_id: str, act: str) -> Response:
        """`act` is a key of `ACTS`, 404 otherwise; 303 back to the list."""
        actor = administrator_with_token(registry, tokens)
        if act not in ACTS:
            raise NotFound
        account = registry.book.act(actor, account_id, ACTS[act][0])
        if wants_json():
            return jsonify(account=account_document(account))
        return make_response(redirect(f"/?done={act}", code=303))


def _narrowed() -> Search:
    """By kind and condition; a text in an address is not searched for, so that nobody gets used to it."""
    return read_search({key: request.args.get(key) for key in ("kind", "condition")})


def submitted() -> Mapping[str, Any]:
    """The fields of a form or of a JSON object."""
    if not request.is_json:
        return request.form
    try:
        body: Any = request.get_json()
    except RecursionError as error:  # 12,000 brackets fit into the size limit
        raise BadRequest from error
    if not isinstance(body, dict):
        raise BadRequest
    return body


def _show_unit(
    desk: Desk,
    actor: VerifiedAdministrator,
    search: Search,
    *,
    error: FieldError | AccountConflictError | None = None,
    fields: Mapping[str, object] | None = None,
) -> Response:
    """The accounts of the own unit, fresh or after a form that could not be taken."""
    # A page that is only looked at reads no body: one that is too large would be refused behind the noted sign-in.
    given = request.values if request.method == "POST" else request.args
    number = min(max(given.get("page", 1, type=int), 1), 1_000_000)
    page = desk.registry.book.page(actor, number, search)
    token = desk.token(actor)
    if wants_json():
        return _unit_document(actor, page, token)
    done = ACTS.get(request.args.get("done", ""))
    body = render_template(
        "unit.html",
        actor=actor,
        page=page,
        search=search,
        kinds=KIND_NAMES,
        conditions=CONDITIONS,
        csrf_token=token,
        done=None if done is None else done[1],
        error=error,
        submitted={name: _showable(value) for name, value in (fields or {}).items()},
    )
    return make_response(body, _status_of(error))


def _showable(value: object) -> object:
    """Half a surrogate pair comes in by JSON and cannot go out in a page."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _unit_document(actor: VerifiedAdministrator, page: AccountPage, token: str) -> Response:
    return jsonify(
        unit={"code": actor.unit_code, "name": actor.unit_name},
        administrator={"holder_id": actor.holder_id, "name": actor.name},
        csrf_token=token,
        accounts=[account_document(account) for account in page.accounts],
        page=page.number,
        pages=page.pages,
        total=page.total,
    )


def _status_of(error: FieldError | AccountConflictError | None) -> int:
    if error is None:
        return 200
    return 422 if isinstance(error, FieldError) else 409


def _ask_reset(desk: Desk, actor: VerifiedAdministrator, account_id: str, error: FieldError | None) -> Response:
    if error is not None and wants_json():
        raise error
    account = desk.registry.book.one(actor, account_id)
    body = render_template(
        "reset.html",
        actor=actor,
        account=account,
        kinds=KIND_NAMES,
        csrf_token=desk.token(actor),
        sends=desk.registry.outbox is not None,
        error=error,
    )
    return make_response(body, _status_of(error))


def _show_password(actor: VerifiedAdministrator, result: WithPassword, title: str, status: int) -> Response:
    """The one time that the password is visible; not after a redirect, since then it would have to be
    kept.
    """
    if wants_json():
        response = jsonify(account=account_document(result.account), password=result.password)
        response.status_code = status
        return response
    body = render_template("password.html", actor=actor, results=[result], title=title, kinds=KIND_NAMES, sent_to=None)
    return make_response(body, status)


def _show_sent(actor: VerifiedAdministrator, result: WithPassword, sent_to: str) -> Response:
    if wants_json():
        return jsonify(account=account_document(result.account), sent_to=sent_to)
    body = render_template(
        "password.html", actor=actor, results=[result], title="密码已重置", kinds=KIND_NAMES, sent_to=sent_to
    )
    return make_response(body)
