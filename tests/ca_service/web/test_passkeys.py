"""Passkeys as second factor; the authenticator is software here, a virtual one in Chromium in tests/e2e."""

import hashlib
import html
import json
from dataclasses import dataclass, field

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from webauthn.helpers import bytes_to_base64url

from ca_service.app import create_console
from ca_service.config import Config, ConsoleTable
from ca_service.domain.audit import Tag
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Services
from tests.ca_service.conftest import TestClock
from tests.ca_service.web.people import PASSWORD, Browser, account

_SITE = "https://ca.example.cn:8443"
pytestmark = [pytest.mark.usefixtures("quick_hashes"), pytest.mark.parametrize("config", ["sqlite"], indirect=True)]


@pytest.fixture
def wiring(config: Config, clock: TestClock) -> Wiring:
    """A console that is known by a name: WebAuthn knows no passkeys for addresses."""
    service = config.service.model_copy(update={"console_url": _SITE})
    return Wiring(config.model_copy(update={"console": ConsoleTable(), "service": service}), clock=clock)


@pytest.fixture
def browser(app: Flask, services: Services) -> Browser:
    account(services)
    made = Browser.of(app)
    made.sign_in()
    return made


@dataclass
class SoftwareKeyInPlaceOfAuthenticator:
    """Stands for a security key: answers as WebAuthn Level 2 §6 says, with an attestation of nothing."""

    site: str = _SITE
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = b"credential-0001!"
    count: int = 0

    def _data(self, *, attested: bytes = b"") -> bytes:
        self.count += 1
        host = self.site.removeprefix("https://").partition(":")[0]
        flags = 0x05 | (0x40 if attested else 0)  # user present, user verified, attested data
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4) + attested

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.site}).encode()

    def _answer(self, **response: bytes) -> str:
        name = bytes_to_base64url(self.id)
        parts = {key: bytes_to_base64url(value) for key, value in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": parts})

    def create(self, options: dict[str, str]) -> str:
        """Answer navigator.credentials.create()."""
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        attested = bytes(16) + len(self.id).to_bytes(2) + self.id + cose
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(attested=attested)})
        client = self._client("webauthn.create", options["challenge"])
        return self._answer(clientDataJSON=client, attestationObject=made)

    def show(self, options: dict[str, str]) -> str:
        """Answer navigator.credentials.get()."""
        data, client = self._data(), self._client("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=data, signature=signature)


def _options(page: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(html.unescape(page.partition('data-options="')[2].partition('"')[0]))
    return found


def _enrol(browser: Browser, key: SoftwareKeyInPlaceOfAuthenticator, **fields: str) -> int:
    page = browser.get("/second-factor/passkey").text
    answer = key.create(_options(page))
    csrf = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": csrf, "answer": answer, "name": "安全密钥", **fields}
    return browser.client.post("/second-factor/passkey", data=form).status_code


def _show(browser: Browser, key: SoftwareKeyInPlaceOfAuthenticator, *, answer: str = "") -> int:
    page = browser.get("/second-factor").text
    csrf = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": csrf, "answer": answer or key.show(_options(page))}
    return browser.client.post("/second-factor/passkey/verify", data=form).status_code


def test_a_passkey_is_enrolled_at_the_first_sign_in_and_shown_at_the_next(
    services: Services, app: Flask, browser: Browser
) -> None:
    key = SoftwareKeyInPlaceOfAuthenticator()
    assert browser.get("/overview").location == "/second-factor/totp"
    assert "改用通行密钥" in browser.get("/second-factor/totp").text
    assert _enrol(browser, key) == 200
    assert "安全密钥" in browser.get("/account").text
    other = Browser.of(app)
    other.sign_in()
    assert other.get("/overview").location == "/second-factor"
    assert _show(other, key) == 302
    assert other.get("/overview").status_code == 200
    assert "密码和通行密钥" in other.get("/account").text
    with services.read() as uow:
        (kept,) = uow.passkeys.find(login="zhang")
        assert kept.sign_count == 2
        assert list(uow.audit.entries())[-1].tag == Tag.STAFF_SIGNED_IN


def test_an_answer_is_good_once_and_only_from_the_enrolled_key_for_this_site(app: Flask, browser: Browser) -> None:
    key = SoftwareKeyInPlaceOfAuthenticator()
    _enrol(browser, key)
    other = Browser.of(app)
    other.sign_in()
    replayed = key.show(_options(other.get("/second-factor").text))
    assert _show(other, key, answer=replayed) == 401  # the page above was asked for again: another challenge
    assert _show(other, SoftwareKeyInPlaceOfAuthenticator()) == 401
    assert _show(other, SoftwareKeyInPlaceOfAuthenticator(site="https://evil.example.cn", key=key.key, count=9)) == 401
    assert _show(other, SoftwareKeyInPlaceOfAuthenticator(key=key.key, count=0)) == 401  # a copy lags behind
    assert other.get("/overview").location == "/second-factor"


@pytest.mark.parametrize("answer", ["", "x", "{}", "[]", "null", '{"id":1}', '{"id":"AA","rawId":"AA"}'])
def test_what_is_no_answer_is_refused_and_says_so(app: Flask, browser: Browser, answer: str) -> None:
    assert _enrol(browser, SoftwareKeyInPlaceOfAuthenticator(), answer=answer) == 422
    _enrol(browser, SoftwareKeyInPlaceOfAuthenticator())
    other = Browser.of(app)
    other.sign_in()
    assert _show(other, SoftwareKeyInPlaceOfAuthenticator(), answer=answer or "-") == 401


def test_an_answer_with_a_control_character_does_not_come_as_far(app: Flask, browser: Browser) -> None:
    assert _enrol(browser, SoftwareKeyInPlaceOfAuthenticator(), answer="\0") == 422
    _enrol(browser, SoftwareKeyInPlaceOfAuthenticator())
    other = Browser.of(app)
    other.sign_in()
    assert _show(other, SoftwareKeyInPlaceOfAuthenticator(), answer="\0") == 422


def test_a_second_passkey_needs_the_password_and_the_last_factor_stays(services: Services, browser: Browser) -> None:
    first = SoftwareKeyInPlaceOfAuthenticator()
    second = SoftwareKeyInPlaceOfAuthenticator(id=b"credential-0002!")
    _enrol(browser, first)
    assert _enrol(browser, second, password="wrong") == 422
    assert _enrol(browser, first, password=PASSWORD) == 409
    assert _enrol(browser, second, password=PASSWORD) == 200
    names = [bytes_to_base64url(key.id) for key in (first, second)]
    assert browser.post("/account", f"/second-factor/passkey/{names[0]}/remove").status_code == 302
    assert browser.post("/account", f"/second-factor/passkey/{names[1]}/remove").status_code == 409
    with services.read() as uow:
        assert [key.id for key in uow.passkeys.find(login="zhang")] == [names[1]]


def test_a_console_without_a_name_offers_none(services: Services, wiring: Wiring) -> None:
    service = wiring.config.service.model_copy(update={"console_url": "https://127.0.0.1:8443"})
    bare = Wiring(wiring.config.model_copy(update={"service": service}), clock=wiring.clock)
    account(services)
    browser = Browser.of(create_console(bare))
    browser.sign_in()
    assert "通行密钥" not in browser.get("/second-factor/totp").text
    assert browser.get("/second-factor/passkey").status_code == 409
