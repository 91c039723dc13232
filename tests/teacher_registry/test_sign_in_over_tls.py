"""The whole road: curl with a certificate, real TLS, a CA that publishes over HTTP."""

from __future__ import annotations

import http.client
import socket
import ssl
from contextlib import closing
from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from tlslite.errors import TLSAbruptCloseError, TLSRemoteAlert
from tlslite.handshakesettings import HandshakeSettings
from tlslite.tlsconnection import TLSConnection
from tlslite.utils.keyfactory import parsePEMKey
from tlslite.x509 import X509
from tlslite.x509certchain import X509CertChain

from teacher_registry.accounts.models import Act
from tests.teacher_registry.authority import NOW, Authority, Identity, Wish, certify
from tests.teacher_registry.conftest import Curl, Rows
from tests.teacher_registry.publication import Publication


def test_good_certificate_opens_the_page_of_its_unit(curl: Curl, admin: Identity, rows: Rows) -> None:
    answer = curl(admin)
    assert answer.status == 200
    assert "呼和浩特市第一试验小学" in answer.body
    assert "张萌" in answer.body
    (entry,) = rows.log()
    assert (entry.act, entry.holder_id, entry.unit_code) == (Act.SIGN_IN, "H000001", "150102001")


def test_without_a_certificate_the_page_says_how_to_get_one(curl: Curl) -> None:
    answer = curl(None)
    assert answer.status == 200
    assert "请用证书登录" in answer.body
    assert "仅限本人使用，不得外借" in answer.body


def test_frozen_is_seen_within_a_second_and_release_too(curl: Curl, admin: Identity, publication: Publication) -> None:
    assert curl(admin).status == 200
    publication.freeze(admin)
    publication.clock.pass_seconds(1)
    frozen = curl(admin)
    assert (frozen.status, "证书已冻结" in frozen.body) == (403, True)
    publication.release(admin)
    publication.clock.pass_seconds(1)
    assert curl(admin).status == 200


def client_context(curl: Curl, identity: Identity) -> ssl.SSLContext:
    """For clients that do what curl does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    pem = curl.folder / "client.pem"
    pem.write_bytes(identity.pem + identity.key_pem)
    context.load_cert_chain(pem)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_never_resumed(curl: Curl, admin: Identity, version: ssl.TLSVersion) -> None:
    """The key on the token is needed for each connection: pulled out is out."""
    context = client_context(curl, admin)
    context.minimum_version = context.maximum_version = version
    session = None
    for _ in range(2):
        plain = socket.create_connection(("127.0.0.1", curl.port), timeout=20)
        with context.wrap_socket(plain, session=session) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            page = b"".join(iter(lambda: connection.recv(65536), b""))
            assert (connection.session_reused, "张萌".encode() in page) == (False, True)
            session = connection.session


def test_tls_1_1_is_refused(curl: Curl) -> None:
    assert curl(None, "/", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0").status == 0


def test_freeze_ends_a_connection_that_is_already_open(curl: Curl, admin: Identity, publication: Publication) -> None:
    context = client_context(curl, admin)
    connection = http.client.HTTPSConnection("127.0.0.1", curl.port, context=context, timeout=20)
    with closing(connection):
        connection.request("GET", "/")
        first = connection.getresponse()
        first.read()
        opened = connection.sock
        publication.freeze(admin)
        publication.clock.pass_seconds(1)
        connection.request("GET", "/")
        assert (first.status, connection.getresponse().status) == (200, 403)
        assert connection.sock is opened


def test_revoked_is_named(curl: Curl, admin: Identity, publication: Publication, rows: Rows) -> None:
    publication.revoke(admin)
    answer = curl(admin)
    assert (answer.status, "证书已吊销" in answer.body) == (403, True)
    (entry,) = rows.log()
    assert (entry.act, entry.refusal, entry.certificate_serial) == (Act.REFUSED, "revoked", "1001")


def test_expired_gets_a_page_and_not_a_tls_alert(curl: Curl, authority: Authority, publication: Publication) -> None:
    expired = authority.administrator(not_before=NOW - timedelta(days=30), not_after=NOW - timedelta(seconds=1))
    answer = curl(expired)
    assert (answer.status, "证书已过期" in answer.body) == (403, True)
    assert publication.ocsp_asked == 0


def test_wrong_policy_is_named(curl: Curl, authority: Authority) -> None:
    staff = authority.administrator(policies=("2.25.1.2",))
    answer = curl(staff)
    assert (answer.status, "证书用途不符" in answer.body) == (403, True)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_foreign_and_wrong_purpose_get_a_page_and_not_a_tls_alert(
    curl: Curl, authority: Authority, stranger: Authority, rows: Rows, version: str
) -> None:
    """The key is proven by TLS, the certificate is judged by us."""
    only = (f"--tlsv{version}", "--tls-max", version)
    foreign = curl(stranger.administrator(), "/", *only)
    assert (foreign.status, "不是教育CA签发的证书" in foreign.body) == (403, True)
    server = curl(authority.administrator(usages=(ExtendedKeyUsageOID.SERVER_AUTH,)), "/", *only)
    assert (server.status, "证书用途不符" in server.body) == (403, True)
    assert [entry.refusal for entry in rows.log()] == ["foreign", "wrong-purpose"]


def test_self_signed_not_yet_valid_and_odd_certificates_get_their_page(curl: Curl, authority: Authority) -> None:
    early = authority.administrator(not_before=NOW + timedelta(days=1))
    for identity, title in [(certify(Wish()), "不是教育CA签发的证书"), (early, "证书尚未生效")]:
        answer = curl(identity)
        assert (answer.status, title in answer.body) == (403, True)


def page_for(curl: Curl, certificate: Identity, key: Identity) -> bytes:
    """The first octets of the answer to who shows `certificate` and signs with `key`.

    OpenSSL and GnuTLS refuse to offer a certificate with another's key; tlslite-ng lets us lie. TLS 1.2: in 1.3
    its ChangeCipherSpec comes at a place where OpenSSL 4 ends the handshake of anybody.
    """
    settings = HandshakeSettings()
    settings.maxVersion = (3, 3)
    chain = X509CertChain([X509().parse(certificate.pem.decode())])
    with socket.create_connection(("127.0.0.1", curl.port), timeout=20) as plain:
        connection = TLSConnection(plain)
        connection.handshakeClientCert(chain, parsePEMKey(key.key_pem.decode(), private=True), settings=settings)
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return bytes(connection.recv(15))


def test_a_certificate_without_its_key_does_not_pass_the_handshake(
    curl: Curl, admin: Identity, stranger: Authority
) -> None:
    """Accepting any certificate must not mean accepting any claim: CertificateVerify is still checked."""
    assert page_for(curl, admin, admin) == b"HTTP/1.1 200 OK"
    with pytest.raises((TLSRemoteAlert, TLSAbruptCloseError, ConnectionError)):
        page_for(curl, admin, stranger.administrator())


def test_ocsp_down_the_crl_decides(curl: Curl, admin: Identity, publication: Publication) -> None:
    publication.ocsp_up = False
    assert curl(admin).status == 200
    publication.freeze(admin)
    publication.clock.pass_seconds(16)
    assert "证书已冻结" in curl(admin).body


def test_ocsp_and_crl_down_nobody_enters(curl: Curl, admin: Identity, publication: Publication) -> None:
    publication.ocsp_up = publication.crl_up = False
    answer = curl(admin)
    assert (answer.status, "暂时无法确认证书状态" in answer.body) == (403, True)


def test_ocsp_answer_by_another_signer_is_refused_without_a_look_at_the_crl(
    curl: Curl, admin: Identity, stranger: Authority, publication: Publication
) -> None:
    publication.ocsp_signer = stranger.ocsp_signer
    answer = curl(admin)
    assert (answer.status, "暂时无法确认证书状态" in answer.body) == (403, True)


@pytest.mark.parametrize(
    "header",
    [
        "SSL_CLIENT_CERT",
        "X-SSL-Client-Cert",
        "Client-Cert",
        "X-Client-Cert",
        "X-Forwarded-Client-Cert",
        "teacher_registry.client_certificate",
        "SSL-Client-Verify",
    ],
)
def test_a_certificate_in_a_header_is_nobody(curl: Curl, admin: Identity, header: str) -> None:
    pem = admin.pem.decode().replace("\n", "%0A")
    answer = curl(None, "/", "-H", f"{header}: {pem}", "-H", "X-SSL-Client-Verify: SUCCESS")
    assert "请用证书登录" in answer.body
    assert "第一试验小学" not in answer.body


def test_curl_creates_lists_and_resets(curl: Curl, admin: Identity) -> None:
    accept = ("-H", "Accept: application/json")
    token = curl(admin, "/accounts", *accept).json()["csrf_token"]
    send = (*accept, "-H", f"X-CSRF-Token: {token}", "-H", "Content-Type: application/json")
    wish = '{"login": "wangfang", "name": "王芳", "kind": "training"}'
    made = curl(admin, "/accounts", *send, "-d", wish)
    assert made.status == 201
    account = made.json()["account"]["id"]
    reset = curl(admin, f"/accounts/{account}/reset", *send, "-d", "{}")
    assert reset.status == 200
    assert reset.json()["password"] != made.json()["password"]
    (listed,) = curl(admin, "/accounts", *accept).json()["accounts"]
    assert (listed["login"], listed["must_change_password"]) == ("wangfang", True)


def test_clients_that_never_finish_the_handshake_do_not_hold_up_the_others(curl: Curl, admin: Identity) -> None:
    silent = [socket.create_connection(("127.0.0.1", curl.port)) for _ in range(5)]
    try:
        silent[0].sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert curl(admin, "/", "--max-time", "5").status == 200
    finally:
        for connection in silent:
            connection.close()
