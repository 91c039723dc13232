"""Clients that say nothing, speak slowly or never end, and headers that are none: over real TLS."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from ca_service.config import ConsoleTable
from ca_service.servers import console_server
from ca_service.wiring import Wiring

ON_SQLITE = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
pytestmark = ON_SQLITE
_LONG = 600.0
_WAIT = 60.0


@contextmanager
def _served(wiring: Wiring, *, patience: float) -> Iterator[tuple[str, int]]:
    server = console_server(wiring, patience=patience)
    server.bind_addr = ("127.0.0.1", 0)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server.bind_addr
    finally:
        server.stop()
        thread.join()


def _tls(address: tuple[str, int]) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(address, timeout=_WAIT))


def _answer(connection: socket.socket) -> bytes:
    """Everything until the server closes; a reset is an end too."""
    found = b""
    try:
        while octets := connection.recv(65_536):
            found += octets
    except (ConnectionError, ssl.SSLError):
        pass
    return found


def _ask(address: tuple[str, int]) -> bytes:
    with _tls(address) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return _answer(connection)


def test_clients_that_say_nothing_do_not_keep_others_waiting(wiring: Wiring) -> None:
    with _served(wiring, patience=_LONG) as address, ExitStack() as open_ones:
        for _ in range(5):
            open_ones.enter_context(socket.create_connection(address))
        for _ in range(5):
            open_ones.enter_context(_tls(address))
        assert b"200 OK" in _ask(address)


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nHost: lo", b"POST /login HTTP/1.1\r\nHost: localhost\r\n"])
def test_a_request_that_does_not_come_is_given_up(wiring: Wiring, first: bytes) -> None:
    with _served(wiring, patience=0.5) as address, _tls(address) as connection:
        connection.sendall(first)
        answer = _answer(connection)
        assert answer == b"" or b"408" in answer.splitlines()[0]


def test_octets_that_come_one_by_one_do_not_buy_time_for_ever(wiring: Wiring) -> None:
    with _served(wiring, patience=0.5) as address, _tls(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        connection.settimeout(0.02)
        answer = b""
        try:
            # Ends when the server ends it: it is the server's patience that is tested, and the test's own that fails.
            for _ in range(int(_WAIT / 0.02)):
                try:
                    answer = connection.recv(65_536)
                    break
                except TimeoutError:
                    connection.sendall(b"a")
            else:
                pytest.fail("the server went on listening")
        except (ConnectionError, ssl.SSLError):
            pass
        assert answer == b"" or b"408" in answer.splitlines()[0]


def test_a_handshake_that_is_not_finished_is_given_up(wiring: Wiring) -> None:
    with _served(wiring, patience=0.5) as address, socket.create_connection(address, timeout=_WAIT) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert b"HTTP" not in _answer(connection)


def test_headers_and_bodies_without_end_are_refused(wiring: Wiring) -> None:
    with _served(wiring, patience=_LONG) as address:
        with _tls(address) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 70_000 + b"\r\n\r\n")
            assert _answer(connection).split(b" ", 2)[1] == b"413"
        with _tls(address) as connection:
            head = (
                b"POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 99999999999\r\n\r\n"
            )
            connection.sendall(head)
            assert _answer(connection).split(b" ", 2)[1] == b"413"
        assert b"200 OK" in _ask(address)


def test_a_folded_line_before_any_header_is_a_bad_request(wiring: Wiring) -> None:
    with _served(wiring, patience=_LONG) as address, _tls(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n folded: x\r\nHost: localhost\r\n\r\n")
        assert _answer(connection).split(b" ", 2)[1] == b"400"


def test_a_client_that_goes_in_the_middle_leaves_the_server_serving(wiring: Wiring) -> None:
    with _served(wiring, patience=_LONG) as address:
        for part in (b"", b"GET", b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nlogin=a"):
            with _tls(address) as connection:
                connection.sendall(part)
        with socket.create_connection(address) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"200 OK" in _ask(address)


def test_two_requests_in_one_go_are_both_answered(wiring: Wiring) -> None:
    """The second lies decrypted in OpenSSL, where no selector sees it."""
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Pad: " + b"a" * 9_000 + b"\r\n"
    with _served(wiring, patience=_LONG) as address, _tls(address) as connection:
        connection.sendall(request + b"\r\n" + request + b"Connection: close\r\n\r\n")
        assert _answer(connection).count(b"200 OK") == 2


def test_a_header_that_only_resembles_the_proxys_is_not_taken_for_it(wiring: Wiring) -> None:
    """A proxy that sets `X-Request-ID` may hand `X_Request_ID` of the client on; WSGI has one name for both."""
    trusting = wiring.config.model_copy(update={"console": ConsoleTable(trusted_proxies=("127.0.0.1",))})
    with _served(Wiring(trusting), patience=_LONG) as address:
        for name, believed in ((b"X-Request-ID", True), (b"X_Request_ID", False)):
            with _tls(address) as connection:
                head = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                connection.sendall(head + name + b": forged-by-a-client\r\n\r\n")
                assert (b"forged-by-a-client" in _answer(connection)) is believed
