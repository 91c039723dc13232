"""Staff certificates: requested in the console, shown by mTLS to the real server, handed on by a proxy."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from flask import Flask

from ca_service.app import create_console
from ca_service.config import Config, ConsoleTable
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CertificateStatus, RevocationReason
from ca_service.domain.errors import Unauthenticated
from ca_service.domain.roles import Role
from ca_service.domain.sign_in import Method, Origin
from ca_service.domain.staff import Staff
from ca_service.servers import console_server
from ca_service.wiring import Wiring
from ca_service.workflows import certificate_status
from ca_service.workflows.ports import Services
from ca_service.workflows.sessions import open_session, resume
from ca_service.workflows.staff import disable_staff
from ca_service.workflows.staff_certificates import by_certificate, request_certificate
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office, actor
from tests.ca_service.web.nginx import nginx
from tests.ca_service.web.people import PASSWORD, Browser, account, code, token

pytestmark = pytest.mark.usefixtures("quick_hashes")
ON_SQLITE = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
_ORIGIN = Origin("192.0.2.1", "test")
_PROXY, _HEADER = "198.51.100.5", "X-Client-Certificate"


@pytest.fixture
def wiring(config: Config, clock: TestClock) -> Iterator[Wiring]:
    """Adapters whose console demands a second factor and knows a proxy."""
    made = Wiring(config.model_copy(update={"console": ConsoleTable(trusted_proxies=(_PROXY,))}), clock=clock)
    yield made
    made.issuing_sessions.drop()


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _csr(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whoever")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.DER)


def _certified(services: Services, staff: Staff, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    """A certificate of an account, as if requested from a session with both factors."""
    with services.begin() as uow:
        opened = open_session(services, uow, uow.staff.get(staff.login), Method.TOTP, _ORIGIN)
    found = resume(services, opened.identifier)
    assert found
    return request_certificate(services, *found, _csr(key or _key())).der or b""


def _pem(der: bytes) -> str:
    return ssl.DER_cert_to_PEM_cert(der)


def _refused(services: Services, der: bytes) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        by_certificate(services, der, _ORIGIN)
    with services.read() as uow:
        last = list(uow.audit.entries())[-1]
    assert last.tag == Tag.STAFF_REFUSED
    assert "certificate-" in last.detail
    return refusal.value.detail


def test_a_certificate_signs_its_account_in_until_it_is_frozen(services: Services) -> None:
    der = _certified(services, account(services))
    opened = by_certificate(services, der, _ORIGIN)
    assert opened.staff.login == "zhang"
    assert resume(services, opened.identifier)
    serial = f"{x509.load_der_x509_certificate(der).serial_number:x}"
    boss = actor(Role.REVIEWER)
    certificate_status.freeze(services, boss, serial, reason="lost")
    assert resume(services, opened.identifier) is None
    assert "冻结" in _refused(services, der)
    certificate_status.unfreeze(services, boss, serial, reason="found")
    assert by_certificate(services, der, _ORIGIN).staff.login == "zhang"
    certificate_status.revoke(services, boss, serial, reason="gone", crl_reason=RevocationReason.CESSATION_OF_OPERATION)
    assert "吊销" in _refused(services, der)


@ON_SQLITE
def test_the_subject_holds_an_opaque_name_and_nothing_of_the_login(services: Services) -> None:
    parsed = x509.load_der_x509_certificate(_certified(services, account(services, "zhang-san-login")))
    with services.read() as uow:
        holder_id = uow.staff.get("zhang-san-login").holder_id
    assert [a.value for a in parsed.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)] == [holder_id]
    assert "zhang-san-login" not in str(parsed.subject)


@ON_SQLITE
def test_what_is_no_staff_certificate_of_ours_signs_nobody_in(
    services: Services, office: Office, clock: TestClock
) -> None:
    assert "无法读取" in _refused(services, b"")
    assert "无法读取" in _refused(services, b"\x30\x03\x02\x01\x00")
    assert "人员证书" in _refused(services, office.enrolled().der or b"")
    der = _certified(services, account(services))
    theirs = x509.load_der_x509_certificate(der)
    forger = _key()
    builder = x509.CertificateBuilder(
        theirs.issuer, theirs.subject, forger.public_key(), theirs.serial_number,
        theirs.not_valid_before_utc, theirs.not_valid_after_utc, list(theirs.extensions),
    )  # fmt: skip
    forged = builder.sign(forger, hashes.SHA256()).public_bytes(Encoding.DER)
    assert "不是本系统签发" in _refused(services, forged)
    with services.begin() as uow:  # who writes the database has no issuing key
        (record,) = uow.certificates.find(serial=f"{theirs.serial_number:x}")
        uow.certificates.change(record, der=forged)
    assert "不是本系统签发" in _refused(services, forged)
    with services.begin() as uow:
        uow.certificates.change(record, der=der)
    clock.pass_time(days=366)
    assert "有效期" in _refused(services, der)


def test_a_closed_account_loses_its_certificates(services: Services) -> None:
    der = _certified(services, account(services))
    disable_staff(services, actor(Role.SECURITY_ADMIN), "zhang")
    assert "吊销" in _refused(services, der)
    with services.read() as uow:
        (record,) = uow.certificates.find(profile="staff")
    assert record.status is CertificateStatus.REVOKED


@ON_SQLITE
def test_a_certificate_is_requested_with_both_factors_and_two_at_the_most(
    services: Services, app: Flask, clock: TestClock
) -> None:
    account(services)
    browser = Browser.of(app)
    browser.sign_in()
    secret = browser.enrol(clock)

    def ask(key: ec.EllipticCurvePrivateKey, password: str = PASSWORD, who: Browser = browser) -> tuple[int, bytes]:
        request = (BytesIO(_csr(key)), "key.csr")
        answer = who.post("/account", "/account/certificates", csr=request, password=password)
        return answer.status_code, answer.data

    assert ask(_key(), "wrong")[0] == 422
    first = _key()
    status, file = ask(first)
    assert status == 200
    assert file.startswith(b"-----BEGIN CERTIFICATE-----")
    assert ask(first)[0] == 409
    assert ask(_key())[0] == 200
    assert ask(_key())[0] == 409
    serials = {f"{x509.load_pem_x509_certificate(file).serial_number:x}"}
    for serial in serials:
        assert browser.post("/account", f"/account/certificates/{serial}/revoke").status_code == 302
        assert browser.post("/account", f"/account/certificates/{serial}/revoke").status_code == 409
    assert ask(_key())[0] == 200
    clock.pass_time(minutes=2)
    rescued = Browser.of(app)
    rescued.sign_in()
    codes = browser.post("/account", "/second-factor/recovery-codes", password=PASSWORD).text
    rescued.post("/second-factor", code=codes.partition("<li>")[2].partition("</li>")[0])
    assert ask(_key(), who=rescued)[0] == 403
    assert code(secret, clock)


@pytest.mark.parametrize(
    ("peer", "header", "believed"),
    [(_PROXY, _HEADER, True), ("192.0.2.1", _HEADER, False), (_PROXY, "X-Another", False)],
)
@ON_SQLITE
def test_a_certificate_in_a_header_is_believed_from_the_configured_proxy_only(
    services: Services, app: Flask, peer: str, header: str, *, believed: bool
) -> None:
    der = _certified(services, account(services))
    browser = Browser.of(app, address=peer)
    browser.client.environ_base["HTTP_" + header.upper().replace("-", "_")] = quote(_pem(der))
    browser.client.environ_base["HTTP_X_FORWARDED_FOR"] = "203.0.113.1, 203.0.113.9"
    page = browser.get("/login")
    assert ("用人员证书登录" in page.text) is believed
    answer = browser.client.post("/login/certificate", data={"csrf_token": token(page)})
    assert answer.status_code == (302 if believed else 401)
    with services.read() as uow:
        last = list(uow.audit.entries())[-1]
    # The address before the last is the client's own word.
    assert ('"source":"203.0.113.9"' in last.detail) is (peer == _PROXY)


@contextmanager
def _served(wiring: Wiring) -> Iterator[str]:
    server = console_server(wiring)
    server.bind_addr = ("127.0.0.1", 0)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()


@ON_SQLITE
def test_the_real_server_takes_a_staff_certificate_and_serves_those_without(
    services: Services, wiring: Wiring, tmp_path: Path, clock: TestClock
) -> None:
    key = _key()
    der = _certified(services, account(services), key)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    (tmp_path / "staff.pem").write_text(private + _pem(der), encoding="ascii")
    context = ssl.create_default_context(cadata=_pem(wiring.ca_certificates()["root"]))
    with _served(wiring) as url:
        with httpx.Client(base_url=url, verify=context) as bare:
            assert "用人员证书登录" not in bare.get("/login").text
        context.load_cert_chain(tmp_path / "staff.pem")
        with httpx.Client(base_url=url, verify=context) as client:
            page = client.get("/login").text
            assert "用人员证书登录" in page
            csrf = page.partition('name="csrf_token" value="')[2].partition('"')[0]
            assert client.post("/login/certificate", data={"csrf_token": csrf}).headers["Location"] == "/overview"
            assert client.get("/overview").status_code == 200
            clock.passed += timedelta(days=366)
            assert client.get("/overview").status_code == 302


@ON_SQLITE
def test_nginx_hands_the_certificate_on(services: Services, wiring: Wiring, tmp_path: Path) -> None:
    key = _key()
    der = _certified(services, account(services), key)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    (tmp_path / "staff.pem").write_text(private + _pem(der), encoding="ascii")
    table = ConsoleTable(trusted_proxies=("127.0.0.1",))
    behind = Wiring(wiring.config.model_copy(update={"console": table}), clock=wiring.clock)
    context = ssl.create_default_context(cadata=_pem(wiring.ca_certificates()["root"]))
    context.load_cert_chain(tmp_path / "staff.pem")
    with _served(behind) as upstream, nginx(tmp_path, behind, upstream) as url:
        with httpx.Client(base_url=url, verify=context) as client:
            csrf = client.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
            assert client.post("/login/certificate", data={"csrf_token": csrf}).headers["Location"] == "/overview"
            assert client.get("/overview").status_code == 200
        bare = ssl.create_default_context(cadata=_pem(wiring.ca_certificates()["root"]))
        liar = {"X-Client-Certificate": quote(_pem(der))}
        with httpx.Client(base_url=url, verify=bare, headers=liar) as client:
            assert "用人员证书登录" not in client.get("/login").text
    behind.issuing_sessions.drop()


@ON_SQLITE
def test_a_server_that_does_not_ask_gets_none(wiring: Wiring) -> None:
    silent = ConsoleTable(client_certificates=False)
    config = wiring.config.model_copy(update={"console": silent})
    server = console_server(Wiring(config))
    assert server.ssl_adapter.context.verify_mode is ssl.CERT_NONE
    assert create_console(Wiring(config))
