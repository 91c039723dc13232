"""The services of bench/malformed over the test's CA: on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.malformed.ca_side import CaSide
from bench.malformed.registry_side import registry_side
from bench.malformed.run import Side
from bench.malformed.samples import open_session
from ca_service.config import Config, DatabaseTable
from ca_service.wiring import Wiring
from tests.ca_service import postgres
from tests.ca_service.authorisation.world import build


@contextmanager
def _sides(founded: Config, folder: Path, urls: tuple[str, str]) -> Iterator[Sequence[Side]]:
    places = {"documents": folder / "documents", "outbox": folder / "outbox"}
    changes = {
        "database": DatabaseTable(url=urls[0]),
        "service": founded.service.model_copy(update=places),
    }
    config = founded.model_copy(update=changes)
    world = build(config, folder)
    samples = open_session(Wiring(config))
    with registry_side(folder, urls[1]) as registry:
        ca = CaSide(world, samples)
        yield [ca, ca, ca, registry]
    world.store.close()
    world.wiring.issuing_sessions.drop()


@pytest.fixture
def on_sqlite(founded: Config, tmp_path: Path) -> Iterator[Sequence[Side]]:
    shutil.copy(founded.path(Path("educa.db")), tmp_path / "educa.db")
    with _sides(founded, tmp_path, (f"sqlite:///{tmp_path / 'educa.db'}", "")) as sides:
        yield sides


@pytest.fixture
def on_postgres(founded_on_postgres: Config, postgres_server: str, tmp_path: Path) -> Iterator[Sequence[Side]]:
    ca = postgres.create(postgres_server, "malformed", template="founded")
    registry = postgres.create(postgres_server, "malformed_registry")
    with _sides(founded_on_postgres, tmp_path, (ca, registry)) as sides:
        yield sides
