"""A stand-in for the CA's account feed: real TLS, real JWS, made by PyJWT with a key that the test CA certified.

The CA's own feed is built elsewhere; the contract is docs/api.md. `tamper` lets a test damage a page on its way.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt.api_jws
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from tests.teacher_registry.authority import NOW, Authority, Identity
from tests.teacher_registry.publication import Clock, running

FEED_POLICY = "2.25.311013952075092845104118883279420240379.1.7"
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
TOKEN = "stand-in-token"
_LOCALHOST = ipaddress.ip_address("127.0.0.1")
TYPE = "educa-account-events+jws"


def feed_signer(authority: Authority, **deviation: Any) -> Identity:
    """What the CA's profile feed-signer makes."""
    wish = {
        "common_name": "教育CA账号变更签名",
        "serial": 0xFEED,
        "holder_id": None,
        "unit_code": None,
        "usages": (DOCUMENT_SIGNING,),
        "policies": (FEED_POLICY,),
        "not_after": NOW + timedelta(days=365),
    }
    return authority.administrator(**{**wish, **deviation})


@dataclass
class StandInFeed:
    """Events so far; each page is signed when asked for."""

    authority: Authority
    clock: Clock
    signer: Identity
    events: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 3
    up: bool = True
    typ: str = TYPE
    header: dict[str, Any] = field(default_factory=dict)
    change_payload: Callable[[dict[str, Any]], Any] = lambda payload: payload
    tamper: Callable[[bytes], bytes] = lambda jws: jws
    asked: list[int] = field(default_factory=list)
    url: str = ""

    def add(self, kind: str, holder: str = "H000001", unit: str = "150102001", **more: Any) -> None:
        """The CA decided something about a holder."""
        seq = len(self.events) + 1
        event = {"seq": seq, "kind": kind, "holder": holder, "unit": unit, "at": _z(self.clock())}
        self.events.append({**event, "change": f"C{seq:06d}", "certificates": ["1001"], **more})

    def page(self, after: int, limit: int) -> bytes:
        """A compact JWS."""
        rows = self.events[after : after + min(limit, self.page_size)]
        payload = {
            "version": 1,
            "issuer": "issuing",
            "after": after,
            "next": after + len(rows),
            "head": len(self.events),
            "at": _z(self.clock()),
            "events": rows,
        }
        chain = [base64.b64encode(der).decode() for der in (self.signer.der, self.authority.issuing.der)]
        content = json.dumps(self.change_payload(payload), ensure_ascii=False).encode()
        headers = {"typ": self.typ, "x5c": chain, **self.header}
        key: Any = self.signer.key
        return self.tamper(jwt.api_jws.encode(content, key, algorithm="ES256", headers=headers).encode())


def _z(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _handler(feed: StandInFeed) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # Head and body in one piece: else the second waits 40 ms for the acknowledgement of the first.
        wbufsize = -1

        def do_GET(self) -> None:
            if not feed.up:
                return self._answer(503, b"")
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                return self._answer(401, b"")
            query = parse_qs(urlsplit(self.path).query)
            after, limit = int(query["after"][0]), int(query["limit"][0])
            feed.asked.append(after)
            return self._answer(200, feed.page(after, limit))

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/jose")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silence."""

    return Handler


@contextmanager
def serving_feed(feed: StandInFeed, folder: Path) -> Iterator[StandInFeed]:
    """Serve it over TLS on a free port, with a certificate of the test CA."""
    host = feed.authority.administrator(
        common_name="127.0.0.1",
        serial=0x7157,
        usages=(ExtendedKeyUsageOID.SERVER_AUTH,),
        policies=(),
        not_after=NOW + timedelta(days=365),
        key=ec.generate_private_key(ec.SECP256R1()),
        extra=((x509.SubjectAlternativeName([x509.IPAddress(_LOCALHOST)]), False),),
    )
    pem = folder / "feed-server.pem"
    pem.write_bytes(host.pem + feed.authority.issuing.pem + host.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(feed))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    feed.url = f"https://127.0.0.1:{server.server_port}/api/v1/account-events"
    with running(partial(server.serve_forever, poll_interval=0.02), server.shutdown):
        yield feed
    server.server_close()
