"""The order in which files of tests are handed out: the longest first, lest one worker ends with it alone.

And how often garbage is looked for: seven thousand collected tests are a heap that each full collection would walk.
"""

import gc
from collections.abc import Sequence
from pathlib import Path

import pytest

_OBJECTS_BETWEEN_COLLECTIONS = 20_000
_ROOT = Path(__file__).parent
_LONGEST: Sequence[str] = (
    "e2e/test_soak.py",
    "e2e/personal/test_planted.py",
    "test_benches.py",
    "e2e/test_server_dies.py",
    "ca_service/drill/test_drill.py",
    "e2e/test_wire_is_cut.py",
    "token_provisioning/test_packaged.py",
    "e2e/test_road.py",
    "ca_service/test_status_storm.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files named above before all others; inside a file the order stays."""
    places = {_ROOT / name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the collector need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
