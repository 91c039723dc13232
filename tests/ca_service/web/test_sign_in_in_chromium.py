"""The first sign-in as a person does it: Chromium, the real TLS server, an authenticator fed by the page's own text.

Pictures of each page go to the test's folder, or to the one that $EDUCA_SCREENSHOTS names (docs/screenshots).
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from ca_service.config import Config, ConsoleTable
from ca_service.domain.roles import Role
from ca_service.servers import console_server
from ca_service.wiring import Wiring
from tests.ca_service.web.people import NEW_PASSWORD, PASSWORD, account
from tests.road.world import Ports

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.usefixtures("quick_hashes"),
    pytest.mark.parametrize("config", ["sqlite"], indirect=True),
]
_SIZES = {"": (1366, 768), "-phone": (390, 844)}


@dataclass
class Console:
    """A served console and where pictures of it go."""

    url: str
    wiring: Wiring
    pictures: Path

    def look(self, page: Page, name: str, *, at: str) -> None:
        """Wait for a text of the page, take its picture at both sizes; nothing may stand outside the window."""
        _see(page, at)
        for suffix, (width, height) in _SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=self.pictures / f"staff-{name}{suffix}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        page.set_viewport_size({"width": 1366, "height": 768})


@pytest.fixture
def console(config: Config, tmp_path: Path) -> Iterator[Console]:
    """The console as `educa serve` serves it, under a name, since passkeys need one."""
    port = Ports.free().console
    service = config.service.model_copy(
        update={"console": f"127.0.0.1:{port}", "console_url": f"https://localhost:{port}"}
    )
    wiring = Wiring(config.model_copy(update={"console": ConsoleTable(), "service": service}))
    server = console_server(wiring)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield Console(service.console_url, wiring, Path(os.environ.get("EDUCA_SCREENSHOTS", tmp_path)))
    server.stop()
    thread.join()


@contextmanager
def _chromium() -> Iterator[Browser]:
    # Chromium makes passkeys on no page whose certificate it had to be told to accept, unless told so itself.
    arguments = ["--no-sandbox", "--ignore-certificate-errors"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        yield browser
        browser.close()


def _see(page: Page, text: str) -> None:
    # A click does not wait for the page that it leads to.
    page.locator("main").get_by_text(text).first.wait_for()


def _sign_in(page: Page, console: Console, password: str) -> None:
    page.goto(f"{console.url}/login")
    page.get_by_label("登录名").fill("security-2")
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


def _next_code(secret: str, used: str) -> str:
    """The authenticator's code once it differs from the last one given: what follows is taken a step early."""
    totp = pyotp.TOTP(secret)
    now = time.time()
    return next(code for step in (0, 30) if (code := totp.at(int(now) + step)) != used)


def test_first_sign_in_then_again_with_a_code(console: Console) -> None:
    account(
        console.wiring.services,
        "security-2",
        Role.SECURITY_ADMIN,
        name="安全管理员",
        must_change_password=True,
        must_identify=True,
    )
    account(console.wiring.services, "clerk-1", Role.CLERK)
    with _chromium() as browser:
        page = browser.new_context(ignore_https_errors=True, locale="zh-CN").new_page()
        _sign_in(page, console, "wrong password")
        console.look(page, "sign-in-refused", at="登录名或密码不正确")
        _sign_in(page, console, PASSWORD)
        console.look(page, "first-password", at="这是首次登录")
        page.get_by_label("现用密码").fill(PASSWORD)
        page.get_by_label("新密码（").fill(NEW_PASSWORD)
        page.get_by_label("再次输入新密码").fill(NEW_PASSWORD)
        page.get_by_role("button", name="修改密码").click()
        console.look(page, "identity", at="登记本人身份")
        page.get_by_label("姓名").fill("示范人")
        page.get_by_label("身份证号码").fill("150302198505051232")
        page.get_by_role("button", name="登记").click()
        secret = page.inner_text("#secret").replace(" ", "")
        console.look(page, "second-factor", at="启用动态验证码")
        page.get_by_label("验证码", exact=True).fill("000000")
        page.get_by_role("button", name="启用").click()
        _see(page, "验证码不正确")
        used = pyotp.TOTP(secret).now()
        page.get_by_label("验证码", exact=True).fill(used)
        page.get_by_role("button", name="启用").click()
        console.look(page, "recovery-codes", at="只显示这一次")
        assert page.locator("#codes li").count() == 10
        page.get_by_role("link", name="我已保存，继续").click()
        page.get_by_role("heading", name="总览").wait_for()
        page.get_by_role("button", name="退出").click()

        _sign_in(page, console, NEW_PASSWORD)
        page.get_by_label("动态验证码").fill(used)
        page.get_by_role("button", name="验证", exact=True).click()
        console.look(page, "code", at="验证码不正确或已使用过")
        page.get_by_label("动态验证码").fill(_next_code(secret, used))
        page.get_by_role("button", name="验证", exact=True).click()
        page.get_by_role("link", name="我的账号").click()
        console.look(page, "account", at="登录中的设备")
        page.get_by_role("link", name="人员", exact=True).click()
        console.look(page, "list", at="共 5 个账号")
        page.get_by_role("link", name="clerk-1").click()
        console.look(page, "member", at="单位与角色")


def test_a_passkey_of_the_browser(console: Console) -> None:
    account(console.wiring.services, "security-2", Role.SECURITY_ADMIN, name="安全管理员")
    with _chromium() as browser:
        page = browser.new_context(ignore_https_errors=True, locale="zh-CN").new_page()
        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        key = {"protocol": "ctap2", "transport": "usb", "isUserVerified": True, "hasUserVerification": True}
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**key, "automaticPresenceSimulation": True}})
        _sign_in(page, console, PASSWORD)
        page.get_by_role("link", name="改用通行密钥").click()
        page.get_by_label("名称").fill("办公室安全密钥")
        console.look(page, "passkey", at="添加通行密钥")
        page.get_by_role("button", name="添加").click()
        page.get_by_role("link", name="我已保存，继续").click()
        page.get_by_role("button", name="退出").click()
        _sign_in(page, console, PASSWORD)
        page.get_by_role("button", name="使用通行密钥").click()
        page.get_by_role("heading", name="总览").wait_for()
