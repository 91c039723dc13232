"""HTTP over TLS in this process (cheroot), and what one client may cost, however slowly it speaks.

cheroot itself shakes hands in its one accepting thread, where a client that says nothing would stop all others, and
counts its patience anew for each octet. Here the handshake is the worker's, and a request has one deadline, which moves
on only as fast as octets come: who is slower than `SLOWEST` loses the connection.
"""

import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from cheroot.makefile import StreamReader, StreamWriter
from cheroot.server import HeaderReader, HTTPConnection, HTTPRequest
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PATIENCE = 30.0
"""Seconds for a handshake, and for a request and its answer beside what their octets earn. A person may be typing a PIN
during the handshake."""
SLOWEST = 16 * 1024
"""Octets a second that a sender or reader must keep up: a sheet of 20 MiB may take 21 minutes."""
# As many as the database's pool has connections: more would only wait there, and fail.
_THREADS = 30
# A client certificate in a proxy's header has at most 32 KiB; cheroot's own limit is none.
_MAX_HEADER_OCTETS = 64 * 1024
_GOODBYE = 1.0
_log = structlog.get_logger(__name__)


def bounded_server(
    address: tuple[str, int], application: "WSGIApplication", adapter: BuiltinSSLAdapter, *, max_body: int,
    patience: float = PATIENCE, reuse_port: bool = False,
) -> Server:  # fmt: skip
    """A TLS server with our limits, not yet bound; `max_body` octets are more than any page takes."""

    class Connection(_Connection):
        seconds = patience

    # cheroot counts whole seconds, and only between requests.
    server = Server(
        address,
        application,
        numthreads=_THREADS,
        timeout=max(1, round(patience)),
        shutdown_timeout=1,
        reuse_port=reuse_port,
    )
    server.max_request_header_size = _MAX_HEADER_OCTETS
    server.max_request_body_size = max_body
    server.ConnectionClass = Connection
    server.ssl_adapter = adapter
    return server


class LateAdapter(BuiltinSSLAdapter):
    """Wraps a connection without shaking hands: that is the worker's (`_Connection`)."""

    def __init__(self, certificate: str, private_key: str) -> None:
        super().__init__(certificate, private_key)
        self.context.sslsocket_class = _Socket

    def wrap(self, sock: Any) -> tuple[ssl.SSLSocket, dict[str, str]]:
        """What is known of the client comes with the handshake."""
        return self.context.wrap_socket(sock, do_handshake_on_connect=False, server_side=True), {}

    def makefile(self, sock: ssl.SSLSocket, mode: str = "r", bufsize: int = -1) -> StreamReader | StreamWriter:
        """Buffered files over the connection."""
        return _Reader(sock, mode, bufsize) if "r" in mode else StreamWriter(sock, mode, bufsize)


class _Socket(ssl.SSLSocket):
    """Every wait ends at one deadline; octets that were moved put it off by what they may take at the slowest."""

    _deadline = 0.0

    def allow(self, seconds: float) -> None:
        """From now on there are so many seconds, and what the octets earn."""
        self._deadline = time.monotonic() + seconds

    def do_handshake(self, block: bool = False) -> None:
        """Raises TimeoutError at the deadline, as every wait here does."""
        self._limit()
        super().do_handshake(block)

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """Octets that came earn the sender time, at the slowest rate that is borne."""
        self._limit()
        moved = super().recv_into(buffer, nbytes, flags)
        self._deadline += moved / SLOWEST
        return moved

    def send(self, data: Any, flags: int = 0) -> int:
        """Octets that were taken earn the reader time, as in `recv_into`."""
        self._limit()
        moved = super().send(data, flags)
        self._deadline += moved / SLOWEST
        return moved

    def _limit(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.settimeout(left)


class _Reader(StreamReader):
    """A second request may lie decrypted in OpenSSL, where no selector sees it."""

    def __init__(self, sock: ssl.SSLSocket, mode: str, bufsize: int) -> None:
        super().__init__(sock, mode, bufsize)
        self._tls = sock

    def has_data(self) -> bool:
        """Whether the next request can be read at once."""
        buffered: Callable[[], object] = super().has_data
        return bool(buffered()) or self._tls.pending() > 0


class _Headers(HeaderReader):
    """Without names that WSGI would take for another's: `X_Ssl_Client_Cert` is not the proxy's `X-Ssl-Client-Cert`.

    A folded line before any header is a bad request: cheroot itself would look for the header before it, and die.
    """

    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        """Read one request's headers; ValueError makes cheroot answer 400."""
        try:
            found: dict[bytes, bytes] = super().__call__(rfile, hdict)
        except UnboundLocalError as error:
            raise ValueError("a folded line before any header") from error
        return found

    def _allow_header(self, key_name: bytes) -> bool:
        return b"_" not in key_name


class _Request(HTTPRequest):
    header_reader = _Headers()


class _Connection(HTTPConnection):
    """A connection whose handshake is done by the worker that serves it, and whose requests have a deadline."""

    RequestHandlerClass = _Request

    seconds = PATIENCE
    _secured = False

    def communicate(self) -> bool:
        """Shake hands before the first request; True to keep the connection."""
        self._secured = self._secured or self._shake_hands()
        if not self._secured:
            return False
        self.socket.allow(self.seconds)
        answer: Callable[[], object] = super().communicate
        try:
            return bool(answer())
        except OSError:  # gone, or still silent, while it was told that it is too late
            return False

    def _conditional_error(self, req: Any, response: str) -> None:
        # The deadline has passed; this much is left for saying so.
        self.socket.allow(_GOODBYE)
        super()._conditional_error(req, response)  # type: ignore[misc]

    def _shake_hands(self) -> bool:
        self.socket.allow(self.seconds)
        try:
            self.socket.do_handshake()
            self.ssl_env = self.server.ssl_adapter.get_environ(self.socket)
        except OSError as error:  # plain HTTP, a port scan, a foreign certificate, a client that is silent or gone
            _log.debug("handshake failed", error=type(error).__name__)
            return False
        return True
