"""Request identifiers: believed from the trusted proxy only, shown to who gets an error, measured by route."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from ca_service.app import create_console
from ca_service.domain.roles import Role
from ca_service.domain.sign_in import IDLE
from ca_service.telemetry.meter import PrometheusMeter
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Services
from tests.ca_service.conftest import TestClock
from tests.ca_service.web.people import Browser, account

pytestmark = [pytest.mark.parametrize("config", ["sqlite"], indirect=True), pytest.mark.usefixtures("quick_hashes")]
_PROXY, _STRANGER = "192.0.2.9", "192.0.2.1"
_OWN = re.compile(r"[0-9a-f]{16}")


@pytest.fixture
def app(wiring: Wiring) -> Flask:
    console = wiring.config.console.model_copy(update={"trusted_proxies": (_PROXY,)})
    wiring.config = wiring.config.model_copy(update={"console": console})
    return create_console(wiring)


def _identifier(app: Flask, given: str | None, *, address: str) -> str:
    headers = {} if given is None else {"X-Request-ID": given}
    client = Browser.of(app, address=address).client
    return client.get("/healthz", headers=headers).headers["X-Request-ID"]


def test_the_proxys_identifier_is_kept_and_a_strangers_is_not(app: Flask) -> None:
    assert _identifier(app, "from-the-proxy.1", address=_PROXY) == "from-the-proxy.1"
    assert _OWN.fullmatch(_identifier(app, "from-a-stranger.1", address=_STRANGER))


@pytest.mark.parametrize("given", [None, "", "short", "x" * 65, "with blank 123", "上海上海上海", '{"a":"123456"}'])
def test_without_one_that_can_be_logged_there_is_a_new_one_each_time(app: Flask, given: str | None) -> None:
    raw = given.encode().decode("latin-1") if given else given
    first, second = (_identifier(app, raw, address=_PROXY) for _ in range(2))
    assert _OWN.fullmatch(first)
    assert first != second


def test_an_error_page_shows_the_identifier_of_its_request(app: Flask) -> None:
    answer = Browser.of(app).client.get("/no-such-page")
    assert answer.status_code in (302, 404)
    answer = Browser.of(app).client.post("/login", data={})
    assert answer.status_code == 400
    assert answer.headers["X-Request-ID"] in answer.text


def test_a_refused_api_call_carries_it_too(app: Flask) -> None:
    answer = Browser.of(app).client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert _OWN.fullmatch(answer.headers["X-Request-ID"])


def test_requests_are_measured_by_template_and_class(wiring: Wiring) -> None:
    wiring.meter = meter = PrometheusMeter()
    client = Browser.of(create_console(wiring)).client
    client.get("/api/v1/13800138000?name=x")
    client.get("/healthz")
    samples = [s for family in meter.scraped.collect() for s in family.samples if s.name == "educa_http_requests_total"]
    assert {(s.labels["route"], s.labels["status"], s.value) for s in samples} == {
        ("none", "4xx", 1.0),
        ("/healthz", "2xx", 1.0),
    }


def test_the_pages_own_questions_do_not_keep_a_session_awake(app: Flask, services: Services, clock: TestClock) -> None:
    account(services, role=Role.AUDITOR)
    browser = Browser.of(app)
    browser.sign_in()
    step = timedelta(minutes=5)
    for _ in range(IDLE // step - 1):
        clock.passed += step
        assert browser.get("/status/figures").status_code == 200
    clock.passed += 2 * step
    assert browser.get("/status/figures").status_code == 302


def test_the_status_page_may_ask_for_its_figures_and_no_other_page_may_ask_for_anything(
    app: Flask, services: Services
) -> None:
    account(services, role=Role.AUDITOR)
    browser = Browser.of(app)
    browser.sign_in()
    assert "connect-src 'self'" in browser.get("/status").headers["Content-Security-Policy"]
    assert "connect-src" not in browser.get("/overview").headers["Content-Security-Policy"]
    cells = browser.get("/status/figures").json
    assert cells is not None
    assert cells["cells"]["issuing-number"] == "1"
    assert any("后台任务" in text for text in cells["alarms"])
