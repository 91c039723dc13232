"""A box of tokens goes from the centre to a person, as its people do it in the console; each page is looked at.

With EDUCA_SCREENSHOTS=docs/screenshots the pictures are kept there.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, Page, expect

from ca_service.domain.media import MediumStatus, ParcelStatus
from ca_service.domain.roles import Role
from ca_service.wiring import Wiring
from ca_service.workflows import custody
from tests.ca_service.office import LEAGUE, Office, software_token
from tests.ca_service.web.browser import chromium, served
from tests.ca_service.web.people import PASSWORD, account
from tests.ca_service.web.seen import look

pytestmark = [pytest.mark.parametrize("config", ["sqlite"], indirect=True), pytest.mark.timeout(300)]
_KINDS = ("PDF", "pdf", "jpg", "jpeg", "png", "txt", "xlsx", "xls", "csv")
_KNOWN = ("custodian", "cu-centre", "cu-league", "UKEY", *_KINDS)


@pytest.fixture
def url(wiring: Wiring) -> Iterator[str]:
    account(wiring.services, "cu-centre", Role.CUSTODIAN, name="保管员甲")
    account(wiring.services, "cu-league", Role.CUSTODIAN, name="保管员乙", unit_code=LEAGUE)
    with served(wiring) as address:
        yield address


def test_a_box_goes_from_the_centre_to_a_person(url: str, office: Office, tmp_path: Path) -> None:
    holder = office.holder()
    scan = tmp_path / "signed.pdf"
    scan.write_bytes(office.scan)
    with chromium() as browser:
        centre, league = _signed_in(browser, url, "cu-centre"), _signed_in(browser, url, "cu-league")
        _register(centre, tmp_path)
        _initialise(office)
        parcel = _send(centre)
        _take_in(league, parcel, tmp_path)
        _settle(centre, parcel, tmp_path)
        _promise(league, holder, tmp_path)
        _sign(league, scan, tmp_path)
        centre.goto("/media/reconciliation")
        look(centre, tmp_path, "custody-reconciliation", known=_KNOWN)
        expect(centre.locator("main")).to_contain_text("每一个都有据可查")
    with office.services.read() as uow:
        assert uow.media.get("20260001").place == holder
        assert uow.media.get("20260002").status is MediumStatus.AT_UNIT
        assert uow.parcels.get(parcel).status is ParcelStatus.RECEIVED
        (row,) = uow.hand_overs.find()
        assert (row.serial, row.sheet_id is not None) == ("20260001", True)


def _signed_in(browser: Browser, url: str, login: str) -> Page:
    page = browser.new_context(ignore_https_errors=True, base_url=url, locale="zh-CN").new_page()
    page.goto("/login")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/overview")
    return page


def _register(page: Page, folder: Path) -> None:
    page.goto("/media")
    page.get_by_label(re.compile("序列号（可用扫描枪")).fill("20260001\n20260002\n20260003")
    page.get_by_role("button", name="登记").click()
    page.wait_for_url("**/media?status=blank")
    look(page, folder, "custody-stock", known=_KNOWN)


def _initialise(office: Office) -> None:
    """On the tokens, by `educa-token init`; the console has no page for it."""
    key = software_token("any").binding.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for serial in ("20260001", "20260002", "20260003"):
        custody.initialise(office.services, office.custodian, serial, binding_key=key)


def _send(page: Page) -> str:
    page.goto("/parcels")
    page.get_by_label(re.compile("收件单位代码")).fill(LEAGUE)
    page.get_by_label(re.compile("介质序列号")).fill("20260001\n20260002\n20260003")
    page.get_by_label("快递单号").fill("SF1234567890")
    page.get_by_label("封签号").fill("F0001")
    page.get_by_role("button", name="寄出").click()
    page.wait_for_url(re.compile(r"/parcels/P"))
    return page.url.rpartition("/")[2]


def _take_in(page: Page, parcel: str, folder: Path) -> None:
    page.goto(f"/parcels/{parcel}")
    page.locator("input[name=missing][value='20260003']").check()
    page.get_by_label(re.compile("情况说明")).fill("少一个，封签完好")
    look(page, folder, "custody-parcel", known=_KNOWN)
    page.get_by_role("button", name="签收").click()
    expect(page.locator("main")).to_contain_text("有差异")


def _settle(page: Page, parcel: str, folder: Path) -> None:
    page.goto(f"/parcels/{parcel}")
    look(page, folder, "custody-difference", known=_KNOWN)
    page.get_by_label("结果").select_option("recalled")
    page.get_by_label("处理说明").fill("仍在库房")
    page.get_by_role("button", name="登记结果").click()
    expect(page.locator("main")).to_contain_text("仍在寄件单位")


def _promise(page: Page, holder: str, folder: Path) -> None:
    page.goto("/media/20260001")
    page.locator("form:has(button:text-is('分配给此人')) input[name=holder]").fill(holder)
    page.get_by_role("button", name="分配给此人").click()
    expect(page.get_by_role("button", name="取消分配")).to_be_visible()
    look(page, folder, "custody-token", known=_KNOWN)


def _sign(page: Page, scan: Path, folder: Path) -> None:
    page.goto("/dispatch-record")
    page.get_by_role("button", name="生成派发记录单").click()
    page.locator("input[name=scan]").set_input_files(scan)
    page.get_by_role("button", name="上传，登记为已派发").click()
    expect(page.locator("main")).to_contain_text("已签字")
    look(page, folder, "custody-record", known=_KNOWN)
