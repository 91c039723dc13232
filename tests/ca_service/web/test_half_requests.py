"""Clients that begin a request and fall silent: what they hold is taken back."""

import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from bench.servers import free_port, running
from ca_service.config import Config
from ca_service.idle_connections import end_idle

_WAIT = 60.0
_HALF = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\nContent-Length: 90\r\n\r\n0"
_WHOLE = b"GET /crl/issuing.crl HTTP/1.1\r\nHost: x\r\n\r\n"
_SERVE = """
import sys
from ca_service import config, idle_connections, servers
watch, port = idle_connections.watch, int(sys.argv[1].rpartition(":")[2])
idle_connections.watch = lambda _port, *, after: watch(port, after=1)
servers._PUBLICATION_THREADS = 2
found = config.load(config.locate(None))
service = found.service.model_copy(update={"publication": sys.argv[1], "publication_workers": 1})
servers.publication(found.model_copy(update={"service": service}))
"""


def _pair() -> tuple[socket.socket, socket.socket, int]:
    """A client's and the server's end of a connection, and the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        return client, listening.accept()[0], port


def test_a_connection_on_which_nothing_moves_is_ended_and_others_are_left_alone() -> None:
    client, server, port = _pair()
    other_client, other, _ = _pair()
    with client, server, other_client, other:
        client.sendall(b"half")
        until = time.monotonic() + _WAIT
        while end_idle(port, after=0.05) == 0:
            assert time.monotonic() < until
            time.sleep(0.01)
        client.settimeout(_WAIT)
        assert client.recv(1) == b""
        other_client.sendall(b"x")
        assert other.recv(1) == b"x"
        assert server.fileno() != -1, "it is the server's to close"


def test_a_connection_that_has_just_moved_either_way_is_none_that_is_idle() -> None:
    client, server, port = _pair()
    with client, server:
        for one in (client, server):
            one.sendall(b"x")
            assert end_idle(port, after=_WAIT) == 0
        assert (client.recv(1), server.recv(1)) == (b"x", b"x")


def _answered(port: int, *, within: float) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=within) as connection:
        connection.sendall(_WHOLE)
        return connection.recv(65_536).startswith(b"HTTP/1.1 200")
    return False


def _half(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=_WAIT)
    connection.sendall(_HALF)
    return connection


def test_half_requests_keep_their_threads_for_a_while_only(founded: Config) -> None:
    port = free_port()
    environ = {**os.environ, "EDUCA_CONFIG": str(founded.path(Path("config.toml")))}
    with running(sys.executable, "-c", _SERVE, f"127.0.0.1:{port}", port=port, environ=environ):
        silent = [_half(port)]
        while _answered(port, within=0.5):
            silent.append(_half(port))
        until = time.monotonic() + _WAIT
        while not _answered(port, within=1):
            assert time.monotonic() < until, "whoever is silent keeps the threads"
        for one in silent:
            one.close()
