"""A clerk in a browser: a damaged sheet is tried, given back marked, mended and imported again; one person is typed."""

from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from ca_service.domain.roles import Role
from ca_service.intake.columns import Column
from ca_service.intake.sheet import SheetLimits, read_roster
from ca_service.intake.template import write_roster
from ca_service.wiring import Wiring
from ca_service.workflows import review
from tests.ca_service.office import BANNER, LEAGUE, Office, actor
from tests.ca_service.sheets import SCHOOLS, person
from tests.ca_service.web.browser import chromium, picture, served
from tests.ca_service.web.test_console import PASSWORD, _staff

pytestmark = [pytest.mark.parametrize("config", ["sqlite"], indirect=True), pytest.mark.timeout(180)]
HERE = next(number for number, unit in enumerate(SCHOOLS) if unit.parent_code == BANNER)


def _damaged() -> bytes:
    """Eight rows: four bad cells in three of them, one unit by half its name, one spelling that needs no question."""
    rows = [person(number) for number in range(8)]
    rows[1] |= {Column.NAME: "<b>张三</b>", Column.MOBILE: "12345678901"}
    rows[2] |= {Column.ID_NUMBER: "1.50302E+17"}
    rows[3] |= {Column.EMAIL: ""}
    rows[4] |= {Column.UNIT: SCHOOLS[4].name[3:]}
    rows[6] |= {Column.NAME: "阿拉腾•其木格"}
    return write_roster(rows)


def _sign_in(page: Page, url: str, login: str) -> None:
    page.goto(f"{url}/login")
    page.fill('input[name="login"]', login)
    page.fill('input[name="password"]', PASSWORD)
    page.click("main button")
    expect(page.locator("h1")).to_have_text("总览")


def _upload(page: Page, sheet: Path, scan: Path) -> None:
    page.get_by_role("link", name="申请", exact=True).click()
    page.get_by_role("link", name="导入登记表").click()
    page.set_input_files('input[name="sheet"]', sheet)
    page.set_input_files('input[name="scan"]', scan)
    page.get_by_role("button", name="试读").click()
    expect(page.locator("h1")).to_have_text("试读结果")


def _mend(path: Path) -> None:
    """What a person does with the marked sheet: go to each cell with a comment and type the right value."""
    book = load_workbook(path)
    sheet = book.worksheets[0]
    commented = [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.comment]
    assert commented == ["B3", "F3", "C4", "E5", "A6"]
    sheet["A6"].value = SCHOOLS[4].code
    for coordinate, number, column in (
        ("B3", 1, Column.NAME),
        ("F3", 1, Column.MOBILE),
        ("C4", 2, Column.ID_NUMBER),
        ("E5", 3, Column.EMAIL),
    ):
        sheet[coordinate].value = person(number)[column]
    book.save(path)


def test_a_damaged_sheet_is_tried_given_back_marked_mended_and_imported_again(
    office: Office, wiring: Wiring, tmp_path: Path
) -> None:
    assert office.school
    _staff(office, Role.CLERK, login="clerk", name="王录入", unit=LEAGUE)
    sheet, scan, marked = (tmp_path / name for name in ("登记表.xlsx", "申请单.pdf", "标注.xlsx"))
    sheet.write_bytes(_damaged())
    scan.write_bytes(office.scan)
    with served(wiring) as url, chromium() as browser:
        page = browser.new_context(locale="zh-CN", ignore_https_errors=True, accept_downloads=True).new_page()
        _sign_in(page, url, "clerk")
        _upload(page, sheet, scan)
        expect(page.get_by_text("尚未登记任何内容")).to_be_visible()
        page.select_option('select[name="unit_6"]', SCHOOLS[4].code)
        picture(page, "import-dry-run", tmp_path)
        page.get_by_role("button", name="按所选单位重新检查").click()
        expect(page.locator("h2", has_text="需要更正 4 处")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="下载标出错误的表格").click()
        download.value.save_as(marked)
        page.get_by_role("button", name="只录入没有错误的 5 行").click()
        expect(page.locator("h1")).to_contain_text("批次")
        picture(page, "import-batch", tmp_path)
        _mend(marked)
        _upload(page, marked, scan)
        expect(page.locator("h2", has_text="需要更正 0 处")).to_be_visible()
        picture(page, "import-mended", tmp_path)
        page.get_by_role("button", name="全部录入（3 行）").click()
        expect(page.locator("h1")).to_contain_text("批次")
        page.get_by_role("link", name="← 全部批次").click()
        picture(page, "batches", tmp_path)
    with office.services.read() as uow:
        found = uow.applications.find()
    assert sorted(a.unit_code for a in found) == sorted(school.code for school in SCHOOLS[:8])
    assert read_roster(marked.read_bytes(), filename="a", limits=SheetLimits()).notes == ()


def test_one_person_is_typed_mended_field_by_field_returned_and_mended_again(
    office: Office, wiring: Wiring, tmp_path: Path
) -> None:
    assert office.school
    _staff(office, Role.CLERK, login="clerk", name="王录入", unit=LEAGUE)
    scan = tmp_path / "申请单.pdf"
    scan.write_bytes(office.scan)
    with served(wiring) as url, chromium() as browser:
        page = browser.new_context(locale="zh-CN", ignore_https_errors=True).new_page()
        _sign_in(page, url, "clerk")
        page.goto(f"{url}/applications/new")
        values = person(HERE) | {Column.MOBILE: "1990000000", Column.REMARKS: "兼任培训管理"}
        for column, text in values.items():
            if column is Column.SCHOOL_TYPE:
                page.select_option(f"#{column.name}", text)
            elif column is not Column.USER_TYPE:
                page.fill(f"#{column.name}", text)
        page.set_input_files("#scan", scan)
        page.get_by_role("button", name="提交").click()
        expect(page.locator("#wrong-MOBILE")).to_contain_text("不是有效的手机号码")
        expect(page.locator("#wrong-ACCOUNT")).to_contain_text("请选择是否已有登录账号")
        expect(page.locator("#REMARKS")).to_have_value("兼任培训管理")
        picture(page, "person-form", tmp_path)
        page.fill("#MOBILE", "19900000000")
        page.get_by_label("新用户，还没有账号").check()
        page.get_by_role("button", name="提交").click()
        expect(page.locator("h1")).to_contain_text("申请 A")
        own = page.url.rpartition("/")[2]
        review.give_back(office.services, actor(Role.REVIEWER, BANNER), [own], reason="手机号码与申请单不一致")
        page.reload()
        page.get_by_role("link", name="修改", exact=True).click()
        expect(page.get_by_text("手机号码与申请单不一致")).to_be_visible()
        picture(page, "application-mend", tmp_path)
        page.fill("#MOBILE", "19900000009")
        page.get_by_role("button", name="再次提交").click()
        expect(page.locator("h1")).to_contain_text("申请 A")
    with office.services.read() as uow:
        (made,) = uow.applications.find()
    assert (made.contact.mobile, made.mended_by, made.remarks) == ("19900000009", "clerk", "兼任培训管理")
