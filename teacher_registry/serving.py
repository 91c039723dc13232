"""TLS and HTTP in one process (cheroot), for a small deployment and for tests.

The client certificate is asked for, not demanded: who has none gets a page that says how to get one. OpenSSL
still ends the handshake with an alert when a certificate does not chain to the pinned CA or is not for
clients, and Python's `ssl` offers no way to go on; such a handshake is recorded, but its person sees the
browser's error, not our page. Everything else, also an expired certificate, reaches the pages and is judged
there.
"""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from cheroot.server import HTTPConnection
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Gateway_10, Server

from teacher_registry.config import Config
from teacher_registry.refusal import RefusalKind
from teacher_registry.web.guard import CLIENT_CERTIFICATE

# openssl/x509_vfy.h; not named by Python. Time is judged by us, so that "expired" is a page and not an alert.
_X509_V_FLAG_NO_CHECK_TIME = 0x200000
_X509_V_ERR_INVALID_PURPOSE = 26

_THREADS = 16
_TIMEOUT_SECONDS = 10
_MAX_HEADER_OCTETS = 16 * 1024
_MAX_BODY_OCTETS = 64 * 1024
_log = structlog.get_logger(__name__)

TlsRefused = Callable[[RefusalKind], None]


class _Adapter(BuiltinSSLAdapter):
    """Wraps without shaking hands: cheroot wraps in its one accepting thread, where a silent client would
    stop all.
    """

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, str]]:
        """The handshake follows in the worker (`_Connection`)."""
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, {"wsgi.url_scheme": "https"}


class _Connection(HTTPConnection):
    """A connection whose handshake is done by the worker that serves it."""

    on_tls_refused: TlsRefused
    _secured = False

    def communicate(self) -> bool:
        """Shake hands before the first request; True to keep the connection."""
        self._secured = self._secured or self._shake_hands()
        if not self._secured:
            return False
        answer: Callable[[], object] = super().communicate
        return bool(answer())

    def _shake_hands(self) -> bool:
        try:
            self.socket.do_handshake()
        except ssl.SSLCertVerificationError as error:
            wrong_purpose = error.verify_code == _X509_V_ERR_INVALID_PURPOSE
            self.on_tls_refused(RefusalKind.WRONG_PURPOSE if wrong_purpose else RefusalKind.FOREIGN)
            return False
        except (
            OSError,
            ValueError,
        ) as error:  # plain HTTP, a port scan, a client that went away, 10 s of silence
            _log.debug("handshake failed", error=type(error).__name__)
            return False
        return True


class _Gateway(Gateway_10):
    """Hands the certificate of the TLS session to the application, under a name that no header can take."""

    def __init__(self, req: Any) -> None:
        """Read the certificate from the socket anew for each request."""
        super().__init__(req)
        self.env[CLIENT_CERTIFICATE] = req.conn.socket.getpeercert(binary_form=True)


def build_server(config: Config, application: Any, on_tls_refused: TlsRefused) -> Server:
    """A server, not yet bound: `prepare()` binds, `serve()` blocks, `stop()` ends it from another thread.

    `application` is WSGI. Raises OSError or ssl.SSLError if the TLS files cannot be used.
    """
    server = Server(config.listen, application, numthreads=_THREADS, timeout=_TIMEOUT_SECONDS, server_name="registry")
    server.gateway = _Gateway
    server.ConnectionClass = type("Connection", (_Connection,), {"on_tls_refused": staticmethod(on_tls_refused)})
    server.max_request_header_size = _MAX_HEADER_OCTETS
    server.max_request_body_size = _MAX_BODY_OCTETS
    adapter = _Adapter(str(config.tls_certificate), str(config.tls_key))
    adapter.context = tls_context(config.tls_certificate, config.tls_key, [config.anchor, config.issuing])
    server.ssl_adapter = adapter
    return server


def tls_context(certificate: Path, key: Path, pinned: list[Path]) -> ssl.SSLContext:
    """TLS 1.2 or later, client certificate optional, only the pinned CAs, no resumption."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    for path in pinned:
        context.load_verify_locations(path)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VerifyFlags(_X509_V_FLAG_NO_CHECK_TIME)
    # A resumed session would carry a certificate whose key nobody proves any more: a token pulled out stays
    # in.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context
