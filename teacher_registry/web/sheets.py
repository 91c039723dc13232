"""Many accounts at once: a sheet in (import), a sheet out (export)."""

import secrets
from collections.abc import Sequence
from hashlib import sha256

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from teacher_registry.accounts.book import WithPassword
from teacher_registry.accounts.errors import AccountConflictError, FieldError, SheetRefusedError
from teacher_registry.accounts.importing import ImportOutcome, import_sheet
from teacher_registry.accounts.sheets import KIND_NAMES, MAX_OCTETS, MAX_ROWS, template
from teacher_registry.accounts.wishes import read_reason
from teacher_registry.verification.subject import VerifiedAdministrator
from teacher_registry.web.guard import administrator, administrator_with_token
from teacher_registry.web.negotiate import account_document, wants_json
from teacher_registry.web.views import Desk, submitted

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORM_OCTETS = 16 * 1024


def build_sheet_views(desk: Desk) -> Blueprint:
    """Import and export."""
    views = Blueprint("sheets", __name__)
    registry, tokens = desk.registry, desk.tokens

    @views.get("/import")
    def ask_import() -> Response:
        """The form, for an administrator; nothing is read yet."""
        return _import_page(desk, administrator(registry), None, None)

    @views.get("/import/template.xlsx")
    def empty_sheet() -> Response:
        """xlsx with the headings and no row."""
        administrator(registry)
        return _file(template(), "accounts-template.xlsx")

    @views.post("/import")
    def take_import() -> Response:
        """201 with the passwords once, 422 with what is wrong; `partial=yes` takes the good rows of a bad sheet."""
        request.max_content_length = MAX_OCTETS + _FORM_OCTETS
        actor = administrator_with_token(registry, tokens)
        upload = request.files.get("sheet")
        data = upload.read() if upload is not None else b""
        try:
            outcome = import_sheet(registry.book, actor, data, partial=request.form.get("partial") == "yes")
        except (SheetRefusedError, AccountConflictError) as error:
            return _import_page(desk, actor, None, error)
        if not outcome.made:
            return _import_page(desk, actor, outcome, None)
        return _imported(actor, outcome)

    @views.get("/export")
    def ask_export() -> Response:
        """The form, with how many exports are left today."""
        return _export_page(desk, administrator(registry), None)

    @views.post("/export")
    def export() -> Response:
        """The reason is recorded with a random number that also names the file; X-Content-SHA256 is of the body."""
        actor = administrator_with_token(registry, tokens)
        try:
            reason = read_reason(submitted())
        except FieldError as error:
            if wants_json():
                raise
            return _export_page(desk, actor, error)
        number = secrets.token_hex(8)
        made = registry.exporter.export(actor, reason, registry.clock(), number)
        return _file(made.content, f"accounts-{number}.xlsx")

    return views


def _import_page(
    desk: Desk, actor: VerifiedAdministrator, outcome: ImportOutcome | None, error: Exception | None
) -> Response:
    problems = [] if outcome is None else outcome.problems
    status = 200 if outcome is None and error is None else 422
    if wants_json():
        if isinstance(error, SheetRefusedError | AccountConflictError):
            raise error
        return make_response(jsonify(csrf_token=desk.token(actor), made=[], problems=_told(problems)), status)
    body = render_template(
        "import.html", actor=actor, problems=problems, error=error, csrf_token=desk.token(actor), max_rows=MAX_ROWS
    )
    return make_response(body, status)


def _imported(actor: VerifiedAdministrator, outcome: ImportOutcome) -> Response:
    """The one time that the passwords are visible."""
    if wants_json():
        rows = [_made(one) for one in outcome.made]
        return make_response(jsonify(made=rows, problems=_told(outcome.problems)), 201)
    title = f"已导入{len(outcome.made)}个账号"
    body = render_template(
        "password.html",
        actor=actor,
        results=outcome.made,
        title=title,
        kinds=KIND_NAMES,
        sent_to=None,
        problems=outcome.problems,
    )
    return make_response(body, 201)


def _made(one: WithPassword) -> dict[str, object]:
    return {"account": account_document(one.account), "password": one.password}


def _told(problems: Sequence[object]) -> list[dict[str, object]]:
    return [dict(vars(problem)) for problem in problems]


def _export_page(desk: Desk, actor: VerifiedAdministrator, error: FieldError | None) -> Response:
    left = desk.registry.exporter.left(actor, desk.registry.clock())
    body = render_template("export.html", actor=actor, left=left, error=error, csrf_token=desk.token(actor))
    return make_response(body, 200 if error is None else 422)


def _file(content: bytes, name: str) -> Response:
    response = make_response(content, {"Content-Type": _XLSX})
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-SHA256"] = sha256(content).hexdigest()
    return response
