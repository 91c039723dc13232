"""The registry behind a real nginx, with the configuration of docs/proxies/nginx.conf."""

from __future__ import annotations

import base64
import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from teacher_registry.config import Config, ConfigError, load_config
from teacher_registry.serving import build_server
from teacher_registry.serving.certificate_header import UNREADABLE, from_client_cert, from_escaped_pem
from teacher_registry.web.app import create_app
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.wiring import Registry, build_registry
from tests.teacher_registry.authority import NOW, Authority, Identity, Wish, certify
from tests.teacher_registry.conftest import CHEAP, Curl, Rows
from tests.teacher_registry.nginx import free_port, nginx
from tests.teacher_registry.publication import Publication, running

DOCUMENTED = Path(__file__).parents[2] / "docs" / "proxies" / "nginx.conf"
SIGN_IN = "请用证书登录"


def behind(config_file: Path, **keys: str) -> Config:
    """The same configuration behind a proxy."""
    lines = [line for line in config_file.read_text().splitlines() if not line.startswith(("listen", "tls_"))]
    config_file.write_text("\n".join([*lines, *(f'{key} = "{value}"' for key, value in keys.items())]))
    return load_config(config_file)


@pytest.fixture
def proxied(tmp_path: Path, config_file: Path, publication: Publication, authority: Authority) -> Iterator[Curl]:
    """nginx on a port, the registry on a Unix socket behind it."""
    config = behind(config_file, listen="unix:registry.sock", proxy=getpass.getuser())
    (tmp_path / "hints.pem").write_bytes(authority.root.pem + authority.issuing.pem)
    port = free_port()
    replaced = {
        "listen 9443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/run/educa/registry.sock": str(tmp_path / "registry.sock"),
        "/etc/educa/tls/registry.pem": str(tmp_path / "tls.pem"),
        "/etc/educa/tls/registry.key": str(tmp_path / "tls.key"),
        "/etc/educa/hints.pem": str(tmp_path / "hints.pem"),
    }
    registry = build_registry(config, publication.clock, CHEAP)
    with ExitStack() as stack:
        stack.enter_context(served(config, registry))
        stack.enter_context(nginx(tmp_path, DOCUMENTED.read_text(), replaced))
        yield Curl(port, tmp_path)


def served(config: Config, registry: Registry) -> ExitStack:
    """The registry's own server, running."""
    server = build_server(config, create_app(registry, CsrfTokens(bytes(32))))
    server.expiration_interval = 0.02
    server.prepare()
    stack = ExitStack()
    stack.enter_context(running(server.serve, server.stop))
    return stack


@pytest.fixture
def rows(config_file: Path) -> Rows:
    """What was written."""
    return Rows(load_config(config_file).database)


def test_a_good_certificate_opens_its_unit_and_none_gets_the_explanation(proxied: Curl, admin: Identity) -> None:
    answer = proxied(admin)
    assert (answer.status, "呼和浩特市第一试验小学" in answer.body) == (200, True)
    nobody = proxied(None)
    assert (nobody.status, SIGN_IN in nobody.body) == (200, True)


def test_each_bad_certificate_gets_its_page_and_not_nginxs(
    proxied: Curl, authority: Authority, stranger: Authority, publication: Publication
) -> None:
    frozen, revoked = authority.administrator(serial=0x51), authority.administrator(serial=0x52)
    publication.freeze(frozen)
    publication.revoke(revoked)
    expired = authority.administrator(not_before=NOW - timedelta(days=30), not_after=NOW - timedelta(seconds=1))
    cases = [
        (stranger.administrator(), "不是教育CA签发的证书"),
        (certify(Wish()), "不是教育CA签发的证书"),
        (authority.administrator(usages=(ExtendedKeyUsageOID.SERVER_AUTH,)), "证书用途不符"),
        (authority.administrator(policies=("2.25.1.2",)), "证书用途不符"),
        (expired, "证书已过期"),
        (frozen, "证书已冻结"),
        (revoked, "证书已吊销"),
    ]
    for identity, title in cases:
        answer = proxied(identity)
        assert (answer.status, title in answer.body) == (403, True), title


def test_frozen_is_thrown_out_within_a_second_and_comes_back(
    proxied: Curl, admin: Identity, publication: Publication
) -> None:
    assert proxied(admin).status == 200
    publication.freeze(admin)
    publication.clock.pass_seconds(1)
    assert "证书已冻结" in proxied(admin).body
    publication.release(admin)
    publication.clock.pass_seconds(1)
    assert proxied(admin).status == 200


@pytest.mark.parametrize(
    "header", ["X-SSL-Client-Cert", "x-ssl-client-cert", "X_SSL_Client_Cert", "X-SSL_Client-Cert", "Client-Cert"]
)
def test_a_smuggled_certificate_is_nobody(proxied: Curl, admin: Identity, header: str) -> None:
    pem = admin.pem.decode()
    for value in (quote(pem), f":{base64.b64encode(admin.der).decode()}:"):
        assert SIGN_IN in proxied(None, "/", "-H", f"{header}: {value}").body


def test_a_smuggled_certificate_does_not_replace_the_own_one(
    proxied: Curl, admin: Identity, neighbour: Identity
) -> None:
    smuggled = f"X-SSL-Client-Cert: {quote(neighbour.pem.decode())}"
    answer = proxied(admin, "/", "-H", smuggled, "-H", "Connection: keep-alive, X-SSL-Client-Cert")
    assert (answer.status, "第一试验小学" in answer.body, "第二试验小学" in answer.body) == (200, True, False)


def raw(connection: socket.socket, *headers: str) -> str:
    """One request, written by hand; a reset connection is an empty answer."""
    head = "\r\n".join(["GET / HTTP/1.1", "Host: localhost", "Connection: close", *headers])
    try:
        connection.sendall(f"{head}\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    except ConnectionError:
        return ""


@pytest.fixture
def rfc9440(config_file: Path, publication: Publication) -> Iterator[tuple[str, int]]:
    """The registry for a proxy at 127.0.0.1 that writes Client-Cert (RFC 9440); no proxy stands before it here."""
    config = behind(config_file, listen="127.0.0.1:0", proxy="127.0.0.1", proxy_format="rfc9440")
    server = build_server(config, create_app(build_registry(config, publication.clock, CHEAP), CsrfTokens(bytes(32))))
    server.expiration_interval = 0.02
    server.prepare()
    with running(server.serve, server.stop):
        yield server.bind_addr


def test_client_cert_by_rfc_9440_signs_in(rfc9440: tuple[str, int], admin: Identity) -> None:
    own = f":{base64.b64encode(admin.der).decode()}:"
    for headers, seen in [
        ((f"Client-Cert: {own}",), "第一试验小学"),
        ((), SIGN_IN),
        (("Client-Cert: ",), SIGN_IN),
        (("Client-Cert: :AAAA:",), "证书内容有误"),
        (("Client-Cert: " + own.strip(":"),), "证书内容有误"),
        ((f"X-SSL-Client-Cert: {quote(admin.pem.decode())}",), SIGN_IN),
        ((f"Client_Cert: {own}",), SIGN_IN),
        ((f"Client-Cert: {own}", f"Client-Cert: {own}"), "400 Bad Request"),
        (("Client-Cert: :AAAA:", f" {own}"), "400 Bad Request"),
    ]:
        with socket.create_connection(rfc9440, timeout=20) as connection:
            assert seen in raw(connection, *headers), headers


def test_another_address_than_the_proxys_is_not_served(rfc9440: tuple[str, int], admin: Identity) -> None:
    """127.0.0.2 is this machine too, but not the configured proxy."""
    with socket.socket() as connection:
        connection.settimeout(20)
        connection.bind(("127.0.0.2", 0))
        connection.connect(rfc9440)
        assert raw(connection, f"Client-Cert: :{base64.b64encode(admin.der).decode()}:") == ""


def test_another_user_than_the_proxys_is_not_served(
    config_file: Path, publication: Publication, admin: Identity, tmp_path: Path
) -> None:
    other = "nobody" if getpass.getuser() != "nobody" else "daemon"
    config = behind(config_file, listen="unix:registry.sock", proxy=other)
    with served(config, build_registry(config, publication.clock, CHEAP)), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(tmp_path / "registry.sock"))
        assert raw(connection, f"X-SSL-Client-Cert: {quote(admin.pem.decode())}") == ""


def test_a_user_that_does_not_exist_does_not_start(config_file: Path) -> None:
    config = behind(config_file, listen="unix:registry.sock", proxy="no-such-user")
    with pytest.raises(ConfigError, match="no such user"):
        build_server(config, None)


@pytest.mark.parametrize(
    ("listen", "proxy"), [("unix:x", ""), ("unix:x", "127.0.0.1"), ("127.0.0.1:0", "www-data"), ("127.0.0.1:0", "host")]
)
def test_a_socket_needs_a_user_and_a_port_an_address(config_file: Path, listen: str, proxy: str) -> None:
    with pytest.raises(ConfigError):
        behind(config_file, listen=listen, proxy=proxy)


def test_only_the_exact_formats_are_read(admin: Identity) -> None:
    pem, text = admin.pem.decode(), base64.b64encode(admin.der).decode()
    assert from_escaped_pem(quote(pem).encode()) == admin.der
    assert from_client_cert(f":{text}:".encode()) == admin.der
    for bad in [
        "",
        "%",
        "-----BEGIN CERTIFICATE-----%0A-----END CERTIFICATE-----",
        quote(pem + pem),
        quote(pem[1:]),
        text,
    ]:
        assert from_escaped_pem(bad.encode()) == UNREADABLE, bad
    for bad in ["", "::", text, f":{text}", f":{text}::", f":{text};a=1:", f":{text[:-1]}:", ":é:"]:
        assert from_client_cert(bad.encode()) == UNREADABLE, bad


def test_nginx_reaches_the_socket_though_the_registry_hides_its_own_files(config_file: Path) -> None:
    """Another user than the registry's connects to it: that takes the right to write to the socket."""
    config = behind(config_file, listen="unix:registry.sock", proxy=getpass.getuser())
    server = build_server(config, None)
    before = os.umask(0o077)
    try:
        server.prepare()
        assert Path(str(config.listen)).stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)
        server.stop()
