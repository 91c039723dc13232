"""The Flask application: routes, headers, and the one table from errors to answers."""

from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from teacher_registry.accounts.errors import AccountConflictError, AccountNotFoundError, FieldError
from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.web import texts
from teacher_registry.web.csrf import CsrfRefusedError, CsrfTokens
from teacher_registry.web.headers import secure
from teacher_registry.web.negotiate import problem
from teacher_registry.web.texts import Notice
from teacher_registry.web.views import build_views
from teacher_registry.wiring import Registry

_MAX_BODY_OCTETS = 16 * 1024
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_log = structlog.get_logger(__name__)


def create_app(registry: Registry, tokens: CsrfTokens) -> Flask:
    """No cookie, no session: every request is judged by its certificate alone."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY_OCTETS
    app.jinja_env.filters["shanghai"] = _shanghai
    app.register_blueprint(build_views(registry, tokens))
    app.after_request(secure)
    _register_errors(app)
    return app


def _register_errors(app: Flask) -> None:
    @app.errorhandler(RefusalError)
    def refused(refusal: RefusalError) -> Response:
        _log.info("refused", kind=refusal.kind, detail=refusal.detail)
        status = 401 if refusal.kind is RefusalKind.NO_CERTIFICATE else 403
        return problem(status, refusal.kind, texts.REFUSALS[refusal.kind], "refused.html")

    @app.errorhandler(CsrfRefusedError)
    def csrf(_error: CsrfRefusedError) -> Response:
        return problem(403, "csrf-refused", texts.CSRF_REFUSED)

    @app.errorhandler(AccountNotFoundError)
    def missing(error: AccountNotFoundError) -> Response:
        return problem(404, "not-found", Notice(error.message, texts.NOT_FOUND.steps))

    @app.errorhandler(AccountConflictError)
    def conflict(error: AccountConflictError) -> Response:
        return problem(409, "conflict", Notice("操作未执行", (error.message,)))

    @app.errorhandler(FieldError)
    def field(error: FieldError) -> Response:
        return problem(422, "field-invalid", Notice("填写有误", (error.message,)))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        notice = texts.NOT_FOUND if status == 404 else texts.BAD_REQUEST
        return problem(status, "not-found" if status == 404 else "bad-request", notice)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        _log.error("unexpected", error=type(error).__name__, exc_info=error)
        return problem(500, "internal", texts.INTERNAL)


def _shanghai(moment: datetime) -> str:
    """For people: the time in Shanghai, to the minute."""
    return moment.astimezone(_SHANGHAI).strftime("%Y-%m-%d %H:%M")
