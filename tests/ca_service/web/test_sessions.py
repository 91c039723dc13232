"""Sessions of the console: what they are known by, when they end, and that all processes know the same."""

from collections.abc import Callable

import pytest
from flask import Flask

from ca_service.app import create_console
from ca_service.config import Config, ConsoleTable
from ca_service.domain.roles import Role
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Services
from tests.ca_service.conftest import TestClock
from tests.ca_service.second_person import confirm_all
from tests.ca_service.web.people import NEW_PASSWORD, PASSWORD, Browser, account, code, shown_secret, token

pytestmark = pytest.mark.usefixtures("quick_hashes")
ON_SQLITE = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def wiring(config: Config, clock: TestClock) -> Wiring:
    """Adapters whose console demands a second factor, as it does by default."""
    return Wiring(config.model_copy(update={"console": ConsoleTable()}), clock=clock)


@ON_SQLITE
def test_the_identifier_of_a_session_changes_with_each_step_and_lies_nowhere(
    services: Services, app: Flask, browser: Browser, clock: TestClock
) -> None:
    account(services)
    before_token = token(browser.get("/login"))
    before = browser.cookie
    browser.sign_in()
    half_way = browser.cookie
    secret = browser.enrol(clock)
    assert len({before, half_way, browser.cookie}) == 3
    assert browser.client.post("/account/sessions", data={"csrf_token": before_token}).status_code == 400
    for planted in (before, half_way):
        thief = Browser.of(app)
        thief.client.set_cookie("__Host-educa", planted, secure=True)
        assert thief.get("/overview").location == "/login"
    second = Browser.of(app)
    second.sign_in()
    stolen = second.cookie
    second.post("/second-factor", code=code(secret, clock, later=1))
    second.client.set_cookie("__Host-educa", stolen, secure=True)
    assert second.get("/overview").location == "/login"
    identifier = app.session_interface.get_signing_serializer(app).loads(browser.cookie)["id"]  # type: ignore[attr-defined]
    with services.read() as uow:
        assert identifier not in str(uow.sessions.find())


@pytest.mark.parametrize(
    ("passed", "alive"),
    [({"minutes": 29}, True), ({"minutes": 31}, False)],
)
@ON_SQLITE
def test_a_session_idles_out(
    services: Services, browser: Browser, clock: TestClock, passed: dict[str, float], *, alive: bool
) -> None:
    account(services)
    browser.sign_in()
    browser.enrol(clock)
    clock.pass_time(**passed)
    assert (browser.get("/overview").status_code == 200) is alive


@ON_SQLITE
def test_a_session_ends_after_twelve_hours_however_busy_and_half_way_after_ten_minutes(
    services: Services, app: Flask, browser: Browser, clock: TestClock
) -> None:
    account(services)
    browser.sign_in()
    secret = browser.enrol(clock)
    for _ in range(36):
        clock.pass_time(minutes=19)
        assert browser.get("/overview").status_code == 200
    clock.pass_time(minutes=29)
    assert browser.get("/overview").status_code == 200
    clock.pass_time(minutes=10)
    assert browser.get("/overview").location == "/login"
    other = Browser.of(app)
    other.sign_in()
    clock.pass_time(minutes=11)
    assert other.get("/second-factor").location == "/login"
    other.sign_in()
    assert other.post("/second-factor", code=code(secret, clock)).status_code == 302


def test_two_processes_know_the_same_sessions_and_count_the_same_tries(
    services: Services, wiring: Wiring, app: Flask, clock: TestClock
) -> None:
    account(services)
    here, there = Browser.of(app), Browser.of(create_console(Wiring(wiring.config, clock=clock)))
    here.sign_in()
    here.enrol(clock)
    there.client.set_cookie("__Host-educa", here.cookie, secure=True)
    assert there.get("/overview").status_code == 200
    assert there.post("/account", "/logout").location == "/"
    assert here.get("/overview").location == "/login"
    for browser in (here, there, here, there, here):
        assert browser.sign_in(password="wrong").status_code == 401
    assert there.sign_in().status_code == 429


def _change_password(own: Browser, _clock: TestClock) -> None:
    assert own.post("/password", old=PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD).status_code == 302


def _end_others(own: Browser, _clock: TestClock) -> None:
    assert own.post("/account", "/account/sessions").status_code == 302


def _change_telephone(own: Browser, clock: TestClock) -> None:
    new = code(shown_secret(own.get("/second-factor/totp")), clock)
    assert own.post("/second-factor/totp", code=new, password=PASSWORD).status_code == 200


@pytest.mark.parametrize("act", [_change_password, _end_others, _change_telephone])
@ON_SQLITE
def test_the_person_ends_the_sessions_elsewhere(
    services: Services, app: Flask, browser: Browser, clock: TestClock, act: Callable[[Browser, TestClock], None]
) -> None:
    account(services)
    browser.sign_in()
    secret = browser.enrol(clock)
    other = Browser.of(app, address="192.0.2.7")
    other.sign_in()
    assert other.post("/second-factor", code=code(secret, clock, later=1)).status_code == 302
    shown = browser.get("/account").text
    assert "192.0.2.7" in shown
    assert "密码和动态验证码" in shown
    act(browser, clock)
    assert other.get("/overview").location == "/login"
    assert browser.get("/overview").status_code == 200
    assert "192.0.2.7" not in browser.get("/account").text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/staff/zhang/disable", {}),
        ("/staff/zhang/post", {"unit": "150000", "role": "clerk"}),
        ("/staff/zhang/reset", {}),
    ],
)
@ON_SQLITE
def test_the_security_administrator_ends_the_sessions_of_whom_they_change(
    services: Services, app: Flask, clock: TestClock, path: str, fields: dict[str, str]
) -> None:
    account(services)
    account(services, "boss", Role.SECURITY_ADMIN)
    browser, boss = Browser.of(app), Browser.of(app)
    for one, login in ((browser, "zhang"), (boss, "boss")):
        one.sign_in(login)
        one.enrol(clock)
    assert boss.post("/staff/zhang", path, **fields).status_code in (200, 302)
    if not path.endswith("disable"):
        assert browser.get("/overview").status_code == 200
        confirm_all(services)
    assert browser.get("/overview").location == "/login"
