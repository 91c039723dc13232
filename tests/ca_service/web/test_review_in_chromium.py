"""Review at two levels, a conflict and a change form in Chromium, in Chinese; pictures at two widths."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.changes import ChangeStatus
from ca_service.domain.roles import Role
from ca_service.wiring import Wiring
from tests.ca_service.desk import CENTRE, Desk, id_number
from tests.ca_service.office import BANNER, LEAGUE, Office
from tests.ca_service.web.browser import chromium, picture, served
from tests.ca_service.web.test_console import PASSWORD, _staff

pytestmark = [pytest.mark.e2e, pytest.mark.parametrize("config", ["sqlite"], indirect=True)]
PEOPLE = {"clerk": (LEAGUE, Role.CLERK), **{f"r{unit}": (unit, Role.REVIEWER) for unit in (BANNER, LEAGUE, CENTRE)}}


def _signed_in(browser: Browser, url: str, login: str) -> Page:
    page = browser.new_context(ignore_https_errors=True, locale="zh-CN").new_page()
    page.goto(f"{url}/login")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/overview")
    return page


def _review(page: Page) -> None:
    page.get_by_role("link", name="待我审核").click()
    page.get_by_role("link", name="全部勾选").click()


def test_review_at_two_levels_a_conflict_and_a_change_form(office: Office, wiring: Wiring, tmp_path: Path) -> None:
    desk = Desk(office)
    units = desk.schools()
    made = [desk.enter(person, unit=units[person], name=f"示范{'甲乙丙'[person]}") for person in range(3)]
    double = desk.enter(0, unit=units[3], name="示范甲")
    for login, (unit, role) in PEOPLE.items():
        _staff(office, role, login=login, unit=unit, name="示范人员")
    scan = tmp_path / "form.pdf"
    scan.write_bytes(office.scan)
    with served(wiring) as url, chromium() as browser:
        banner = _signed_in(browser, url, f"r{BANNER}")
        _review(banner)
        banner.get_by_label(f"{made[2].id} 的退回原因").fill("缺少单位公章，请补盖后重新提交")
        picture(banner, "console-review", tmp_path)
        banner.get_by_role("button", name="办理本页所选").click()
        banner.get_by_text("已办理 4 份").wait_for()
        picture(banner, "console-review-done", tmp_path)
        assert desk.application(made[2].id).status is ApplicationStatus.RETURNED
        _settle_the_conflict(banner, url, tmp_path)
        assert {desk.application(own).status for own in (made[0].id, double.id)} == {
            ApplicationStatus.SUBMITTED,
            ApplicationStatus.RETURNED,
        }
        _approve(browser, url, made[1].id, tmp_path)
        holder = desk.pushed()[made[1].id]
        _change_form(browser, url, scan, tmp_path)
    with office.services.read() as uow:
        (case,) = uow.changes.find(holder_id=holder)
    assert (case.status, case.at_unit) == (ChangeStatus.APPROVED, CENTRE)


def _settle_the_conflict(page: Page, url: str, folder: Path) -> None:
    page.goto(f"{url}/review/conflicts")
    page.get_by_role("table").get_by_role("link").first.click()
    picture(page, "console-conflict", folder)
    page.get_by_label("退回第二份").check()
    page.get_by_label("意见").fill("此人已在第一份所列学校登记")
    page.get_by_role("button", name="处理").click()
    page.get_by_text("已处理").wait_for()


def _approve(browser: Browser, url: str, own: str, folder: Path) -> None:
    """The league forwards on the application's own page, the centre approves."""
    league = _signed_in(browser, url, f"r{LEAGUE}")
    league.goto(f"{url}/applications/{own}")
    picture(league, "console-application", folder)
    league.get_by_role("button", name="上报上级单位").click()
    league.get_by_text(CENTRE, exact=True).first.wait_for()
    centre = _signed_in(browser, url, f"r{CENTRE}")
    centre.goto(f"{url}/applications/{own}")
    centre.get_by_role("button", name="审核通过").click()
    centre.get_by_text("已通过").wait_for()


def _change_form(browser: Browser, url: str, scan: Path, folder: Path) -> None:
    clerk = _signed_in(browser, url, "clerk")
    clerk.get_by_role("link", name="变更").click()
    clerk.get_by_role("link", name="新的变更申请").click()
    clerk.get_by_label("姓名（全名）").fill(id_number(1))
    clerk.get_by_role("button", name="查找").click()
    picture(clerk, "console-change-find", folder)
    clerk.get_by_role("table").get_by_role("link").first.click()
    clerk.get_by_label("变更类型").select_option("信息变更")
    clerk.get_by_label("姓名", exact=True).fill("示范新")
    clerk.get_by_label("手机号码", exact=True).fill("19900004321")
    clerk.get_by_label("变更说明").fill("户籍更名，号码同时更换")
    clerk.get_by_label("单位意见").fill("情况属实，同意")
    clerk.get_by_label("申请人", exact=True).fill("2026-01-05")
    clerk.get_by_label("申请人单位", exact=True).fill("2026-01-06")
    clerk.get_by_label("盖章的用户变更申请单").set_input_files(scan)
    picture(clerk, "console-change-form", folder)
    clerk.get_by_role("button", name="提交").click()
    clerk.get_by_role("heading", name="变更内容").wait_for()
    banner = _signed_in(browser, url, f"r{BANNER}")
    banner.goto(clerk.url)
    banner.get_by_role("button", name="上报上级单位").click()
    centre = _signed_in(browser, url, f"r{CENTRE}")
    centre.goto(clerk.url)
    picture(centre, "console-change", folder)
    centre.get_by_role("button", name="同意", exact=True).click()
    centre.get_by_role("button", name="执行", exact=True).wait_for()
    centre.get_by_role("link", name="变更", exact=True).click()
    picture(centre, "console-changes", folder)
