"""A real Chromium whose NSS database holds the token's PKCS#11 module: the person's PIN is typed into its dialog.

Chromium shows PIN dialog and choice of certificate in windows of its own, so it runs under a virtual screen (Xvfb)
and xdotool is the hand on the keyboard. Nothing else is automated than what a person does.
"""

import os
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.road.stick import Stick
from tests.road.use import carry_out
from tests.road.world import SOFTHSM, RoadError, World, wait_for

_PIN_DIALOG = "^Unlock Security Device$"
_FROZEN_WITHIN = 1.0
_SIZE: ViewportSize = {"width": 1366, "height": 768}


@dataclass
class Screen:
    """A virtual screen and the hand at its keyboard."""

    environment: dict[str, str]

    def windows(self, name: str) -> list[str]:
        """Ids of the windows with this name."""
        command = ["xdotool", "search", "--onlyvisible", "--name", name]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False).stdout.split()

    def keyboard(self, *act: str) -> None:
        """One act of xdotool."""
        subprocess.run(["xdotool", *act], env=self.environment, capture_output=True, check=True, timeout=20)


@contextmanager
def screen(environment: dict[str, str]) -> Iterator[Screen]:
    """A virtual screen until the block ends."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            assert server.stdout is not None
            number = server.stdout.readline().decode().strip()
            yield Screen({**environment, "DISPLAY": f":{number}"})
        finally:
            server.terminate()


def prepare_home(home: Path, stick: Stick, root: Path) -> dict[str, str]:
    """A home folder with an NSS database that knows the token's module and trusts the root; its environment."""
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    environment = {**os.environ, **stick.environment, "HOME": str(home), "LANG": "C.UTF-8"}
    for command in (
        ["certutil", "-N", "-d", f"sql:{database}", "--empty-password"],
        ["modutil", "-dbdir", f"sql:{database}", "-add", "UKEY", "-libfile", SOFTHSM, "-force"],
        ["certutil", "-A", "-d", f"sql:{database}", "-n", "root", "-t", "C,,", "-i", str(root)],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise RoadError(f"{command[0]}: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return environment


@contextmanager
def browser_of(stick: Stick, folder: Path, root: Path) -> Iterator[tuple[Page, Screen]]:
    """Chromium with the token plugged in, until the block ends."""
    environment = prepare_home(folder / "home", stick, root)
    with screen(environment) as shown, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(folder / "profile"),
            executable_path="/usr/bin/chromium",
            headless=False,
            env={**shown.environment},
            viewport=_SIZE,
            args=["--no-sandbox", "--window-size=1390,880", "--disable-gpu"],
        )
        try:
            yield context.pages[0], shown
        finally:
            context.close()


def sign_in_by_hand(page: Page, shown: Screen, url: str, pin: str) -> None:
    """Open the page as a person does: PIN, choice of certificate, Enter."""
    arrived = threading.Event()
    with ThreadPoolExecutor(1) as one:
        hand = one.submit(_type_pin_and_choose, shown, pin, arrived)
        try:
            page.goto(url, timeout=60_000)
        finally:
            arrived.set()
        hand.result()


def _type_pin_and_choose(shown: Screen, pin: str, arrived: threading.Event) -> None:
    wait_for(lambda: arrived.is_set() or bool(shown.windows(_PIN_DIALOG)), what="the PIN dialog")
    shown.keyboard("windowfocus", "--sync", shown.windows(_PIN_DIALOG)[0])
    shown.keyboard("type", pin)
    shown.keyboard("key", "Return")
    wait_for(lambda: not shown.windows(_PIN_DIALOG), what="the end of the PIN dialog")
    # The choice of certificate takes the focus by itself, our certificate is the first in it, and Enter is OK; its
    # window has no name to wait for, so Enter is pressed until the page is there.
    while not arrived.wait(0.5):
        shown.keyboard("key", "Return")


@dataclass
class Visit:
    """What one person does at the registry; each step leaves a picture."""

    world: World
    page: Page
    pictures: Path

    def see(self, text: str, picture: str) -> None:
        """The text must be on the page; take its picture."""
        if text not in self.page.content():
            raise RoadError(f"the browser shows no {text!r} but {self.page.title()!r}")
        self.page.screenshot(path=self.pictures / f"registry-{picture}.png")

    def reset_a_password(self) -> None:
        """Make an account by the form, then reset its password by two clicks."""
        self.page.fill("[name=name]", "示范教师")
        self.page.select_option(".side [name=kind]", "teacher")
        self.page.click("text=创建账号")
        first = self.page.inner_text(".password")
        self.page.click("text=返回本单位")
        self.page.click("a:has-text('重置密码')")
        self.page.click("button:has-text('重置密码')")
        if self.page.inner_text(".password") == first:
            raise RoadError("the password was not reset")
        self.see("密码已重置", "password")
        self.page.click("text=返回本单位")

    def sees_within_a_second(self, text: str) -> float:
        """Reload until the text is there; how long it took."""

        def shown() -> bool:
            self.page.goto(self.world.registry)
            return text in self.page.content()

        return wait_for(shown, what=f"{text} in the browser", seconds=_FROZEN_WITHIN)


def browse(world: World, holder: str, stick: Stick, unit_name: str) -> Path:
    """Sign in with the key in the token, reset a password, be thrown out when frozen, come back when released."""
    folder = world.folder / "browser"
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    with browser_of(stick, folder, world.folder / "root.pem") as (page, shown):
        sign_in_by_hand(page, shown, world.registry, stick.pin)
        visit = Visit(world, page, pictures)
        visit.see(unit_name, "unit")
        visit.reset_a_password()
        carry_out(world, holder, "stop", "freeze")
        frozen = visit.sees_within_a_second("证书已冻结")
        visit.see("怎么办", "frozen")
        carry_out(world, holder, "restore", None)
        back = visit.sees_within_a_second(unit_name)
        visit.see("示范教师", "back")
    seen = f"page of {unit_name}; a password was reset; thrown out after {frozen:.2f} s, back after {back:.2f} s"
    world.observe("7b browser", seen, by="Chromium with the key in the token")
    return pictures
