"""HTML for people, JSON for programs: one decision, by the Accept header, in one place."""

from typing import Any

from flask import Response, jsonify, make_response, render_template, request

from teacher_registry.accounts.models import Account
from teacher_registry.web.texts import Notice


def wants_json() -> bool:
    """JSON only for who prefers it: a browser, or curl without an Accept header, gets the page."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def problem(status: int, kind: str, notice: Notice, template: str = "notice.html") -> Response:
    """An error as the client likes it: a page, or an RFC 9457 problem document (`urn:educa:error:<kind>`)."""
    if not wants_json():
        return make_response(render_template(template, notice=notice, kind=kind), status)
    document = {
        "type": f"urn:educa:error:{kind}",
        "title": notice.title,
        "status": status,
        "detail": "".join(notice.steps),
        "kind": kind,
    }
    response = jsonify(document)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def account_document(account: Account) -> dict[str, Any]:
    """An account for programs; times are RFC 3339 in UTC. No hash, no unit (it is the own one)."""
    return {
        "id": account.id,
        "login": account.login,
        "code": account.code,
        "name": account.name,
        "kind": account.kind,
        "status": account.status,
        "locked": account.locked_at is not None,
        "must_change_password": account.must_change,
        "created_at": account.created_at.isoformat(),
        "changed_at": account.changed_at.isoformat(),
    }
