"""The Flask application: routes, headers, and the one table from errors to answers."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, NotFound

from teacher_registry.accounts.errors import (
    AccountConflictError,
    AccountError,
    AccountNotFoundError,
    ExportLimitError,
    FieldError,
    SheetRefusedError,
)
from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.web import texts
from teacher_registry.web.csrf import CsrfRefusedError, CsrfTokens
from teacher_registry.web.headers import secure
from teacher_registry.web.log_page import build_log_views
from teacher_registry.web.negotiate import problem
from teacher_registry.web.personal import build_personal_views
from teacher_registry.web.sheets import build_sheet_views
from teacher_registry.web.texts import Notice
from teacher_registry.web.views import Desk, build_views
from teacher_registry.wiring import Registry

_MAX_BODY_OCTETS = 16 * 1024
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_ACCOUNT_ERRORS: Mapping[type[AccountError], tuple[int, str, str]] = MappingProxyType(
    {
        AccountConflictError: (409, "conflict", "操作未执行"),
        FieldError: (422, "field-invalid", "填写有误"),
        SheetRefusedError: (422, "sheet-refused", "电子表格不能导入"),
        ExportLimitError: (429, "export-limit", "导出次数已用完"),
    }
)
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_log = structlog.get_logger(__name__)


def create_app(registry: Registry, tokens: CsrfTokens) -> Flask:
    """An administrator has no cookie and no session: every request is judged by its certificate alone."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY_OCTETS
    # werkzeug would answer `//` by a redirect to the host that the client named.
    app.url_map.merge_slashes = False
    app.jinja_env.filters["shanghai"] = _shanghai
    desk = Desk(registry, tokens)
    for build in (build_views, build_sheet_views, build_log_views, build_personal_views):
        app.register_blueprint(build(desk))
    app.before_request(_require_text_in_path)
    app.after_request(secure)
    _register_errors(app)
    return app


def _require_text_in_path() -> None:
    """No account has such an identifier, and PostgreSQL cannot even look for it."""
    if _CONTROL.search(request.path):
        raise NotFound


def _register_errors(app: Flask) -> None:
    @app.errorhandler(RefusalError)
    def refused(refusal: RefusalError) -> Response:
        """401 without a certificate, 403 with one that does not do; the page says which and why."""
        _log.info("refused", kind=refusal.kind, detail=refusal.detail)
        status = 401 if refusal.kind is RefusalKind.NO_CERTIFICATE else 403
        return problem(status, refusal.kind, texts.REFUSALS[refusal.kind], "refused.html")

    @app.errorhandler(CsrfRefusedError)
    def csrf(_error: CsrfRefusedError) -> Response:
        """403 without a detail: a page of another site must learn nothing."""
        return problem(403, "csrf-refused", texts.CSRF_REFUSED)

    @app.errorhandler(AccountNotFoundError)
    def missing(error: AccountNotFoundError) -> Response:
        """Also for accounts of another unit: that they exist is not told."""
        return problem(404, "not-found", Notice(error.message, texts.NOT_FOUND.steps))

    @app.errorhandler(AccountError)
    def account(error: AccountError) -> Response:
        """Status and kind by the table `_ACCOUNT_ERRORS`."""
        status, kind, title = _ACCOUNT_ERRORS[type(error)]
        return problem(status, kind, Notice(title, (error.message,)))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        """What Flask itself refuses; told as not-found or bad-request only."""
        status = error.code or 500
        notice = texts.NOT_FOUND if status == 404 else texts.BAD_REQUEST
        return problem(status, "not-found" if status == 404 else "bad-request", notice)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        """500 without a detail; the log has the traceback."""
        _log.error("unexpected", error=type(error).__name__, exc_info=error)
        return problem(500, "internal", texts.INTERNAL)


def _shanghai(moment: datetime) -> str:
    """For people: the time in Shanghai, to the minute."""
    return moment.astimezone(_SHANGHAI).strftime("%Y-%m-%d %H:%M")
