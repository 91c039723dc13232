"""The scene, played once for the process and copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ca_service.config import Config, DatabaseTable
from ca_service.wiring import Wiring
from tests.ca_service.conftest import TestClock
from tests.ca_service.status_audit.scene import Cast, Scene, play


@pytest.fixture(scope="module")
def played(founded: Config, tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Cast, TestClock]:
    folder, clock = tmp_path_factory.mktemp("scene"), TestClock()
    shutil.copy(founded.path(Path("educa.db")), folder / "educa.db")
    service = founded.service.model_copy(update={"documents": folder / "documents", "outbox": folder / "outbox"})
    database = DatabaseTable(url=f"sqlite:///{folder / 'educa.db'}")
    config = founded.model_copy(update={"database": database, "service": service})
    wiring = Wiring(config, clock=clock)
    cast = play(wiring, clock)
    _close(wiring)
    return config, cast, clock


@pytest.fixture
def scene(played: tuple[Config, Cast, TestClock], tmp_path: Path) -> Iterator[Scene]:
    config, cast, clock = played
    shutil.copy(config.database_url.removeprefix("sqlite:///"), tmp_path / "educa.db")
    copy = config.model_copy(update={"database": DatabaseTable(url=f"sqlite:///{tmp_path / 'educa.db'}")})
    wiring = Wiring(copy, clock=clock)
    yield Scene(wiring, cast, clock)
    _close(wiring)


def _close(wiring: Wiring) -> None:
    for sessions in (wiring.root_sessions, wiring.issuing_sessions):
        sessions.drop()
    wiring.database.engine.dispose()
