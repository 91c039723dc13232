"""What no WSGI call can be: requests that are wrong as octets, over real sockets, at all three servers."""

import os
import socket
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from cheroot.wsgi import Server

from bench.malformed import values
from bench.malformed.octets import wounded
from bench.servers import free_port, running
from ca_service.clock import system_clock
from ca_service.config import Config
from ca_service.servers import console_server
from ca_service.wiring import Wiring
from teacher_registry.config import load_config
from teacher_registry.serving import build_server
from teacher_registry.web.app import create_app
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.wiring import build_registry

_SILENT = 0.3
"""Seconds that a client here waits for an answer to what may be half a request."""
# RFC 9110: what a server does not implement (501), and another version of HTTP (505), are told so.
_ALLOWED = (501, 505)
_PUBLICATION = """
import sys
from ca_service import config, servers
found = config.load(config.locate(None))
service = found.service.model_copy(update={"publication": sys.argv[1]})
servers.publication(found.model_copy(update={"service": service}))
"""
_SOUND = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /crl/issuing.crl HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-9\r\nConnection: close\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 7\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin=a",
    b"POST /ocsp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n"
    b"Content-Type: application/ocsp-request\r\n\r\n0\x030\x010",
    b"POST /personal/sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n6\r\nname=a\r\n0\r\n\r\n",
    b"POST /api/v1/enrolments/begin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n"
    b"Content-Type: application/json\r\n\r\n{}",
)  # fmt: skip
_HEADERS = (
    b"Content-Length: 0", b"Content-Length: 999999999999", b"Content-Length: -1", b"Content-Length: 5, 6",
    b"Content-Length: 0x5", b"Content-Length : 5", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding:\x0bchunked", b"Host: evil.example", b"Host:", b" folded: x",
    b"X: a\rb", b"X: \0", b"X\0: a", b": empty", b"no colon", b"Expect: 100-continue", b"Expect: q7", b"Upgrade: h2c",
    b"Connection: keep-alive, Content-Length", b"Trailer: Content-Length", b"X: " + b"a" * 70_000, b"Range: bytes=9-1",
    b"X-Ssl-Client-Cert: %00", b"Client-Cert: :AAAA:", b"X_Request_ID: a", b"\xff\xfe: \xff",
    b"Cookie: " + b"a=b;" * 900,
)  # fmt: skip
_LINES = (
    b"GET", b"GET /", b"GET / HTTP/0.9", b"GET / HTTP/2.0", b"GET / HTTP/1.1 q7", b"GET  /  HTTP/1.1",
    b"get / http/1.1",
    b"GET http://evil.example/ HTTP/1.1", b"GET //evil.example/ HTTP/1.1", b"GET /%zz HTTP/1.1", b"GET /\0 HTTP/1.1",
    b"GET /\xff HTTP/1.1", b"GET * HTTP/1.1", b"OPTIONS * HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"Q7\x01 / HTTP/1.1",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1", b"GET /../../etc/passwd HTTP/1.1", b"PRI * HTTP/2.0", b"", b"\x16\x03\x01",
)  # fmt: skip


@dataclass
class Heard:
    """What came back over the sockets."""

    statuses: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Door:
    """One server: its name, its address, and whether it speaks TLS."""

    name: str
    port: int
    tls: bool

    def open(self, seconds: float) -> socket.socket:
        """With the handshake where there is TLS; whose certificate it is does not matter here."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=seconds)
        if not self.tls:
            return plain
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(plain)


@contextmanager
def doors(config: Config, registry_folder: Path) -> Iterator[list[Door]]:
    """Console and registry in threads, the publication in processes, as they are served."""
    registry_config = load_config(registry_folder / "config.toml")
    registry = build_registry(registry_config, system_clock)
    port = free_port()
    environ = {**os.environ, "EDUCA_CONFIG": str(config.path(Path("config.toml")))}
    console = console_server(Wiring(config), patience=5)
    console.bind_addr = ("127.0.0.1", 0)
    with ExitStack() as stack:
        stack.enter_context(_thread(console))
        served = build_server(registry_config, create_app(registry, CsrfTokens(bytes(32))))
        stack.enter_context(_thread(served))
        stack.enter_context(
            running(sys.executable, "-c", _PUBLICATION, f"127.0.0.1:{port}", port=port, environ=environ)
        )
        yield [
            Door("console", console.bind_addr[1], True), Door("registry", served.bind_addr[1], True),
            Door("publication", port, False),
        ]  # fmt: skip


@contextmanager
def _thread(server: Server) -> Iterator[None]:
    server.error_log = lambda *_args, **_more: None  # type: ignore[method-assign]
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join()


def run(all_doors: list[Door], *, seed: int, requests: int) -> Heard:
    """Send so many requests, each on a connection of its own, and see that each server still answers in the end."""
    heard = Heard()
    for number in range(requests):
        rng = Random(f"{seed}-wire-{number}")
        door = rng.choice(all_doors)
        octets = rng.choice(_KINDS)(rng)
        _one(door, octets, number, heard)
    for door in all_doors:
        answer = _exchange(door, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 60)
        if b" 200 " not in answer[:20]:
            heard.findings.append(f"{door.name} does not answer any more")
    return heard


def _one(door: Door, octets: bytes, number: int, heard: Heard) -> None:
    answer = _exchange(door, octets, _SILENT)
    status = answer.split(b" ", 2)[1].decode("latin-1") if answer.startswith(b"HTTP/") else "none"
    heard.statuses[status] += 1
    if (status.startswith("5") and int(status) not in _ALLOWED) or b"Traceback" in answer:
        heard.findings.append(f"#{number} {door.name}: {answer[:80]!r} to {octets[:120]!r}")


def _exchange(door: Door, octets: bytes, seconds: float) -> bytes:
    """What is answered until the server closes, or says nothing for so long."""
    found = b""
    # Closed in the middle, cut off, silent: all of that is an answer to what was no request.
    with suppress(OSError), door.open(max(seconds, 10)) as connection:
        connection.sendall(octets)
        connection.settimeout(seconds)
        while part := connection.recv(65_536):
            found += part
    return found


def _wounded(rng: Random) -> bytes:
    return wounded(rng, rng.choice(_SOUND))


def _with_header(rng: Random) -> bytes:
    first, rest = rng.choice(_SOUND).split(b"\r\n", 1)
    headers = b"\r\n".join(rng.choice(_HEADERS) for _ in range(rng.choice((1, 1, 2, 300))))
    return first + b"\r\n" + headers + b"\r\n" + rest


def _with_line(rng: Random) -> bytes:
    return rng.choice(_LINES) + b"\r\n" + rng.choice(_SOUND).split(b"\r\n", 1)[1]


def _cut(rng: Random) -> bytes:
    octets = rng.choice(_SOUND)
    return octets[: rng.randrange(len(octets))]


def _bare_lines(rng: Random) -> bytes:
    return rng.choice(_SOUND).replace(b"\r\n", rng.choice((b"\n", b"\r", b"\r\r\n")))


def _two(rng: Random) -> bytes:
    return rng.choice(_SOUND).replace(b"Connection: close\r\n", b"") + _wounded(rng)


def _noise(rng: Random) -> bytes:
    return rng.randbytes(rng.randrange(1, 400)) if rng.random() < 0.5 else values.text(rng).encode(errors="replace")


_KINDS: tuple[Callable[[Random], bytes], ...] = (
    _wounded, _wounded, _with_header, _with_header, _with_header, _with_line, _with_line, _cut, _bare_lines, _two,
    _noise,
)  # fmt: skip
