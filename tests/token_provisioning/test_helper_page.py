"""The helper's page in Chromium: a person's road through it, on a small window too, and what another site can do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.contract_ca import CODE, REFERENCE
from tests.token_provisioning.helper_client import Client, helper_at
from tests.token_provisioning.soft_token import PIN

_CHROMIUM = "/usr/bin/chromium"
_WIDE: ViewportSize = {"width": 760, "height": 760}
_SMALL: ViewportSize = {"width": 340, "height": 560}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(_CHROMIUM).exists():
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        # One name of the world outside is made to point here, as DNS rebinding does it.
        rebinding = "--host-resolver-rules=MAP rebound.example 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox", rebinding])
        yield browser
        browser.close()


@pytest.fixture
def client(scene: Scene) -> Iterator[Client]:
    with helper_at(scene.desk, scene.server) as client:
        yield client


@contextmanager
def opened(browser: Browser, url: str) -> Iterator[Page]:
    """A page that fails the test if its script or its policy complains."""
    context = browser.new_context(viewport=_WIDE, locale="zh-CN")
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(url)
    try:
        yield page
        assert complaints == []
    finally:
        context.close()


def require_no_sideways_scroll(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def click(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_person_downloads_a_certificate_step_by_step(scene: Scene, client: Client, browser: Browser) -> None:
    first = (scene.desk.folder / f"{scene.serial}.pin").read_text().strip()
    with opened(browser, client.url) as page:
        page.get_by_role("heading", name="介质可以使用").wait_for()
        assert client.secret not in page.url
        assert page.get_by_text(scene.serial).is_visible()
        click(page, "下载证书")
        click(page, "下一步")
        assert page.get_by_role("alert").inner_text() == "请填写参考号。"
        page.get_by_label("参考号").fill(REFERENCE)
        page.get_by_label("授权码").fill(CODE)
        click(page, "下一步")
        page.get_by_label("首个 PIN").fill(first)
        page.locator("[name=new_pin]").fill("123456")
        page.locator("[name=again]").fill("123456")
        click(page, "开始下载")
        assert "连续" in page.get_by_role("alert").inner_text()
        page.locator("[name=new_pin]").fill(PIN)
        click(page, "开始下载")
        assert page.get_by_role("alert").inner_text() == "两次输入的新 PIN 不一样。"
        page.locator("[name=again]").fill(PIN)
        page.set_viewport_size(_SMALL)
        require_no_sideways_scroll(page)
        click(page, "开始下载")

        page.get_by_role("heading", name="证书已下载并启用").wait_for()
        assert page.get_by_text("不得外借。").is_visible()
        require_no_sideways_scroll(page)
        click(page, "完成")
        page.get_by_role("heading", name="证书可以使用").wait_for()
        require_no_sideways_scroll(page)
    assert scene.ca.state == "confirmed"


def test_a_wrong_pin_is_said_beside_the_tries_that_the_token_tells(
    scene: Scene, client: Client, browser: Browser
) -> None:
    assert scene.desk.process("enroll", *scene.arguments()).code == 0
    with opened(browser, client.url) as page:
        click(page, "测试签名")
        page.get_by_label("PIN").fill("wrong-PIN-1")
        click(page, "测试")
        page.get_by_role("heading", name="没有完成").wait_for()
        page.get_by_label("介质").get_by_text("曾输错，剩余次数已减少").wait_for()
        click(page, "返回")
        click(page, "测试签名")
        assert page.get_by_label("PIN").input_value() == ""
        page.get_by_label("PIN").fill(PIN)
        click(page, "测试")
        page.get_by_role("heading", name="签名测试通过").wait_for()
        click(page, "支持日志")
        assert '"pin-wrong"' in page.locator("pre").inner_text()
        with page.expect_download() as saved:
            page.get_by_role("link", name="保存为文件").click()
        assert '"pin-wrong"' in saved.value.path().read_text(encoding="utf-8")


def test_without_the_secret_of_this_run_the_page_is_dead(client: Client, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://{client.authority}/")

    page.get_by_role("heading", name="此页面已失效").wait_for()
    context.close()


def test_when_the_helper_is_left_the_page_says_so(client: Client, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(client.url)
    page.get_by_role("heading", name="介质可以使用").wait_for()
    page.route("**/api/**", lambda route: route.abort())

    page.get_by_role("heading", name="证书助手没有响应").wait_for()
    context.close()


def test_a_name_rebound_to_this_computer_gets_a_refusal(client: Client, browser: Browser) -> None:
    port = client.authority.rpartition(":")[2]
    context = browser.new_context()
    page = context.new_page()

    answer = page.goto(f"http://rebound.example:{port}/#{client.secret}")

    assert answer is not None
    assert (answer.status, "只供本机" in page.content()) == (403, True)
    context.close()


_EVIL = """<!DOCTYPE html><title>evil</title><form method="post" enctype="text/plain" target="f"><input name="x"></form>
<iframe name="f"></iframe><script>
async function attack(target, secret) {
  const wish = JSON.stringify({serial: "x", pin: "y"}), seen = [];
  const asks = [
    ["/api/quit", {method: "POST", mode: "no-cors", body: "{}"}],
    ["/api/quit", {method: "POST", mode: "no-cors", body: new Blob(["{}"], {type: "text/plain"})}],
    ["/api/test", {method: "POST", body: wish, headers: {"Content-Type": "application/json"}}],
    ["/api/test", {method: "POST", body: wish,
      headers: {"Content-Type": "application/json", "Authorization": "Bearer " + secret}}],
    ["/api/state", {headers: {"Authorization": "Bearer " + secret}}],
    ["/helper.js", {}],
  ];
  for (const [path, how] of asks) {
    try { const answer = await fetch(target + path, how); seen.push(answer.type + await answer.text()); }
    catch (error) { seen.push("blocked"); }
  }
  document.forms[0].action = target + "/api/quit";
  document.forms[0].submit();
  return seen;
}
</script>"""


@contextmanager
def another_site() -> Iterator[str]:
    class Evil(BaseHTTPRequestHandler):
        def log_message(self, *args: object, **named: object) -> None:
            """Be silent."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(_EVIL.encode())

    server = HTTPServer(("127.0.0.1", 0), Evil)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_page_of_another_site_can_neither_do_nor_read_anything(client: Client, browser: Browser) -> None:
    with another_site() as evil:
        context = browser.new_context()
        page = context.new_page()
        page.goto(evil)
        # Even with the secret, which it cannot know.
        seen = page.evaluate(
            "([target, secret]) => attack(target, secret)", [f"http://{client.authority}", client.secret]
        )
        context.close()

    assert [answer for answer in seen if answer not in ("blocked", "opaque")] == []
    assert client.state()["job"] is None
    assert not client.ended.is_set()
