"""A hand-over as its people do it in the console, page by page; each page is looked at."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from ca_service.domain.roles import Role
from ca_service.domain.transfers import TransferStatus
from ca_service.wiring import Wiring
from ca_service.workflows import review, transfers
from tests.ca_service.desk import CENTRE_REVIEWER, Desk, id_number
from tests.ca_service.office import LEAGUE, Office, actor
from tests.ca_service.web.browser import chromium, served
from tests.ca_service.web.people import PASSWORD, account
from tests.ca_service.web.seen import look

pytestmark = [pytest.mark.parametrize("config", ["sqlite"], indirect=True), pytest.mark.timeout(180)]
_KNOWN = ("PDF", "tr-clerk", "tr-reviewer", "pdf", "example", "com", "reviewer", "clerk")


@pytest.fixture
def url(wiring: Wiring) -> Iterator[str]:
    account(wiring.services, "tr-clerk", Role.CLERK, unit_code=LEAGUE)
    account(wiring.services, "tr-reviewer", Role.REVIEWER, name="审核员甲")
    with served(wiring) as address:
        yield address


def test_clerk_and_centre_hand_a_school_over(url: str, office: Office, tmp_path: Path) -> None:
    desk = Desk(office)
    holder = desk.confirmed(desk.enter(1))
    scan = tmp_path / "form.pdf"
    scan.write_bytes(office.scan)
    with chromium() as browser:
        clerk, centre = _signed_in(browser, url, "tr-clerk"), _signed_in(browser, url, "tr-reviewer")
        _begin(clerk, holder, scan, tmp_path)
        number = clerk.url.rpartition("/")[2]
        _apply(clerk, scan)
        clerk.goto(f"/transfers/{number}")
        look(clerk, tmp_path, "console-transfer-under-way", known=(*_KNOWN, number))
        (case,) = transfers.transfers(office.services, actor(Role.AUDITOR)).rows
        assert case.application
        review.approve(office.services, CENTRE_REVIEWER, desk.at_centre(case.application))
        centre.goto(f"/changes/{case.stop.id}")
        look(centre, tmp_path, "console-transfer-stop-form", known=_KNOWN)
        centre.get_by_role("button", name="同意", exact=True).click()
        assert centre.get_by_role("button", name="执行", exact=True).count() == 0
        centre.goto(f"/transfers/{number}")
        centre.get_by_role("button", name="执行交接").click()
        assert "自" in centre.locator(".alert").inner_text()
        look(centre, tmp_path, "console-transfer-gap", known=_KNOWN)
        centre.goto("/transfers")
        look(centre, tmp_path, "console-transfers", known=_KNOWN)
        assert "单位暂无可用证书" in centre.locator("main").inner_text()
    (case,) = transfers.transfers(office.services, actor(Role.AUDITOR)).rows
    assert case.case.status is TransferStatus.DONE


def _signed_in(browser: Browser, url: str, login: str) -> Page:
    page = browser.new_context(ignore_https_errors=True, base_url=url, locale="zh-CN").new_page()
    page.goto("/login")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/overview")
    return page


def _begin(page: Page, holder: str, scan: Path, folder: Path) -> None:
    page.goto("/changes/new")
    page.get_by_label(re.compile("姓名")).fill(holder)
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name=holder).click()
    page.get_by_role("link", name="办理交接").click()
    look(page, folder, "console-transfer-form", known=_KNOWN)
    page.get_by_label(re.compile("变更说明")).fill("调往另一学校")
    page.locator("input[name=scan]").set_input_files(scan)
    page.get_by_role("button", name="开始交接").click()
    page.wait_for_url(re.compile(r"/transfers/J"))


def _apply(page: Page, scan: Path) -> None:
    page.get_by_role("link", name="录入接任者的申请").click()
    typed = {
        "NAME": "接任甲", "ID_NUMBER": id_number(2), "MOBILE": "19900000002", "OFFICE_PHONE": "0473-3000001",
        "EMAIL": "p2@example.com", "ADDRESS": "某街一号",
    }  # fmt: skip
    for name, value in typed.items():
        page.locator(f"input[name={name}]").fill(value)
    page.locator("select[name=SCHOOL_TYPE]").select_option("211")
    page.locator("input[name=compared_with_card]").check()
    page.locator("input[name=has_account][value=no]").check()
    page.locator("input[name=scan]").set_input_files(scan)
    page.locator("form.card button").first.click()
    page.wait_for_url(re.compile(r"/applications/A"))
    assert "接任申请：属于交接" in page.locator("main").inner_text()
