"""TLS and HTTP in one process (cheroot and pyOpenSSL), for one machine and for tests.

The client certificate is asked for, not demanded: who has none, or a wrong one, gets a page that says so.
"""

import socket
from collections.abc import Callable
from typing import Any

import structlog
from cheroot.makefile import StreamReader, StreamWriter
from cheroot.server import HTTPConnection
from cheroot.ssl import Adapter
from cheroot.wsgi import Gateway_10, Server
from OpenSSL import SSL

from teacher_registry.serving.limits import REQUEST_SECONDS, StrictRequest, bounded_server
from teacher_registry.serving.tls import TlsSocket
from teacher_registry.web.guard import CLIENT_CERTIFICATE

_HANDSHAKE_SECONDS = 30.0
_log = structlog.get_logger(__name__)


def embedded_server(address: tuple[str, int], application: Any, context: SSL.Context) -> Server:
    """A server, not yet bound, that ends TLS itself; `application` is WSGI."""
    server = bounded_server(address, application)
    server.gateway = _Gateway
    server.ConnectionClass = _Connection
    server.ssl_adapter = _Adapter(context)
    return server


class _Adapter(Adapter):
    """Wraps without shaking hands: cheroot wraps in its one accepting thread, where a silent client would stop all."""

    def __init__(self, context: SSL.Context) -> None:
        super().__init__("", "")
        self.context = context

    def bind(self, sock: socket.socket) -> socket.socket:
        """The listening socket stays as it is."""
        return sock

    def wrap(self, sock: socket.socket) -> tuple[TlsSocket, dict[str, str]]:
        """The handshake follows in the worker (`_Connection`)."""
        return TlsSocket(self.context, sock), {"wsgi.url_scheme": "https"}

    def get_environ(self) -> dict[str, str]:
        """Nothing but what `wrap` says."""
        return {}

    def makefile(self, sock: TlsSocket, mode: str = "r", bufsize: int = -1) -> StreamReader | StreamWriter:
        """Buffered files over the connection."""
        return _Reader(sock, mode, bufsize) if "r" in mode else StreamWriter(sock, mode, bufsize)


class _Reader(StreamReader):
    """A second request may lie decrypted in OpenSSL, where no selector sees it."""

    def __init__(self, sock: TlsSocket, mode: str, bufsize: int) -> None:
        super().__init__(sock, mode, bufsize)
        self._tls = sock

    def has_data(self) -> bool:
        """Whether the next request can be read at once."""
        buffered: Callable[[], object] = super().has_data
        return bool(buffered()) or self._tls.pending() > 0


class _Connection(HTTPConnection):
    """A connection whose handshake is done by the worker that serves it."""

    RequestHandlerClass = StrictRequest
    _secured = False

    def communicate(self) -> bool:
        """Shake hands before the first request; True to keep the connection."""
        self._secured = self._secured or self._shake_hands()
        if not self._secured:
            return False
        self.socket.allow(REQUEST_SECONDS)
        answer: Callable[[], object] = super().communicate
        return bool(answer())

    def _shake_hands(self) -> bool:
        self.socket.allow(_HANDSHAKE_SECONDS)
        try:
            self.socket.do_handshake()
        except OSError as error:  # plain HTTP, a port scan, no proof of the key, a client that went away or is silent
            _log.debug("handshake failed", error=type(error).__name__)
            return False
        return True


class _Gateway(Gateway_10):
    """Hands the certificate of the TLS session to the application, under a name that no header can take."""

    def __init__(self, req: Any) -> None:
        super().__init__(req)
        self.env[CLIENT_CERTIFICATE] = req.conn.socket.client_certificate()
