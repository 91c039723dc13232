"""RFC 9440 by a real proxy: HAProxy with the configuration of docs/proxies/haproxy.cfg."""

from __future__ import annotations

import base64
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from teacher_registry.serving import build_server
from teacher_registry.web.app import create_app
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.wiring import build_registry
from tests.teacher_registry.authority import NOW, Authority, Identity, Wish, certify
from tests.teacher_registry.conftest import CHEAP, Curl
from tests.teacher_registry.nginx import free_port
from tests.teacher_registry.publication import Publication, running
from tests.teacher_registry.test_behind_nginx import SIGN_IN, behind

DOCUMENTED = Path(__file__).parents[2] / "docs" / "proxies" / "haproxy.cfg"


@pytest.fixture
def proxied(tmp_path: Path, config_file: Path, publication: Publication, authority: Authority) -> Iterator[Curl]:
    """HAProxy on a port, the registry on another behind it."""
    config = behind(config_file, listen="127.0.0.1:0", proxy="127.0.0.1", proxy_format="rfc9440")
    server = build_server(config, create_app(build_registry(config, publication.clock, CHEAP), CsrfTokens(bytes(32))))
    server.expiration_interval = 0.02
    server.prepare()
    (tmp_path / "hints.pem").write_bytes(authority.root.pem + authority.issuing.pem)
    (tmp_path / "both.pem").write_bytes((tmp_path / "tls.pem").read_bytes() + (tmp_path / "tls.key").read_bytes())
    port = free_port()
    text = DOCUMENTED.read_text()
    for old, new in {
        "bind :9443": f"bind 127.0.0.1:{port}",
        "127.0.0.1:9444\n": f"127.0.0.1:{server.bind_addr[1]}\n",
        "/etc/educa/registry-with-key.pem": str(tmp_path / "both.pem"),
        "/etc/educa/hints.pem": str(tmp_path / "hints.pem"),
    }.items():
        assert old in text, f"{old} is not in the documented configuration"
        text = text.replace(old, new)
    (tmp_path / "haproxy.cfg").write_text(text)
    curl = Curl(port, tmp_path)
    command = [shutil.which("haproxy") or "/usr/sbin/haproxy", "-q", "-db", "-f", str(tmp_path / "haproxy.cfg")]
    with running(server.serve, server.stop), subprocess.Popen(command) as proxy:
        try:
            deadline = time.monotonic() + 20
            while curl(None, "/healthz").status != 200:
                assert proxy.poll() is None
                assert time.monotonic() < deadline, "HAProxy does not start"
            yield curl
        finally:
            proxy.terminate()


def test_each_certificate_gets_its_page(
    proxied: Curl, admin: Identity, authority: Authority, stranger: Authority, publication: Publication
) -> None:
    good = proxied(admin)
    assert (good.status, "第一试验小学" in good.body, SIGN_IN in proxied(None).body) == (200, True, True)
    frozen = authority.administrator(serial=0x51)
    publication.freeze(frozen)
    expired = authority.administrator(not_before=NOW - timedelta(days=30), not_after=NOW - timedelta(seconds=1))
    cases = [
        (stranger.administrator(), "不是教育CA签发的证书"),
        (certify(Wish()), "不是教育CA签发的证书"),
        (authority.administrator(usages=(ExtendedKeyUsageOID.SERVER_AUTH,)), "证书用途不符"),
        (expired, "证书已过期"),
        (frozen, "证书已冻结"),
    ]
    for identity, title in cases:
        answer = proxied(identity)
        assert (answer.status, title in answer.body) == (403, True), title


def test_a_smuggled_header_is_nobody(proxied: Curl, admin: Identity, neighbour: Identity) -> None:
    value = f":{base64.b64encode(neighbour.der).decode()}:"
    for name in ("Client-Cert", "client-cert", "Client_Cert"):
        assert SIGN_IN in proxied(None, "/", "-H", f"{name}: {value}").body
    own = proxied(admin, "/", "-H", f"Client-Cert: {value}")
    assert (own.status, "第一试验小学" in own.body) == (200, True)
