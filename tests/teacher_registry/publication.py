"""The CA's public face for tests: a tiny HTTP server with OCSP and CRLs whose content a test changes at
will.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from cryptography import x509
from cryptography.x509 import ocsp

from tests.teacher_registry.authority import NOW, Authority, Identity
from tests.teacher_registry.revocations import CrlWish, OcspWish, sign_crl, sign_ocsp


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        """Go on."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Publication:
    """What is published now. The `*_up` switches turn an address into 503."""

    authority: Authority
    clock: Clock
    reasons: dict[int, x509.ReasonFlags] = field(default_factory=dict)
    root_reasons: dict[int, x509.ReasonFlags] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)
    ocsp_up: bool = True
    crl_up: bool = True
    root_crl_up: bool = True
    answers_nonce: bool = True
    ocsp_signer: Identity | None = None
    raw_ocsp: bytes | None = None
    crl_number: int = 1
    ocsp_asked: int = 0
    url: str = ""
    true_time: datetime | None = None  # the CA's own, where the registry's clock is off

    def freeze(self, identity: Identity) -> None:
        """Put on hold; the CRL published from now on says so too."""
        self._change({**self.reasons, identity.certificate.serial_number: x509.ReasonFlags.certificate_hold})

    def revoke(self, identity: Identity) -> None:
        """For good."""
        self._change({**self.reasons, identity.certificate.serial_number: x509.ReasonFlags.affiliation_changed})

    def release(self, identity: Identity) -> None:
        """End the hold."""
        self._change({k: v for k, v in self.reasons.items() if k != identity.certificate.serial_number})

    def _now(self) -> datetime:
        return self.clock() if self.true_time is None else self.true_time

    def _change(self, reasons: dict[int, x509.ReasonFlags]) -> None:
        self.reasons = reasons
        self.crl_number += 1

    def answer_ocsp(self, request: bytes) -> bytes | None:
        """None: out of order."""
        self.ocsp_asked += 1
        if not self.ocsp_up:
            return None
        if self.raw_ocsp is not None:
            return self.raw_ocsp
        asked = ocsp.load_der_ocsp_request(request)
        nonces = [
            extension.value.nonce for extension in asked.extensions if isinstance(extension.value, x509.OCSPNonce)
        ]
        return sign_ocsp(
            OcspWish(
                self.authority.issuing,
                self.ocsp_signer or self.authority.ocsp_signer,
                asked.serial_number,
                at=self._now(),
                reason=self.reasons.get(asked.serial_number),
                unknown=asked.serial_number in self.unknown,
                nonce=nonces[0] if nonces and self.answers_nonce else None,
            )
        )

    def crl(self, path: str) -> bytes | None:
        """None: out of order, or no such list."""
        wish = CrlWish(number=self.crl_number, this_update=self._now(), next_update=self._now() + timedelta(hours=24))
        if path == "/crl/issuing.crl" and self.crl_up:
            return sign_crl(self.authority.issuing, CrlWish(**{**vars(wish), "entries": self.reasons}))
        if path == "/crl/root.crl" and self.root_crl_up:
            return sign_crl(self.authority.root, CrlWish(**{**vars(wish), "entries": self.root_reasons}))
        return None


def _handler(publication: Publication) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # Head and body in one piece: else the second waits 40 ms for the acknowledgement of the first.
        wbufsize = -1

        def do_GET(self) -> None:
            # RFC 6960 appendix A.1: nginx and browsers ask by GET.
            if self.path.startswith("/ocsp/"):
                request = base64.b64decode(unquote(self.path.removeprefix("/ocsp/")))
                self._answer(publication.answer_ocsp(request), "application/ocsp-response")
            else:
                self._answer(publication.crl(self.path), "application/pkix-crl")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(publication.answer_ocsp(body), "application/ocsp-response")

        def _answer(self, body: bytes | None, content_type: str) -> None:
            self.send_response(503 if body is None else 200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Silence."""

    return Handler


@contextmanager
def published(publication: Publication) -> Iterator[Publication]:
    """Serve it on a free port; `publication.url` says where."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(publication))
    publication.url = f"http://127.0.0.1:{server.server_port}"
    with running(partial(server.serve_forever, poll_interval=0.02), server.shutdown):
        yield publication
    server.server_close()


@contextmanager
def running(serve: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """Run a blocking server in a thread and end it."""
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()
