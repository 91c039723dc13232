"""Each request has an identifier, is measured by its route, and leaves one line in the log that names nobody."""

import re
import secrets
import time
from typing import TYPE_CHECKING

import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from ca_service.workflows.ports import Meter

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

REQUEST_ID = "educa.request_id"
"""Key of the WSGI environment with the identifier; no header can take this name."""

HEADER = "X-Request-ID"
_FORM = re.compile(r"[0-9A-Za-z._-]{8,64}", re.ASCII)
_log = structlog.get_logger(__name__)


def accepted(given: str) -> str:
    """The identifier that a trusted proxy handed on, or a new one where it did not, or not in a form that we log."""
    return given if _FORM.fullmatch(given) else secrets.token_hex(8)


def request_id() -> str:
    """The identifier of this request; made here where nothing before the application made one."""
    environ: WSGIEnvironment = request.environ
    found: str = environ.setdefault(REQUEST_ID, secrets.token_hex(8))
    return found


def register(app: Flask, meter: Meter, *, part: str, logged: bool) -> None:
    """Measure every request of the application; `logged` ones leave a line and carry their identifier back."""
    # werkzeug would answer `//` by a redirect to the host that the client named.
    app.url_map.merge_slashes = False

    @app.before_request
    def _begin() -> None:
        g.began = time.perf_counter()
        # Threads serve many requests: what an earlier one bound must not stand in this one's lines.
        clear_contextvars()
        if logged:
            bind_contextvars(request_id=request_id())

    @app.after_request
    def _end(response: Response) -> Response:
        took = time.perf_counter() - g.get("began", time.perf_counter())
        # The template, not the address: it has no identifiers in it, and there are few of them.
        route = request.url_rule.rule if request.url_rule else "none"
        meter.requested(part, route, status=response.status_code, seconds=took)
        if logged:
            response.headers[HEADER] = request_id()
            _log.info(
                "request", part=part, method=request.method, route=route, status=response.status_code,
                ms=round(took * 1000, 1),
            )  # fmt: skip
        return response
