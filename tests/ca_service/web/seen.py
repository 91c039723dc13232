"""A page in Chromium as a person sees it: nothing cut off, nothing left in English, in both sizes."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import Page

from tests.ca_service.web.browser import DESKTOP, PHONE

# Set to docs/screenshots, the pictures of the documents are made anew.
_SCREENSHOTS = os.environ.get("EDUCA_SCREENSHOTS")
_CUT_OFF = """() => {
  const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth
    ? [`page ${document.documentElement.scrollWidth}`] : [];
  const cut = [...document.querySelectorAll('main *')].filter(e =>
    !e.closest('.scroll') && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline'
    && !['INPUT', 'SELECT', 'TEXTAREA', 'OPTION'].includes(e.tagName));
  return wide.concat(cut.map(e => `${e.tagName} ${e.textContent.trim().slice(0, 40)}`));
}"""


def look(page: Page, folder: Path, name: str, *, known: Iterable[str] = ()) -> None:
    """See the page on a phone and on a desk and keep a picture of each; `known` are Latin words that may be there."""
    # Before its style sheet has come a page has another width.
    page.wait_for_load_state("load")
    place = Path(_SCREENSHOTS) if _SCREENSHOTS else folder
    for size, suffix in ((PHONE, "-phone"), (DESKTOP, "")):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        cut = page.evaluate(_CUT_OFF)
        assert not cut, (name, cut)
        page.screenshot(path=place / f"{name}{suffix}.png", full_page=True)
    left = _english(page, known)
    assert not left, (name, left)


def _english(page: Page, known: Iterable[str]) -> list[str]:
    text = page.locator("main").inner_text()
    for word in known:
        text = text.replace(word, "")
    # Identifiers mix letters and digits; a word does not.
    return re.findall(r"(?<![0-9A-Za-z])[A-Za-z]{3,}(?![0-9A-Za-z])", text)
