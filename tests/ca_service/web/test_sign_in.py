"""Signing in with password and second factor, as a browser meets it, where the second factor is required."""

import pytest
from flask import Flask
from sqlalchemy import text

from ca_service.config import Config, ConsoleTable
from ca_service.domain.audit import Tag
from ca_service.domain.roles import Role
from ca_service.store.unit_of_work import SqlUnitOfWork
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Services
from tests.ca_service.conftest import TestClock
from tests.ca_service.second_person import confirm_all
from tests.ca_service.web.people import NEW_PASSWORD, PASSWORD, Browser, account, code, shown_secret

pytestmark = pytest.mark.usefixtures("quick_hashes")
_ID_NUMBER = "150302198505051232"
ON_SQLITE = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def wiring(config: Config, clock: TestClock) -> Wiring:
    """Adapters whose console demands a second factor, as it does by default."""
    return Wiring(config.model_copy(update={"console": ConsoleTable()}), clock=clock)


def _tags(services: Services, *wanted: Tag) -> list[str]:
    with services.read() as uow:
        return [entry.tag for entry in uow.audit.entries() if entry.tag in wanted]


def test_a_first_sign_in_leads_through_password_identity_and_second_factor(
    services: Services, browser: Browser, clock: TestClock
) -> None:
    account(services, role=Role.AUDITOR, must_change_password=True, must_identify=True)
    assert browser.sign_in().location == "/overview"
    for page in ("/overview", "/account", "/second-factor/totp", "/second-factor", "/account/identity"):
        assert browser.get(page).location == "/password", page
    assert browser.post("/password", old=PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD).status_code == 302
    assert browser.get("/overview").location == "/account/identity"
    assert browser.post("/account/identity", name="张三", id_number="150302198505051233").status_code == 422
    assert browser.post("/account/identity", name="张三", id_number=_ID_NUMBER).status_code == 302
    assert browser.get("/overview").location == "/second-factor/totp"
    secret = shown_secret(browser.get("/second-factor/totp"))
    assert shown_secret(browser.get("/second-factor/totp")) == secret
    assert browser.post("/second-factor/totp", code="000000").status_code == 422
    assert browser.get("/overview").location == "/second-factor/totp"
    done = browser.post("/second-factor/totp", code=code(secret, clock))
    assert done.text.count("<li>") == 10
    assert browser.get("/overview").status_code == 200
    assert secret.base32 not in browser.get("/second-factor/totp").text.replace(" ", "")
    with services.read() as uow:
        staff = uow.staff.get("zhang")
    assert (staff.name, staff.person_hash) == ("张三", services.keyed_hash(_ID_NUMBER))


def test_the_next_sign_in_needs_a_code_that_was_never_used(
    services: Services, app: Flask, browser: Browser, clock: TestClock
) -> None:
    account(services)
    browser.sign_in()
    secret = browser.enrol(clock)
    other = Browser.of(app)
    other.sign_in()
    assert other.get("/applications").location == "/second-factor"
    used = code(secret, clock)
    assert other.post("/second-factor", code=used).status_code == 401  # the enrolment took this one
    assert other.get("/overview").location == "/second-factor"
    assert other.post("/second-factor", code=code(secret, clock, later=5)).status_code == 401
    assert other.post("/second-factor", code=code(secret, clock, later=1)).location == "/overview"
    assert other.get("/overview").status_code == 200
    third = Browser.of(app)
    third.sign_in()
    assert third.post("/second-factor", code=code(secret, clock, later=1)).status_code == 401
    assert third.get("/overview").location == "/second-factor"
    entries = _tags(services, Tag.STAFF_SIGNED_IN, Tag.STAFF_REFUSED)
    assert entries == [Tag.STAFF_SIGNED_IN, *[Tag.STAFF_REFUSED] * 2, Tag.STAFF_SIGNED_IN, Tag.STAFF_REFUSED]


@ON_SQLITE
def test_a_recovery_code_signs_in_once(services: Services, app: Flask, browser: Browser, clock: TestClock) -> None:
    account(services)
    browser.sign_in()
    secret = shown_secret(browser.get("/second-factor/totp"))
    page = browser.post("/second-factor/totp", code=code(secret, clock)).text
    recovery = page.partition("<li>")[2].partition("</li>")[0]
    for expected in (302, 401):
        other = Browser.of(app)
        other.sign_in()
        assert other.post("/second-factor", code=recovery.lower()).status_code == expected
    with services.read() as uow:
        kept = uow.recovery_codes.find(login="zhang")
    assert len(kept) == 10
    assert recovery.replace("-", "") not in str(kept)
    other = Browser.of(app)
    other.sign_in()
    other.post("/second-factor", code=code(secret, clock, later=1))
    fresh = other.post("/account", "/second-factor/recovery-codes", password=PASSWORD).text
    assert fresh.count("<li>") == 10
    with services.read() as uow:
        assert uow.recovery_codes.count(login="zhang", used_at=None) == 10


@ON_SQLITE
def test_the_secret_lies_sealed_in_the_database(services: Services, browser: Browser, clock: TestClock) -> None:
    account(services)
    browser.sign_in()
    secret = browser.enrol(clock)
    with services.read() as uow:
        (key,) = uow.totp_keys.find(login="zhang")
    assert key.secret == secret
    with services.read() as uow:
        assert isinstance(uow, SqlUnitOfWork)
        (row,) = uow.totp_keys._session.execute(text("SELECT * FROM staff_totp")).all()
    assert secret.base32.encode() not in b"".join(v for v in row if isinstance(v, bytes))
    assert secret.base32 not in str(row)


@ON_SQLITE
def test_tries_are_counted_for_the_address_too(services: Services, app: Flask, clock: TestClock) -> None:
    account(services)
    for number in range(60):
        assert Browser.of(app).sign_in(f"guess-{number}", "wrong").status_code == 401
    assert Browser.of(app).sign_in().status_code == 429
    assert Browser.of(app, address="192.0.2.2").sign_in().status_code == 302
    clock.pass_time(minutes=2)
    assert Browser.of(app).sign_in().status_code == 302


@ON_SQLITE
def test_twenty_wrong_passwords_lock_for_the_day_until_the_security_administrator_resets(
    services: Services, app: Flask, clock: TestClock
) -> None:
    account(services)
    account(services, "boss", Role.SECURITY_ADMIN)
    guesser = Browser.of(app, address="192.0.2.9")
    for _ in range(20):
        guesser.sign_in(password="wrong")
        clock.pass_time(seconds=30)
    own = Browser.of(app)
    locked = own.sign_in()
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) > 3600
    boss = Browser.of(app)
    boss.sign_in("boss")
    boss.enrol(clock)
    page = boss.post("/staff/zhang", "/staff/zhang/reset").text
    first = page.partition('class="secret">')[2].partition("<")[0]
    assert own.sign_in(password=first).status_code == 429
    confirm_all(services)
    assert own.sign_in(password=first).status_code == 302
    assert own.get("/overview").location == "/password"


@ON_SQLITE
def test_codes_are_counted_apart_and_a_right_password_does_not_clear_them(
    services: Services, app: Flask, browser: Browser, clock: TestClock
) -> None:
    account(services)
    browser.sign_in()
    secret = browser.enrol(clock)
    for _ in range(5):
        other = Browser.of(app)
        assert other.sign_in().status_code == 302
        assert other.post("/second-factor", code="123456").status_code == 401
    other = Browser.of(app)
    other.sign_in()
    assert other.post("/second-factor", code=code(secret, clock, later=1)).status_code == 429


@ON_SQLITE
def test_an_open_browser_is_not_enough_to_change_telephone_or_codes(
    services: Services, browser: Browser, clock: TestClock
) -> None:
    account(services)
    browser.sign_in()
    browser.enrol(clock)
    new = shown_secret(browser.get("/second-factor/totp"))
    assert browser.post("/second-factor/totp", code=code(new, clock), password="wrong").status_code == 422
    assert browser.post("/account", "/second-factor/recovery-codes", password="wrong").status_code == 422
    assert browser.post("/second-factor/totp", code=code(new, clock), password=PASSWORD).status_code == 200
    with services.read() as uow:
        assert [key.secret for key in uow.totp_keys.find(login="zhang")] == [new]


@ON_SQLITE
def test_a_first_password_is_good_for_fourteen_days(services: Services, browser: Browser, clock: TestClock) -> None:
    account(services, must_change_password=True, password_set_at=clock())
    clock.pass_time(days=15)
    refused = browser.sign_in()
    assert refused.status_code == 401
    assert "14 天" in refused.text


@ON_SQLITE
def test_what_was_typed_as_an_unknown_login_is_not_written_down(services: Services, browser: Browser) -> None:
    browser.sign_in("my-secret-password", "x")
    with services.read() as uow:
        entries = list(uow.audit.entries())
    assert entries[-1].tag == Tag.STAFF_REFUSED
    assert "my-secret" not in str(entries)
