"""Headless Chromium before a console over TLS, as staff see it."""

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page, ViewportSize, sync_playwright
from werkzeug.serving import make_server

from ca_service.config import Config

DESKTOP, PHONE = ViewportSize(width=1366, height=768), ViewportSize(width=390, height=844)
CHROMIUM = "/usr/bin/chromium"


@contextmanager
def serving(app: Flask, config: Config) -> Iterator[str]:
    """The console on a free port with the CA's own TLS certificate; yields its address."""
    context = (str(config.path(config.service.tls_certificate)), str(config.path(config.service.tls_key)))
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def chromium(address: str) -> Iterator[Page]:
    """A page of a fresh browser; its time-out is ten seconds an action."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            context = browser.new_context(base_url=address, ignore_https_errors=True, locale="zh-CN")
            page = context.new_page()
            page.set_default_timeout(10_000)
            yield page
        finally:
            browser.close()


def sign_in(page: Page, login: str, password: str) -> None:
    """Through the form, as a person does."""
    page.goto("/login")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/overview")


def sign_out(page: Page) -> None:
    """Through the form."""
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/")


def overflowing(page: Page) -> list[str]:
    """Texts that are cut off, and whether the page as a whole is wider than the window."""
    found: list[str] = page.evaluate(
        """() => {
          const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth
            ? [`page ${document.documentElement.scrollWidth}`] : [];
          const cut = [...document.querySelectorAll('main *')].filter(e =>
            !e.closest('.scroll') && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline'
            && !['INPUT', 'SELECT', 'TEXTAREA', 'OPTION'].includes(e.tagName));
          return wide.concat(cut.map(e => `${e.tagName} ${e.textContent.trim().slice(0, 40)}`));
        }"""
    )
    return found


def english(page: Page, *, known: Iterable[str] = ()) -> list[str]:
    """Words in Latin letters that a reader of Chinese would stumble over; `known` ones (logins, file types) may be."""
    text = page.locator("main").inner_text()
    for word in known:
        text = text.replace(word, "")
    # Identifiers mix letters and digits; a word does not.
    return re.findall(r"(?<![0-9A-Za-z])[A-Za-z]{3,}(?![0-9A-Za-z])", text)


def look(page: Page, folder: Path, name: str, *, known: Iterable[str] = ()) -> None:
    """See the page in both sizes: nothing cut off, nothing left in English; a picture of each is kept."""
    for size, suffix in ((PHONE, "-phone"), (DESKTOP, "")):
        page.set_viewport_size(size)
        assert overflowing(page) == [], name
        page.screenshot(path=folder / f"{name}{suffix}.png", full_page=True)
    assert english(page, known=known) == [], name
