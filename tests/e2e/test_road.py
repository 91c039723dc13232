"""The whole road on the real programs, with openssl, curl and pkcs11-tool as the judges."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.road.demo import Road, walk
from tests.road.world import Ports, World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def test_a_spreadsheet_becomes_certificates_on_tokens_and_a_frozen_one_is_refused(tmp_path: Path) -> None:
    road = Road(World(tmp_path, Ports.free()))
    walk(road, console=Console(quiet=True))
    steps = [json.loads(line) for line in (tmp_path / "timeline.jsonl").read_text(encoding="utf-8").splitlines()]
    numbers = [step["step"].split()[0] for step in steps]
    assert numbers == ["1", "2", "3", "4", "5", "6", "7", "8a", "8b", "8c", "9"]
    assert all(step["by"] and step["observed"] for step in steps)
