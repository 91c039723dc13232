"""What no database or page takes, hosts that are none, and clients that speak slowly or without end."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace

import pytest

from teacher_registry.config import Config
from teacher_registry.serving import build_server, embedded
from teacher_registry.web.app import create_app
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.wiring import Registry, build_registry
from tests.teacher_registry.authority import Identity
from tests.teacher_registry.conftest import CHEAP, Browser
from tests.teacher_registry.publication import Publication, running

_WAIT = 60.0


@pytest.fixture
def on_both(config: Config, publication: Publication, database_url: str, admin: Identity) -> Browser:
    """The administrator at a registry on SQLite, and on PostgreSQL."""
    registry = build_registry(replace(config, database=database_url), publication.clock, CHEAP)
    return Browser(create_app(registry, CsrfTokens(bytes(32))).test_client(), admin)


def test_nul_and_numbers_that_no_column_takes_are_refused_quietly(on_both: Browser) -> None:
    assert on_both.get("/accounts/%00/reset").status_code == 404
    assert on_both.send("/accounts/a%1b/stop").status_code == 404
    for before in ("13800138000", "-1", "9" * 40, "²", "x"):
        assert on_both.get(f"/log?before={before}").status_code == 200
    for page in ("13800138000", "-1", "9" * 40):
        assert on_both.get(f"/accounts?page={page}").status_code == 200
    for name, unit in (("wang\0", ""), ("wang", "\0"), ("1\0", "150102001")):
        answer = on_both.post("/personal/sign-in", data={"name": name, "unit": unit, "password": "x\0"})
        assert (answer.status_code, "登录名或密码不正确" in answer.text) == (403, True)
    assert on_both.send("/accounts/search", {"text": "王\0\ud800"}).status_code == 200


def test_half_a_surrogate_pair_comes_back_in_the_form_as_a_question_mark(browser: Browser) -> None:
    headers = {"X-CSRF-Token": browser.token(), "Accept": "text/html"}
    body = {"login": "\udfffabc", "name": "王\ud800", "kind": "viewer"}
    answer = browser.post("/accounts", json=body, headers=headers)
    assert (answer.status_code, 'value="王?"' in answer.text) == (422, True)


def test_a_host_that_is_none_is_a_bad_request_and_no_host_is_shown(browser: Browser) -> None:
    for host in ("a" * 64, "x..y"):
        for accept in ("text/html", "application/json"):
            answer = browser.get("/", headers={"Host": host, "Accept": accept})
            assert answer.status_code == 400, host
    for name in ("Host", "X-Forwarded-Host", "X-Original-URL"):
        for path in ("/", "/accounts", "/personal", "/nothing", "/accounts//x", "/accounts/"):
            answer = browser.get(path, headers={name: "evil.example"})
            assert "evil.example" not in answer.text + str(answer.headers)


def test_a_look_does_not_read_what_a_client_sends_along(browser: Browser) -> None:
    for path in ("/", "/accounts"):
        assert browser.get(path, data={"page": "x" * 70_000}).status_code == 200


@pytest.fixture
def server(config: Config, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """The embedded TLS server, with little patience."""
    monkeypatch.setattr(embedded, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(embedded, "_HANDSHAKE_SECONDS", 0.5)
    server = build_server(config, create_app(registry, CsrfTokens(bytes(32))))
    server.prepare()
    with running(server.serve, server.stop):
        yield server.bind_addr


def _tls(address: tuple[str, int]) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(address, timeout=_WAIT))


def _answer(connection: socket.socket) -> bytes:
    found = b""
    with suppress(ConnectionError, ssl.SSLError):
        while octets := connection.recv(65_536):
            found += octets
    return found


def test_half_requests_and_half_handshakes_are_given_up(server: tuple[str, int]) -> None:
    with ExitStack() as open_ones:
        silent = open_ones.enter_context(socket.create_connection(server, timeout=_WAIT))
        silent.sendall(b"\x16\x03\x01\x02\x00\x01")
        half = open_ones.enter_context(_tls(server))
        half.sendall(b"POST /personal/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n\r\nname=")
        assert b"200 OK" not in _answer(half)
        assert _answer(silent)[:1] != b"H"


def test_octets_that_come_one_by_one_do_not_buy_time_for_ever(server: tuple[str, int]) -> None:
    with _tls(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        connection.settimeout(0.02)
        with suppress(ConnectionError, ssl.SSLError):
            for _ in range(int(_WAIT / 0.02)):
                try:
                    answer = connection.recv(65_536)
                except TimeoutError:
                    connection.sendall(b"a")
                else:
                    assert b"200 OK" not in answer
                    return
            pytest.fail("the server went on listening")


def test_headers_and_bodies_without_end_are_refused(server: tuple[str, int]) -> None:
    for request in (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 30_000 + b"\r\n\r\n",
        b"POST /import HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
    ):
        with _tls(server) as connection:
            connection.sendall(request)
            assert _answer(connection).split(b" ", 2)[1] == b"413"


def test_a_folded_line_before_any_header_is_a_bad_request(server: tuple[str, int]) -> None:
    with _tls(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n folded: x\r\nHost: localhost\r\n\r\n")
        assert _answer(connection).split(b" ", 2)[1] == b"400"
