"""The scan stands beside the data: drawn on demand, sandboxed, kept nowhere, each look recorded."""

from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page

from ca_service.domain.audit import Tag
from ca_service.domain.changes import ChangeKind
from ca_service.domain.roles import Role
from ca_service.printing.filled import print_application
from ca_service.wiring import Wiring
from ca_service.workflows import change
from ca_service.workflows.paper_forms import application_form_of
from ca_service.workflows.stamped_scans import attach_scans
from tests.ca_service.desk import Desk
from tests.ca_service.office import BANNER, LEAGUE, Office
from tests.ca_service.paper.people import signed_in
from tests.ca_service.web.browser import chromium, picture, served
from tests.ca_service.web.test_console import PASSWORD, _staff
from tests.road.roster import make_scan_pdf

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


def test_a_scan_is_shown_as_one_picture_that_may_run_nothing(app: Flask, office: Office, desk: Desk) -> None:
    own = desk.enter().id
    client = signed_in(app, office, Role.CLERK)
    assert f'src="/applications/{own}/scan.png"' in client.get(f"/applications/{own}").text
    answer = client.get(f"/applications/{own}/scan.png")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with Image.open(BytesIO(answer.data), formats=["PNG"]) as shown:
        assert shown.width == 1000
    looks = desk.audited(Tag.APPLICATION_UNMASKED)
    assert looks == [(f"clerk-{LEAGUE}", own)] * 2


def test_the_scan_of_a_change_case_is_shown_too(app: Flask, office: Office, desk: Desk) -> None:
    holder = desk.confirmed(desk.enter())
    form = change.Form(ChangeKind.UNLOCK, holder, "密码输错多次", "", False, office.scan, "form.pdf")
    case = change.submit(office.services, office.clerk, form)
    client = signed_in(app, office, Role.CLERK)
    assert f'src="/changes/{case.id}/scan.png"' in client.get(f"/changes/{case.id}").text
    assert client.get(f"/changes/{case.id}/scan.png").mimetype == "image/png"
    assert desk.audited(Tag.CHANGE_UNMASKED) == [(f"clerk-{LEAGUE}", case.id)] * 2


def test_the_batch_scan_of_a_unit_above_is_neither_shown_nor_asked_for(app: Flask, office: Office, desk: Desk) -> None:
    own = desk.enter().id
    with office.services.begin() as uow:
        (batch,) = uow.batches.find()
        uow.batches.change(batch, unit_code=LEAGUE)
    client = signed_in(app, office, Role.REVIEWER, BANNER)
    assert "scan.png" not in client.get(f"/applications/{own}").text
    assert client.get(f"/applications/{own}/scan.png").status_code == 403


def test_a_document_that_cannot_be_drawn_is_told(app: Flask, office: Office, desk: Desk) -> None:
    own = desk.enter()
    kept = office.services.documents.put(b"%PDF-1.7 and nothing more")
    with office.services.begin() as uow:
        uow.applications.change(own, scan_sha256=kept)
    answer = signed_in(app, office, Role.CLERK).get(f"/applications/{own.id}/scan.png")
    assert (answer.status_code, "扫描件无法显示" in answer.text) == (422, True)


def _boxes(page: Page) -> tuple[dict[str, float], dict[str, float]]:
    data = page.get_by_role("heading", name="登记内容").bounding_box()
    scan = page.get_by_role("heading", name="盖章扫描件").bounding_box()
    assert data
    assert scan
    return data, scan  # type: ignore[return-value]


@pytest.mark.e2e
def test_a_reviewer_has_the_stamped_form_beside_the_data(office: Office, wiring: Wiring, tmp_path: Path) -> None:
    desk = Desk(office)
    assert office.school
    made = desk.enter(1, name="示范甲")
    paper = print_application(application_form_of(office.services, office.clerk, made.id))
    attach_scans(office.services, office.clerk, [(paper, "form.pdf")])
    for login, role, unit in (("clerk", Role.CLERK, LEAGUE), ("reviewer", Role.REVIEWER, BANNER)):
        _staff(office, role, login=login, unit=unit, name="示范人员")
    with served(wiring) as url, chromium() as browser:
        page = browser.new_context(ignore_https_errors=True, locale="zh-CN").new_page()
        _enter(page, url, "reviewer")
        page.goto(f"{url}/applications/{made.id}")
        page.wait_for_function("document.querySelector('.paper img').naturalWidth === 1000")
        with page.expect_download() as printed:
            page.get_by_role("link", name="打印申请单").click()
        assert printed.value.suggested_filename == f"{made.id}.pdf"
        page.set_viewport_size({"width": 1100, "height": 768})
        data, scan = _boxes(page)
        assert scan["x"] > data["x"] + data["width"]
        page.set_viewport_size({"width": 1000, "height": 768})
        data, scan = _boxes(page)
        assert scan["y"] > data["y"] + 300
        picture(page, "console-application-scan", tmp_path)
        _stamped_page(browser.new_context(ignore_https_errors=True, locale="zh-CN").new_page(), url, paper, tmp_path)


def _enter(page: Page, url: str, login: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/overview")


def _stamped_page(page: Page, url: str, paper: bytes, folder: Path) -> None:
    _enter(page, url, "clerk")
    page.get_by_role("link", name="申请", exact=True).click()
    page.get_by_role("link", name="上传盖章扫描件").click()
    files = [("盖章申请单.pdf", paper), ("空白页.pdf", make_scan_pdf()), ("照片.txt", b"nothing")]
    given = [{"name": name, "mimeType": "application/pdf", "buffer": content} for name, content in files]
    page.get_by_label("盖章申请单的扫描件").set_input_files(given)  # type: ignore[arg-type]
    page.get_by_role("button", name="上传").click()
    page.get_by_text("此前已附上").wait_for()
    picture(page, "console-stamped", folder)
