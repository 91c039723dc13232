"""The whole road on the real programs, with openssl, curl, pkcs11-tool and a browser as the judges."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CalledProcessError

import pytest
from playwright.sync_api import Error as BrowserError
from rich.console import Console

from tests.road.browser import browse
from tests.road.demo import Road, walk
from tests.road.world import Ports, RoadError, World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

_PROGRAMS = ("Xvfb", "xdotool", "certutil", "modutil", "chromium")


@dataclass
class BrowsedRoad(Road):
    """The road, and on it one person at a real browser. What fails there does not end the walk."""

    pictures: list[Path] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        """The browser comes after the first sign-in by curl."""
        steps = super().steps()
        after = next(index for index, (name, _) in enumerate(steps) if name == "登录教师系统") + 1
        return [*steps[:after], ("浏览器登录", self._browse), *steps[after:]]

    def _browse(self) -> None:
        person = self.people[2]
        unit = next(unit["name"] for unit in self.world.educa("units", "list") if unit["code"] == person.unit)
        try:
            self.pictures = sorted(browse(self.world, person.holder, person.stick, unit).glob("*.png"))
        except (RoadError, BrowserError, CalledProcessError, OSError) as error:
            self.failures.append(error)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> BrowsedRoad:
    """The road at its end."""
    road = BrowsedRoad(World(tmp_path_factory.mktemp("road"), Ports.free()))
    walk(road, console=Console(quiet=True))
    return road


def test_a_spreadsheet_becomes_certificates_on_tokens_and_a_frozen_one_is_refused(walked: BrowsedRoad) -> None:
    timeline = (walked.world.folder / "timeline.jsonl").read_text(encoding="utf-8")
    steps = [json.loads(line) for line in timeline.splitlines()]
    numbers = [step["step"].split()[0] for step in steps if step["step"] != "7b browser"]
    assert numbers == ["1", "2", "3", "4", "5", "6", "7", "8a", "8b", "8c", "9"]
    assert all(step["by"] and step["observed"] for step in steps)


def test_a_browser_signs_in_with_the_key_in_the_token_is_thrown_out_and_comes_back(walked: BrowsedRoad) -> None:
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (make setup)")
    assert walked.failures == []
    assert [picture.stem for picture in walked.pictures] == [
        "registry-back",
        "registry-frozen",
        "registry-password",
        "registry-unit",
    ]
