"""Behind a proxy that ends TLS: plain HTTP from the configured proxy, and from nobody else.

The proxy says in one header which certificate the TLS connection proved to hold. So whoever could write that
header could be anyone, and:

1. only connections of the configured proxy are served: its address, or on a Unix socket its user (SO_PEERCRED);
2. exactly one header name is read, as it was written on the wire (WSGI would take A_B for A-B), and a request that
   carries it twice or folded is refused;
3. the proxy must set the header on every request, empty when there is no certificate (docs/relying-party.md).
"""

import pwd
from collections.abc import Callable
from typing import Any

import structlog
from cheroot.server import HeaderReader, HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10, Server

from teacher_registry.config import Config, ConfigError
from teacher_registry.serving.certificate_header import FORMATS
from teacher_registry.serving.limits import StrictHeaders, bounded_server
from teacher_registry.web.guard import CLIENT_CERTIFICATE

_log = structlog.get_logger(__name__)


def proxied_server(config: Config, application: Any) -> Server:
    """A server, not yet bound, for `config.proxy`. Raises `ConfigError` if its user does not exist."""
    header, read = FORMATS[config.proxy_format]

    class Request(HTTPRequest):
        header_reader = _Headers(header)

    class Connection(HTTPConnection):
        RequestHandlerClass = Request

        def communicate(self) -> bool:
            if not allowed(self):
                _log.warning("a connection that is not the proxy's", address=self.remote_addr)
                return False
            answer: Callable[[], object] = super().communicate
            return bool(answer())

    class Gateway(Gateway_10):
        def __init__(self, req: Any) -> None:
            value = req.inheaders.pop(header, b"")
            super().__init__(req)
            self.env[CLIENT_CERTIFICATE] = read(value) if value else None

    allowed = _by_user(config.proxy) if isinstance(config.listen, str) else _by_address(config.proxy)
    server = bounded_server(config.listen, application)
    server.gateway, server.ConnectionClass = Gateway, Connection
    return server


def _by_user(name: str) -> Callable[[Any], bool]:
    try:
        wanted = pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise ConfigError(f"[registry] proxy: no such user: {name}") from error
    return lambda connection: bool(connection.peer_uid == wanted)


def _by_address(address: str) -> Callable[[Any], bool]:
    return lambda connection: bool(connection.remote_addr == address)


class _Headers(HeaderReader):
    """Refuses what could hide a second certificate header from us or from the proxy."""

    def __init__(self, certificate_header: bytes) -> None:
        self._certificate_header = certificate_header

    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        """Read one request's headers; ValueError makes cheroot answer 400."""
        found: dict[bytes, bytes] = _OneRequest(self._certificate_header)(rfile, hdict)
        return found


class _OneRequest(StrictHeaders):
    def __init__(self, certificate_header: bytes) -> None:
        self._certificate_header = certificate_header
        self._seen = False

    def _allow_header(self, key_name: bytes) -> bool:
        # cheroot asks for each line, also for a folded one: a folded certificate header counts as a second one.
        if key_name == self._certificate_header:
            if self._seen:
                raise ValueError("two client certificates")
            self._seen = True
        return True
