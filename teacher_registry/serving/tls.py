"""TLS of the embedded server: who asks for the certificate, and who judges it.

OpenSSL proves that the client holds the key of the certificate it sent (CertificateVerify, RFC 8446 §4.4.3;
RFC 5246 §7.4.8). Whether that certificate opens anything is judged by the gate, for each request. So the
verify callback accepts every certificate: a foreign or wrong-purpose one must reach a page in Chinese, and
Python's own `ssl` can only end such a handshake with an alert.
"""

import errno
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from OpenSSL import SSL, crypto

_Result = TypeVar("_Result")


def tls_context(certificate: Path, key: Path, hints: list[Path]) -> SSL.Context:
    """TLS 1.2 or later; the certificate is asked for, not demanded; no resumption, no renegotiation.

    `hints` are PEM files of the CAs whose certificates a browser should offer; they decide nothing. Raises
    OSError or `SSL.Error` if a file cannot be used.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.use_certificate_chain_file(str(certificate))
    context.use_privatekey_file(str(key))
    context.check_privatekey()
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    # The client's chain is not followed: whatever it sends costs nothing but its parsing.
    context.set_verify_depth(0)
    for hint in hints:
        context.add_client_ca(x509.load_pem_x509_certificate(hint.read_bytes()))
    # A resumed session would carry a certificate whose key nobody proves any more: a token pulled out stays in.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_session_id(b"registry")
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE)
    return context


class TlsSocket:
    """What cheroot asks of a socket, over a TLS connection; used by one thread at a time.

    Every wait ends at a deadline that `allow` sets for a whole request, so that a client which sends one octet
    a second does not keep a thread for ever. Then, as with a socket, TimeoutError("timed out") is raised.
    """

    def __init__(self, context: SSL.Context, plain: socket.socket) -> None:
        plain.setblocking(False)
        self._plain = plain
        self._tls = SSL.Connection(context, plain)
        self._tls.set_accept_state()
        self._deadline = time.monotonic()

    def allow(self, seconds: float) -> None:
        """From now on there are so many seconds for all that follows."""
        self._deadline = time.monotonic() + seconds

    def do_handshake(self) -> None:
        """Raises OSError if there is no TLS, or no proof of the certificate's key."""
        self._call(self._tls.do_handshake)

    def client_certificate(self) -> bytes | None:
        """The certificate that this connection proved to hold the key of, DER; nothing else is proven."""
        certificate = self._tls.get_peer_certificate()
        return None if certificate is None else crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)

    def recv_into(self, buffer: memoryview) -> int:
        """0 at the end, also at one that was not announced: HTTP knows its own lengths."""
        try:
            return self._call(lambda: self._tls.recv_into(buffer))
        except (SSL.ZeroReturnError, ConnectionResetError):
            return 0

    def send(self, octets: bytes) -> int:
        """How many octets TLS has taken, perhaps not all; blocks at most until the deadline."""
        return self._call(lambda: self._tls.send(octets))

    def pending(self) -> int:
        """Octets already decrypted, of which the selector cannot know."""
        return self._tls.pending()

    def fileno(self) -> int:
        """Of the TCP connection: what the selector waits for is not TLS yet."""
        return self._plain.fileno()

    def shutdown(self, how: int) -> None:
        """Say goodbye without waiting for the answer, then end the connection."""
        with suppress(SSL.Error):
            self._tls.shutdown()
        self._plain.shutdown(how)

    def close(self) -> None:
        """Free the descriptor; `shutdown` has said goodbye."""
        self._plain.close()

    def _decref_socketios(self) -> None:
        """socket.SocketIO calls it when a file over this socket is closed."""

    def _call(self, operation: Callable[[], _Result]) -> _Result:
        while True:
            try:
                return operation()
            except SSL.WantReadError:
                self._wait(select.POLLIN)
            except SSL.WantWriteError:
                self._wait(select.POLLOUT)
            except SSL.ZeroReturnError:
                raise
            except SSL.SysCallError as error:
                raise ConnectionResetError(errno.ECONNRESET, "the client went away") from error
            except SSL.Error as error:
                raise ConnectionAbortedError(errno.ECONNABORTED, "TLS failed") from error

    def _wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self._plain, event)
        left = self._deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError("timed out")
