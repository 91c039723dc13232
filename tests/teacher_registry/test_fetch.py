"""HTTP to the CA is bounded: whatever the other side does, the answer is bytes or `UnavailableError`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest

from teacher_registry.publications.fetch import Fetched, HttpFetch, UnavailableError
from tests.teacher_registry.publication import running


@contextmanager
def serving(status: int, body: bytes = b"", **headers: str) -> Iterator[str]:
    """An address that always answers the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with running(partial(server.serve_forever, poll_interval=0.02), server.shutdown):
        yield f"http://127.0.0.1:{server.server_port}/"
    server.server_close()


def test_a_body_and_its_validator_come_back() -> None:
    with serving(200, b"list", ETag='"1"') as url:
        fetch = HttpFetch(timeout_seconds=5)
        assert fetch.get(url, None) == Fetched(b"list", '"1"')
        assert fetch.post(url, "application/ocsp-request", b"?") == b"list"


def test_not_modified_is_an_answer_only_to_a_conditional_question() -> None:
    with serving(304, ETag='"1"') as url:
        fetch = HttpFetch(timeout_seconds=5)
        assert fetch.get(url, '"1"') == Fetched(None, '"1"')
        with pytest.raises(UnavailableError):
            fetch.get(url, None)


@pytest.mark.parametrize("status", [204, 301, 302, 404, 500, 503])
def test_no_other_status_is_an_answer_and_no_redirect_is_followed(status: int) -> None:
    with (
        serving(200, b"elsewhere") as target,
        serving(status, Location=target) as url,
        pytest.raises(UnavailableError),
    ):
        HttpFetch(timeout_seconds=5).get(url, None)


def test_more_octets_than_allowed_are_not_kept() -> None:
    with serving(200, b"x" * 1001) as url:
        assert HttpFetch(timeout_seconds=5, max_octets=1001).get(url, None).body is not None
        with pytest.raises(UnavailableError, match="too long or too slow"):
            HttpFetch(timeout_seconds=5, max_octets=1000).get(url, None)


def test_the_whole_exchange_has_a_deadline() -> None:
    """A clock that jumps six seconds each time it is read: httpx sees no timeout, we do."""
    ticks = count(0, 6)
    with serving(200, b"x") as url, pytest.raises(UnavailableError, match="too long or too slow"):
        HttpFetch(timeout_seconds=5, monotonic=lambda: float(next(ticks))).get(url, None)


def test_nobody_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnavailableError):
        HttpFetch(timeout_seconds=5).get(f"http://127.0.0.1:{port}/", None)


def test_the_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with serving(200, b"list") as url:
        assert HttpFetch(timeout_seconds=5).get(url, None).body == b"list"
