"""The console served over TLS in a thread, and Chromium before it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ca_service.app import create_console
from ca_service.wiring import Wiring

DESKTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
# Set to docs/screenshots, the pictures of the documents are made anew.
# A loaded machine may take long for what is usually at once; waiting ends as soon as it is there.
expect.set_options(timeout=60_000)
_SCREENSHOTS = os.environ.get("EDUCA_SCREENSHOTS")


@contextmanager
def served(wiring: Wiring) -> Iterator[str]:
    """Serve the console at a free port; yield its URL."""
    service = wiring.config.service
    certificate, key = wiring.config.path(service.tls_certificate), wiring.config.path(service.tls_key)
    server = Server(("127.0.0.1", 0), create_console(wiring), numthreads=8)
    server.ssl_adapter = BuiltinSSLAdapter(str(certificate), str(key))
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    with sync_playwright() as playwright:
        # The browser's own words (choose a file) are in the language of the test machine, not of the page.
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def picture(page: Page, name: str, folder: Path) -> None:
    """The page on a desk and on a phone, each as a picture; nothing may stick out to the right."""
    place = Path(_SCREENSHOTS) if _SCREENSHOTS else folder
    for size, suffix in ((DESKTOP, ""), (PHONE, "-phone")):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.screenshot(path=place / f"{name}{suffix}.png", full_page=True)
        widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert widths[0] <= widths[1], (name, size, widths)
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
