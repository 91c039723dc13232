"""How the parts are served: granian for publication, cheroot with TLS for console and API."""

import signal
import socket
import ssl
from contextlib import suppress
from pathlib import Path

from cheroot.wsgi import Server
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from ca_service.app import MAX_BODY, create_console
from ca_service.config import Config
from ca_service.domain.errors import Unavailable
from ca_service.telemetry.logs import note_server
from ca_service.tls_server import PATIENCE, LateAdapter, bounded_server
from ca_service.wiring import Wiring

# A thread waits for the body of its request until the connection ends (idle_connections.py): with two of them, two
# clients that send half a request would stop every OCSP answer. They are started as they are needed, and cost nothing
# until then.
_PUBLICATION_THREADS = 128
# Beyond it the server closes without a page; up to it the page says what is too large.
_FORM_AROUND = 1024 * 1024
# X509_V_FLAG_NO_CHECK_TIME of openssl/x509_vfy.h, which Python does not name.
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)


def publication(config: Config) -> None:
    """Serve OCSP, CRLs and CA certificates until SIGTERM; workers read the configuration from $EDUCA_CONFIG."""
    host, port = address(config.service.publication)
    Granian(
        "ca_service.app:create_publication",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=config.service.publication_workers,
        blocking_threads=_PUBLICATION_THREADS,
        http=HTTPModes.http1,
        backlog=4096,
        websockets=False,
        # A worker that dies is an error there; at each start it warns of the number of threads, which is on purpose.
        log_level=LogLevels.error,
        respawn_failed_workers=True,
    ).serve()


def console(wiring: Wiring) -> None:
    """Serve console and API over TLS until SIGTERM."""
    server = console_server(wiring)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        server.start()
    server.stop()


def console_server(wiring: Wiring, *, patience: float = PATIENCE) -> Server:
    """The console's TLS server, not yet started; it waits for nobody longer than `patience` (tls_server.py)."""
    service = wiring.config.service
    certificate, key = wiring.config.path(service.tls_certificate), wiring.config.path(service.tls_key)
    # Several processes may listen at one address; the kernel gives each connection to one of them.
    server = bounded_server(
        address(service.console), create_console(wiring), _tls(certificate, key), max_body=MAX_BODY + _FORM_AROUND,
        patience=patience, reuse_port=service.console_workers > 1,
    )  # fmt: skip
    server.error_log = note_server  # type: ignore[method-assign]
    if wiring.config.console.client_certificates:
        _ask_for_certificate(server.ssl_adapter.context, wiring)
    return server


def _tls(certificate: Path, key: Path) -> LateAdapter:
    adapter = LateAdapter(str(certificate), str(key))
    adapter.context.minimum_version = ssl.TLSVersion.TLSv1_2
    return adapter


def _ask_for_certificate(context: ssl.SSLContext, wiring: Wiring) -> None:
    """Ask the client for a certificate under our CA; who has none is served all the same.

    Its time is judged by us: OpenSSL would end the handshake, and the person would see no page that says why.
    """
    for der in wiring.ca_certificates().values():
        # As PEM: at the end of DER, OpenSSL takes an old error of this thread (a module just loaded) for a new one.
        context.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(der))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= _NO_CHECK_TIME


def require_free(*addresses: str) -> None:
    """Raise Unavailable when somebody else listens on one of the addresses."""
    for text in addresses:
        host, port = address(text)
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise Unavailable(
                    f"地址 {text} 无法使用（{error.strerror}）：请停止占用它的程序，或在 [service] 中改用其他端口。"
                ) from error


def address(text: str) -> tuple[str, int]:
    """Split `host:port`; an IPv6 address stands in brackets."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
