"""Cookies, headers, paths and encodings of the console: what a browser is told, and what a client cannot reach."""

import gzip
import json
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from flask import Flask

from ca_service.domain.errors import NotFound
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Services
from tests.ca_service.web.people import Browser, account

pytestmark = [
    pytest.mark.usefixtures("quick_hashes"),
    pytest.mark.parametrize("config", ["sqlite"], indirect=True),
]


def test_the_cookie_is_out_of_reach(services: Services, browser: Browser) -> None:
    account(services)
    told = SimpleCookie(browser.sign_in().headers["Set-Cookie"])
    cookie = told["__Host-educa"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Strict")
    # The prefix makes browsers demand this; a Domain would hand it to neighbours.
    assert (cookie["path"], cookie["domain"]) == ("/", "")


def test_every_answer_carries_the_protective_headers(services: Services, browser: Browser) -> None:
    account(services)
    browser.sign_in()
    for path in ("/", "/overview", "/units?q=%00", "/nothing", "/assets/console.css", "/api/openapi.json", "/healthz"):
        headers = browser.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert int(headers["Strict-Transport-Security"].removeprefix("max-age=")) >= 31_536_000


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../context.py", "/assets/..%2fcontext.py", "/assets/%2e%2e/templates/console/base.html",
        "/assets//etc/passwd", "/assets/..%5c..%5ccontext.py", "/static/../app.py", "/assets/%00",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_a_folder(app: Flask, wiring: Wiring, path: str) -> None:
    assert app.test_client().get(path).status_code in (404, 405)
    outside = wiring.config.path(Path("educa.db")).name
    for name in ("../" * 4 + outside, "..", "/etc/passwd", "a" * 63 + "/", "A" * 64, "\0" * 64):
        with pytest.raises(NotFound):
            wiring.services.documents.get(name)


def test_a_compressed_body_is_not_unpacked(app: Flask) -> None:
    body = gzip.compress(json.dumps({"token_serial": "T"}).encode() + b" " * 10_000_000)
    for encoding in ("gzip", "deflate", "br"):
        headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
        answer = app.test_client().post("/api/v1/renewals/begin", data=body, headers=headers)
        assert answer.status_code == 400


def test_a_body_larger_than_any_page_takes_is_refused_unread(app: Flask) -> None:
    class Unread:
        def read(self, _size: int = -1) -> bytes:
            raise AssertionError("it was read")

    environ = {"CONTENT_LENGTH": str(40 * 1024 * 1024), "CONTENT_TYPE": "application/json", "wsgi.input": Unread()}
    answer = app.test_client().post("/api/v1/enrolments/begin", environ_overrides=environ)
    assert (answer.status_code, answer.get_json()["detail"]) == (413, "请求过大。")
