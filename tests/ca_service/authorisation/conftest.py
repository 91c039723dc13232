"""One filled service for each test process; no test leaves anything in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ca_service.config import Config, DatabaseTable
from tests.ca_service.authorisation.world import World, build


@pytest.fixture(scope="session")
def world(founded: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("matrix")
    shutil.copy(founded.path(Path("educa.db")), folder / "educa.db")
    places = {"documents": folder / "documents", "outbox": folder / "outbox"}
    # A key of its own: what the matrix does to files is not rolled back.
    shutil.copy(founded.path(founded.secrets.field_key), folder / "field.key")
    changes = {
        "secrets": founded.secrets.model_copy(update={"field_key": folder / "field.key"}),
        "database": DatabaseTable(url=f"sqlite:///{folder / 'educa.db'}"),
        "service": founded.service.model_copy(update=places),
    }
    made = build(founded.model_copy(update=changes), folder)
    yield made
    made.store.close()
    made.wiring.issuing_sessions.drop()
