"""The status page left open: its figures, alarms and chart follow, and it says so when they cannot."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from ca_service.domain.roles import Role
from ca_service.wiring import Wiring
from ca_service.workflows.propagation import record_seen
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.office import Office
from tests.ca_service.web.browser import chromium, served
from tests.ca_service.web.people import PASSWORD, account

pytestmark = [pytest.mark.parametrize("config", ["sqlite"], indirect=True), pytest.mark.timeout(300)]


@pytest.fixture
def page(wiring: Wiring) -> Iterator[Page]:
    """The auditor's browser, with the status page open."""
    account(wiring.services, role=Role.AUDITOR)
    with served(wiring) as url, chromium() as browser:
        opened = browser.new_context(ignore_https_errors=True, base_url=url, locale="zh-CN").new_page()
        opened.goto("/login")
        opened.get_by_label("登录名").fill("zhang")
        opened.get_by_label("密码").fill(PASSWORD)
        opened.get_by_role("button", name="登录").click()
        opened.wait_for_url("**/overview")
        opened.goto("/status")
        yield opened


def test_an_open_page_follows_and_says_when_it_cannot(page: Page, office: Office) -> None:
    services = office.services
    expect(page.locator("[data-cell=issuing-number]")).to_have_text("1")
    expect(page.locator("#line-p99")).to_have_attribute("points", "")
    assert page.locator("#alarms li", has_text="P99").count() == 0
    publish_crl(services, office.operator, "issuing")
    record_seen(services, "issuing", [(services.clock(), {0.2: 3, 2.5: 1})])
    expect(page.locator("[data-cell=issuing-number]")).to_have_text("2")
    expect(page.locator("[data-cell=ocsp-hour-p99]")).to_have_text("2.5 秒")
    expect(page.locator("#alarms li", has_text="P99")).to_be_visible()
    expect(page.locator("#dots circle")).to_have_count(1)
    expect(page.locator("#stopped")).to_be_hidden()
    with services.begin() as uow:
        uow.sessions.remove(login="zhang")
    expect(page.locator("#stopped")).to_be_visible()
