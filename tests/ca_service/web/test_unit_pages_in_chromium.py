"""The pages of units as staff see them, in Chromium, at 1366x768 and 390 px: from the tree to a carried-out merger.

With EDUCA_PICTURES=docs/screenshots the pictures are kept there, to be looked at.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ca_service.app import create_console
from ca_service.config import Config, DatabaseTable
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
from tests.ca_service.web.browser import chromium, look, serving, sign_in, sign_out

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
def office(founded: Config, tmp_path: Path) -> Iterator[Office]:
    """A CA on SQLite with a school that was renamed, a person with a certificate, and staff who can sign in."""
    shutil.copy(founded.path(Path("educa.db")), tmp_path / "educa.db")
    config = founded.model_copy(update={"database": DatabaseTable(url=f"sqlite:///{tmp_path / 'educa.db'}")})
    wiring = Wiring(config)
    made = Office(wiring.services)
    made.enrolled()
    carry_out(made, Order(UnitAct.RENAME, made.school, name="乌海市海勃湾区示范第一实验小学"))
    texts = {
        "name": "其木格", "office": "教务处", "post": "主任", "office_phone": "0473-3000001",
        "mobile": "19900000001", "email": "office@example.com",
    }  # fmt: skip
    for duty in Duty:
        roster.enter(made.services, actor(Role.CLERK, LEAGUE), made.school, roster.read_entry(duty, texts))
    hashed = hash_password(PASSWORD)
    with made.services.begin() as uow:
        uow.staff.add_all(
            Staff(login, "示范人员", unit, frozenset({role}), hashed, False, True, made.services.clock())
            for login, role, unit in STAFF
        )
    yield made
    wiring.database.engine.dispose()


@pytest.fixture
def page(office: Office, founded: Config, tmp_path: Path) -> Iterator[Page]:
    config = founded.model_copy(update={"database": DatabaseTable(url=f"sqlite:///{tmp_path / 'educa.db'}")})
    wiring = Wiring(config)
    with serving(create_console(wiring), config) as address, chromium(address) as opened:
        yield opened
    wiring.database.engine.dispose()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("EDUCA_PICTURES", tmp_path / "pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_from_the_tree_to_a_merger_that_two_people_carried_out(page: Page, office: Office, pictures: Path) -> None:
    with office.services.read() as uow:
        other = next(u for u in uow.units.find(parent_code=BANNER) if u.kind.is_school and u.code != office.school)
    sign_in(page, "sysadmin", PASSWORD)
    page.goto(f"/units?at={LEAGUE}")
    look(page, pictures, "console-units-tree")
    page.get_by_label("名称或代码").fill("示范第一实验")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="乌海市海勃湾区示范第一实验小学").click()
    expect(page.get_by_text("须换发", exact=True)).to_be_visible()
    look(page, pictures, "console-unit", known=LOGINS)
    page.get_by_role("link", name="合并").click()
    page.get_by_label("存续单位代码").fill(other.code)
    page.get_by_role("button", name="预览").click()
    look(page, pictures, "console-unit-merge-preview")
    page.get_by_label("依据").fill("示范发〔2026〕8号")
    page.get_by_role("button", name="提出").click()
    case = page.url
    sign_out(page)
    sign_in(page, "secadmin", PASSWORD)
    page.goto(case)
    look(page, pictures, "console-unit-case", known=LOGINS)
    page.get_by_role("button", name="确认并办理").click()
    expect(page.get_by_text("已办理", exact=True)).to_be_visible()
    page.goto(f"/units/{office.school}")
    expect(page.get_by_text(f"已并入 {other.name}")).to_be_visible()


def test_a_clerk_looks_at_the_roster_and_changes_a_line(page: Page, office: Office, pictures: Path) -> None:
    sign_in(page, "clerk", PASSWORD)
    page.goto("/roster")
    look(page, pictures, "console-roster", known=(*LOGINS, "@example.com", "xlsx"))
    page.get_by_role("link", name="乌海市海勃湾区示范第一实验小学").click()
    expect(page.get_by_text("199******01").first).to_be_visible()
    page.get_by_role("button", name="显示完整信息并更改").click()
    leader = page.locator("section", has=page.get_by_role("heading", name="分管领导"))
    expect(leader.get_by_label("手机号码")).to_have_value("19900000001")
    leader.get_by_label("手机号码").fill("19900000002")
    leader.get_by_role("button", name="更改").click()
    expect(page.get_by_role("heading", name="以前的填报")).to_be_visible()
    look(page, pictures, "console-roster-unit", known=(*LOGINS, "clerk", "@example.com"))
