"""Clients that send half a request to OCSP and the lists, over real sockets: nobody else waits for them."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from bench.servers import free_port, running
from ca_service.config import Config

_WAIT = 60.0
_SERVE = """
import sys
from ca_service import config, servers
found = config.load(config.locate(None))
service = found.service.model_copy(update={"publication": sys.argv[1], "publication_workers": 1})
servers.publication(found.model_copy(update={"service": service}))
"""
_HALF = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\nContent-Length: 90\r\n\r\n0"


def _ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=_WAIT) as connection:
        connection.sendall(request)
        return connection.recv(65_536)


@pytest.fixture(scope="module")
def publication(founded: Config) -> Iterator[int]:
    """The port of a publication with one worker, in a process of its own."""
    port = free_port()
    environ = {**os.environ, "EDUCA_CONFIG": str(founded.path(Path("config.toml")))}
    with running(sys.executable, "-c", _SERVE, f"127.0.0.1:{port}", port=port, environ=environ):
        yield port


def test_half_requests_do_not_keep_others_waiting(publication: int) -> None:
    with ExitStack() as open_ones:
        for _ in range(20):
            connection = open_ones.enter_context(socket.create_connection(("127.0.0.1", publication)))
            connection.sendall(_HALF)
        lists = b"GET /crl/issuing.crl HTTP/1.1\r\nHost: x\r\n\r\n"
        assert _ask(publication, lists).split(b" ")[1] == b"200"
        whole = (
            b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\nContent-Length: 1\r\n\r\n0"
        )
        assert _ask(publication, whole).split(b" ")[1] == b"200"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345", b"400"),
        (b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n"
         b"Content-Length: 999999\r\n\r\n" + b"0" * 70_000, b"413"),
        (b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET /crl/..%2f..%2feduca.db.crl HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
        (b"GET /crl/%00.crl HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
        (b"GET /healthz HTTP/1.1\r\nHost: " + b"a" * 70 + b"\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00", b"400"),
    ],
    ids=["two-lengths", "body", "nul", "way-out", "nul-in-a-name", "host", "tls"],
)  # fmt: skip
def test_what_is_no_request_is_refused(publication: int, request_: bytes, status: bytes) -> None:
    assert _ask(publication, request_).split(b" ")[1] == status


def test_a_head_without_end_is_not_read_to_its_end(publication: int) -> None:
    """The answer may be lost with the connection, which is closed while more comes in."""
    answer = b""
    with suppress(ConnectionError):
        answer = _ask(publication, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 4_000_000 + b"\r\n\r\n")
    assert answer[:12] in (b"", b"HTTP/1.1 431")
    assert _ask(publication, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").split(b" ")[1] == b"200"
