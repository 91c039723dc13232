"""The page's server as a WSGI callable: five files, a state, a handful of wishes."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib import resources
from typing import Any

from token_provisioning import enrolment
from token_provisioning.helper import wishes
from token_provisioning.helper.desk import Desk
from token_provisioning.helper.guard import Guard
from token_provisioning.helper.snapshot import TokenView
from token_provisioning.helper.support_log import SupportLog
from token_provisioning.helper.wishes import MalformedError, Surroundings
from token_provisioning.untried import untried_notice

# By hand: on Windows the registry decides what `mimetypes` says of .js, and a wrong kind is not run.
_FILES = {
    "index.html": "text/html",
    "helper.css": "text/css",
    "helper.js": "text/javascript",
    "views.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_MAX_BODY = 4096  # octets; a wish takes some hundred
_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
    ("Cache-Control", "no-store"),
)

Environ = Mapping[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: HTTPStatus
    kind: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Helper:
    """What the page shows and does. `heard` is told of each request that was let in, `leave` ends the helper."""

    desk: Desk
    around: Surroundings
    guard: Guard
    log: SupportLog
    version: str
    heard: Callable[[], None]
    leave: Callable[[], None]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; nothing but a bug here makes it anything else than 2xx or 4xx."""
        answer = self._answer(environ)
        headers = [("Content-Type", answer.kind), ("Content-Length", str(len(answer.body))), *_HEADERS]
        start_response(f"{answer.status.value} {answer.status.phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

    def _answer(self, environ: Environ) -> _Answer:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
        asks = path.startswith("/api/")
        if objection := self.guard.objection(environ, asks_for_secret=asks):
            self.log.note("refused", why=objection)
            return _text(HTTPStatus.FORBIDDEN, "此页面只供本机的教育CA证书助手使用。")
        self.heard()
        name = path.removeprefix("/") or "index.html"
        if method in ("GET", "HEAD") and name in _FILES:
            return _file(name)
        if method == "GET" and path == "/api/state":
            return _json(self._state())
        if method == "GET" and path == "/api/log":
            return _text(HTTPStatus.OK, self.log.text(self.version))
        if method == "POST" and asks:
            return self._post(path.removeprefix("/api/"), environ)
        return _text(HTTPStatus.NOT_FOUND, "没有这个页面。")

    def _post(self, name: str, environ: Environ) -> _Answer:
        try:
            wish = _body(environ)
            if name == "check-pin":
                return _json({"objection": wishes.pin_objection(wish)})
            if name in ("quit", "seen"):
                (self.leave if name == "quit" else self.desk.clear)()
                return _json({})
            if name not in wishes.ACTS:
                return _text(HTTPStatus.NOT_FOUND, "没有这个操作。")
            do = wishes.ACTS[name](wish, self.around)
        except MalformedError:
            return _text(HTTPStatus.BAD_REQUEST, "请求内容不正确。")
        job = self.desk.start(name, str(wish["serial"]), wishes.steps_of(name), do)
        if job is None:
            return _text(HTTPStatus.CONFLICT, "正在进行另一项操作，请稍候。")
        return _json({"number": job.number}, HTTPStatus.ACCEPTED)

    def _state(self) -> dict[str, Any]:
        views, problem = self.desk.look()
        job = self.desk.job
        shown = job is not None and job.state != "seen"
        return {
            "version": self.version,
            "notice": untried_notice(),
            "server": self.around.ca.server,
            "tokens": [self._token(view) for view in views],
            "problem": problem.document() if problem else None,
            "job": job.document(self.around.computer.monotonic()) if job is not None and shown else None,
        }

    def _token(self, view: TokenView) -> dict[str, Any]:
        journal = self.around.computer.journal("enrolment", view.serial)
        return view.document() | {"unfinished": enrolment.unfinished_reference(journal)}


def _body(environ: Environ) -> dict[str, Any]:
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if not 0 < length <= _MAX_BODY:
            raise MalformedError
        document = json.loads(environ["wsgi.input"].read(length))
    except (ValueError, RecursionError) as error:
        raise MalformedError from error
    if not isinstance(document, dict):
        raise MalformedError
    return document


def _file(name: str) -> _Answer:
    octets = resources.files("token_provisioning.helper").joinpath("static", name).read_bytes()
    return _Answer(status=HTTPStatus.OK, kind=f"{_FILES[name]}; charset=utf-8", body=octets)


def _json(document: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> _Answer:
    body = json.dumps(document, ensure_ascii=False).encode()
    return _Answer(status=status, kind="application/json; charset=utf-8", body=body)


def _text(status: HTTPStatus, text: str) -> _Answer:
    return _Answer(status=status, kind="text/plain; charset=utf-8", body=text.encode())
