"""What one client may cost, whichever way it came."""

from pathlib import Path
from typing import Any

from cheroot.server import HeaderReader, HTTPRequest
from cheroot.wsgi import Server

# A person may hold a thread while typing the PIN (Firefox keeps the handshake open): there must be more of them
# than people at that dialog at once.
_THREADS = 48
_TIMEOUT_SECONDS = 10
_BACKLOG = 256
_MAX_HEADER_OCTETS = 24 * 1024
# The largest body is a spreadsheet; each page sets its own, smaller limit.
MAX_BODY_OCTETS = 2 * 1024 * 1024
# From the first octet of a request to the last of its answer, the time on the wire.
REQUEST_SECONDS = 30.0


class _Server(Server):
    """cheroot's, but for the door of a Unix socket: who listens there is another user than who knocks."""

    def prepare(self) -> None:
        """Bind. The umask leaves a socket to its owner; who is at the other end is asked of the kernel (proxied.py)."""
        super().prepare()
        if isinstance(self.bind_addr, str):
            Path(self.bind_addr).chmod(0o666)


class StrictHeaders(HeaderReader):
    """A folded line before any header is a bad request: cheroot itself would look for the header before it, and die."""

    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        """Read one request's headers; ValueError makes cheroot answer 400."""
        try:
            found: dict[bytes, bytes] = super().__call__(rfile, hdict)
        except UnboundLocalError as error:
            raise ValueError("a folded line before any header") from error
        return found


class StrictRequest(HTTPRequest):
    """A request whose headers are read so."""

    header_reader = StrictHeaders()


def bounded_server(address: tuple[str, int] | str, application: Any) -> Server:
    """A cheroot server with our limits, without TLS, not yet bound."""
    server = _Server(
        address,
        application,
        numthreads=_THREADS,
        timeout=_TIMEOUT_SECONDS,
        server_name="registry",
        request_queue_size=_BACKLOG,
        peercreds_enabled=True,
    )
    server.max_request_header_size = _MAX_HEADER_OCTETS
    server.max_request_body_size = MAX_BODY_OCTETS
    return server
