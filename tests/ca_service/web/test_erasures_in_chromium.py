"""Records are erased by two people in Chromium: whose are due, what goes, the confirmation, what is left to print."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from ca_service.domain.holders import HolderStatus
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.passwords import hash_password
from ca_service.wiring import Wiring
from ca_service.workflows.records_holds import hold_records
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office
from tests.ca_service.web.browser import chromium, served
from tests.ca_service.web.seen import look

# What a page looks like does not depend on the store.
pytestmark = [pytest.mark.parametrize("config", ["sqlite"], indirect=True), pytest.mark.timeout(180)]
PASSWORD = "correct horse battery"
_KNOWN = ("er-reviewer", "er-security", "reviewer-150000")


@pytest.fixture
def office(wiring: Wiring, clock: TestClock) -> Office:
    """Two persons whose records are past their time, one of them held; the two officers."""
    made = Office(wiring.services)
    with_certificate, held = str(made.enrolled().holder_id), made.holder("A2")
    hashed = hash_password(PASSWORD)
    with made.services.begin() as uow:
        for holder in (with_certificate, held):
            uow.holders.change(uow.holders.get(holder), status=HolderStatus.STOPPED, id_number_hash=f"{holder:0>64}")
        for login, role in (("er-reviewer", Role.REVIEWER), ("er-security", Role.SECURITY_ADMIN)):
            uow.staff.add(Staff(login, "示范人员", CENTRE_CODE, frozenset({role}), hashed, False, True, clock()))
    clock.pass_time(days=365 * 9)
    hold_records(made.services, made.reviewer, held, reason="信访 2032-7 号")
    return made


def _sign_in(page: Page, login: str) -> None:
    page.goto("/login")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/overview")


def test_due_chosen_proposed_confirmed_and_printed(wiring: Wiring, office: Office, tmp_path: Path) -> None:
    assert office
    with served(wiring) as url, chromium() as browser:
        reviewer, security = (
            browser.new_context(ignore_https_errors=True, base_url=url, locale="zh-CN").new_page() for _ in range(2)
        )
        _sign_in(reviewer, "er-reviewer")
        reviewer.get_by_role("link", name="档案", exact=True).click()
        reviewer.get_by_role("link", name="保存期已满的人员").click()
        look(reviewer, tmp_path, "console-erasures-due", known=_KNOWN)
        reviewer.get_by_role("button", name="查看将要清除的内容").click()
        look(reviewer, tmp_path, "console-erasure-hindered", known=_KNOWN)
        reviewer.go_back()
        reviewer.get_by_role("checkbox").last.uncheck()
        if reviewer.get_by_role("checkbox").first.get_attribute("value") in _held(wiring):
            reviewer.get_by_role("checkbox").first.uncheck()
            reviewer.get_by_role("checkbox").last.check()
        reviewer.get_by_role("button", name="查看将要清除的内容").click()
        reviewer.get_by_label("依据").fill("教档〔2032〕1号")
        look(reviewer, tmp_path, "console-erasure-new", known=_KNOWN)
        reviewer.get_by_role("button", name="提出清除").click()
        reviewer.wait_for_url("**/erasures/E*")
        case = reviewer.url
        _sign_in(security, "er-security")
        security.goto(case)
        look(security, tmp_path, "console-erasure", known=_KNOWN)
        security.get_by_role("button", name="确认并清除").click()
        security.get_by_role("link", name="打印清除证明").wait_for()
        look(security, tmp_path, "console-erasure-done", known=_KNOWN)
        security.goto("/erasures")
        look(security, tmp_path, "console-erasures", known=_KNOWN)
        pdf = security.request.get(f"{case}/certificate.pdf")
        assert (pdf.ok, pdf.body()[:4]) == (True, b"%PDF")


def _held(wiring: Wiring) -> set[str]:
    with wiring.services.read() as uow:
        return {hold.holder_id for hold in uow.erasing.holds.find()}
