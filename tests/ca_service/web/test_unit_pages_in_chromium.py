"""The pages of units as staff see them, in Chromium, at 1366x768 and 390 px: from the tree to a carried-out merger.

With EDUCA_SCREENSHOTS=docs/screenshots the pictures are kept there, to be looked at.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ca_service.domain.responsible import Duty
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.domain.unit_cases import Order, UnitAct
from ca_service.domain.units import CENTRE_CODE
from ca_service.passwords import hash_password
from ca_service.wiring import Wiring
from ca_service.workflows import roster
from tests.ca_service.office import BANNER, LEAGUE, Office, actor
from tests.ca_service.units.acts import carry_out
from tests.ca_service.units.test_roster import TEXTS
from tests.ca_service.web.browser import chromium, served
from tests.ca_service.web.seen import look

# What a page looks like does not depend on the store.
pytestmark = [pytest.mark.parametrize("config", ["sqlite"], indirect=True), pytest.mark.timeout(180)]
PASSWORD = "correct horse battery"
STAFF = (
    ("sysadmin", Role.CA_ADMIN, CENTRE_CODE),
    ("secadmin", Role.SECURITY_ADMIN, CENTRE_CODE),
    ("clerk", Role.CLERK, LEAGUE),
)
LOGINS = (
    "ca-administrator-150000",
    "security-administrator-150000",
    "clerk-150300",
    "operator-150000",
    "sysadmin",
    "secadmin",
    "units.csv",
)


@pytest.fixture
def office(wiring: Wiring) -> Office:
    """A school that was renamed, a person with a certificate, and staff who can sign in."""
    made = Office(wiring.services)
    made.enrolled()
    carry_out(made, Order(UnitAct.RENAME, made.school, name="乌海市海勃湾区示范第一实验小学"))
    for duty in Duty:
        roster.enter(made.services, actor(Role.CLERK, LEAGUE), made.school, roster.read_entry(duty, TEXTS))
    hashed = hash_password(PASSWORD)
    with made.services.begin() as uow:
        uow.staff.add_all(
            Staff(login, "示范人员", unit, frozenset({role}), hashed, False, True, made.services.clock())
            for login, role, unit in STAFF
        )
    return made


@pytest.fixture
def page(wiring: Wiring, office: Office) -> Iterator[Page]:
    assert office.school
    with served(wiring) as address, chromium() as browser:
        yield browser.new_page(base_url=address, ignore_https_errors=True, locale="zh-CN")


def _sign_in(page: Page, login: str) -> None:
    page.goto("/login")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/overview")


def test_from_the_tree_to_a_merger_that_two_people_carried_out(page: Page, office: Office, tmp_path: Path) -> None:
    with office.services.read() as uow:
        other = next(u for u in uow.units.find(parent_code=BANNER) if u.kind.is_school and u.code != office.school)
    _sign_in(page, "sysadmin")
    page.goto(f"/units?at={LEAGUE}")
    look(page, tmp_path, "console-units-tree")
    page.get_by_label("名称或代码").fill("示范第一实验")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="乌海市海勃湾区示范第一实验小学").click()
    expect(page.get_by_text("须换发", exact=True)).to_be_visible()
    look(page, tmp_path, "console-unit", known=LOGINS)
    page.get_by_role("link", name="合并").click()
    page.get_by_label("存续单位代码").fill(other.code)
    page.get_by_role("button", name="预览").click()
    look(page, tmp_path, "console-unit-merge-preview")
    page.get_by_label("依据").fill("示范发〔2026〕8号")
    page.get_by_role("button", name="提出").click()
    case = page.url
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/")
    _sign_in(page, "secadmin")
    page.goto(case)
    look(page, tmp_path, "console-unit-case", known=LOGINS)
    page.get_by_role("button", name="确认并办理").click()
    expect(page.get_by_text("已办理", exact=True)).to_be_visible()
    page.goto(f"/units/{office.school}")
    expect(page.get_by_text(f"已并入 {other.name}")).to_be_visible()


def test_a_clerk_looks_at_the_roster_and_changes_a_line(page: Page, office: Office, tmp_path: Path) -> None:
    _sign_in(page, "clerk")
    page.goto("/roster")
    look(page, tmp_path, "console-roster", known=(*LOGINS, "@example.com", "xlsx"))
    page.get_by_role("link", name="乌海市海勃湾区示范第一实验小学").click()
    expect(page.get_by_text("199******01").first).to_be_visible()
    page.get_by_role("button", name="显示完整信息并更改").click()
    leader = page.locator("section", has=page.get_by_role("heading", name="分管领导"))
    expect(leader.get_by_label("手机号码")).to_have_value("19900000001")
    leader.get_by_label("手机号码").fill("19900000002")
    leader.get_by_role("button", name="更改").click()
    expect(page.get_by_role("heading", name="以前的填报")).to_be_visible()
    look(page, tmp_path, "console-roster-unit", known=(*LOGINS, "clerk", "@example.com"))
