"""Pictures of the page for the documents: `python -m tests.token_provisioning.screenshots docs/screenshots`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.token_provisioning.contract_ca import CODE, REFERENCE
from tests.token_provisioning.contract_server import serving
from tests.token_provisioning.helper_client import helper_at
from tests.token_provisioning.ready import ready
from tests.token_provisioning.soft_token import PIN, own_copy


def main(out: Path) -> None:
    """Walk the road with a software token and keep what is seen."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        desk, serial, ca = ready(folder, own_copy(folder))
        first = (folder / f"{serial}.pin").read_text().strip()
        with serving(ca, folder) as server, helper_at(desk, server) as client, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 760, "height": 720}, locale="zh-CN")
            page.goto(client.url)
            _walk(page, out, first)
            page.set_viewport_size({"width": 360, "height": 700})
            page.screenshot(path=out / "helper-small.png", full_page=True)
            browser.close()


def _walk(page: Page, out: Path, first: str) -> None:
    page.get_by_role("heading", name="介质可以使用").wait_for()
    page.screenshot(path=out / "helper-check.png")
    page.get_by_role("button", name="下载证书").click()
    page.get_by_label("参考号").fill(REFERENCE)
    page.get_by_label("授权码").fill(CODE)
    page.screenshot(path=out / "helper-codes.png")
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("首个 PIN").fill(first)
    for field in ("new_pin", "again"):
        page.locator(f"[name={field}]").fill(PIN)
    page.screenshot(path=out / "helper-pin.png", full_page=True)
    page.get_by_role("button", name="开始下载").click()
    page.get_by_role("heading", name="证书已下载并启用").wait_for()
    page.mouse.move(0, 0)
    page.screenshot(path=out / "helper-done.png")
    page.get_by_role("button", name="完成").click()
    page.get_by_role("heading", name="证书可以使用").wait_for()
    page.mouse.move(0, 0)
    page.screenshot(path=out / "helper-home.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
