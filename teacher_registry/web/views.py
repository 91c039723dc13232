"""The pages: sign-in, the own unit, and the acts on its accounts."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request
from werkzeug.exceptions import BadRequest, NotFound

from teacher_registry.accounts.book import WithPassword
from teacher_registry.accounts.errors import AccountConflictError, FieldError
from teacher_registry.accounts.wishes import read_new_account
from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.subject import VerifiedAdministrator
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.web.guard import administrator, administrator_with_token
from teacher_registry.web.negotiate import account_document, wants_json
from teacher_registry.web.texts import ACTS, KINDS
from teacher_registry.wiring import Registry


def build_views(registry: Registry, tokens: CsrfTokens) -> Blueprint:
    """All routes; each request is judged inside its view, so none can be forgotten by a missing hook."""
    views = Blueprint("views", __name__)
    unit = _UnitPage(registry, tokens)

    @views.get("/healthz")
    def healthz() -> Response:
        return make_response("ok\n", {"Content-Type": "text/plain"})

    @views.get("/")
    def home() -> Response:
        try:
            actor = administrator(registry)
        except RefusalError as refusal:
            if refusal.kind is RefusalKind.NO_CERTIFICATE and not wants_json():
                return make_response(render_template("sign_in.html"))
            raise
        registry.journal.signed_in(actor, registry.clock())
        return unit.show(actor)

    @views.get("/accounts")
    def accounts() -> Response:
        return unit.show(administrator(registry))

    @views.post("/accounts")
    def create() -> Response:
        actor = administrator_with_token(registry, tokens)
        submitted = _submitted()
        try:
            made = registry.book.create(actor, read_new_account(submitted))
        except (FieldError, AccountConflictError) as error:
            if wants_json():
                raise
            return unit.show(actor, error=error, submitted=submitted)
        return _show_password(actor, made, "账号已创建", 201)

    @views.post("/accounts/<account_id>/reset")
    def reset(account_id: str) -> Response:
        actor = administrator_with_token(registry, tokens)
        return _show_password(actor, registry.book.reset_password(actor, account_id), "密码已重置", 200)

    @views.post("/accounts/<account_id>/<act>")
    def change(account_id: str, act: str) -> Response:
        actor = administrator_with_token(registry, tokens)
        if act not in ACTS:
            raise NotFound
        account = registry.book.act(actor, account_id, ACTS[act][0])
        if wants_json():
            return jsonify(account=account_document(account))
        return make_response(redirect(f"/?done={act}", code=303))

    return views


class _UnitPage:
    """The page of the own unit, fresh or after a form that could not be taken."""

    def __init__(self, registry: Registry, tokens: CsrfTokens) -> None:
        self._registry = registry
        self._tokens = tokens

    def show(
        self,
        actor: VerifiedAdministrator,
        error: FieldError | AccountConflictError | None = None,
        submitted: Mapping[str, object] | None = None,
    ) -> Response:
        number = min(max(request.args.get("page", 1, type=int), 1), 1_000_000)
        page = self._registry.book.page(actor, number)
        token = self._tokens.issue(actor.fingerprint, self._registry.clock())
        if wants_json():
            return jsonify(
                unit={"code": actor.unit_code, "name": actor.unit_name},
                administrator={"holder_id": actor.holder_id, "name": actor.name},
                csrf_token=token,
                accounts=[account_document(account) for account in page.accounts],
                page=page.number,
                pages=page.pages,
                total=page.total,
            )
        done = ACTS.get(request.args.get("done", ""))
        body = render_template(
            "unit.html",
            actor=actor,
            page=page,
            kinds=KINDS,
            csrf_token=token,
            done=None if done is None else done[1],
            error=error,
            submitted=submitted or {},
        )
        return make_response(body, _status_of(error))


def _status_of(error: FieldError | AccountConflictError | None) -> int:
    if error is None:
        return 200
    return 422 if isinstance(error, FieldError) else 409


def _show_password(actor: VerifiedAdministrator, result: WithPassword, title: str, status: int) -> Response:
    """The one time that the password is visible; not after a redirect, since then it would have to be
    kept.
    """
    if wants_json():
        response = jsonify(account=account_document(result.account), password=result.password)
        response.status_code = status
        return response
    body = render_template("password.html", actor=actor, result=result, title=title, kinds=KINDS)
    return make_response(body, status)


def _submitted() -> Mapping[str, object]:
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
