"""Scenes on either database."""

import pytest

from ca_service.wiring import Wiring
from tests.ca_service.conftest import TestClock
from tests.ca_service.erasure.scene import Scene


@pytest.fixture
def scene(wiring: Wiring, clock: TestClock) -> Scene:
    """An empty service."""
    return Scene(wiring, clock)
