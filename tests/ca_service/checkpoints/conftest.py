"""One log for each test, on both databases."""

from pathlib import Path

import pytest

from ca_service.wiring import Wiring
from tests.ca_service.checkpoints.desk import Desk


@pytest.fixture
def desk(wiring: Wiring, tmp_path: Path) -> Desk:
    return Desk(wiring, tmp_path)
