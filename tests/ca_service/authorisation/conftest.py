"""One filled service for each test process; no test leaves anything in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from ca_service import passwords
from ca_service.config import Config, DatabaseTable
from tests.ca_service.authorisation.world import World, build


@pytest.fixture(scope="session")
def world(founded: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("matrix")
    shutil.copy(founded.path(Path("educa.db")), folder / "educa.db")
    places = {"documents": folder / "documents", "outbox": folder / "outbox"}
    changes = {
        "database": DatabaseTable(url=f"sqlite:///{folder / 'educa.db'}"),
        "service": founded.service.model_copy(update=places),
    }
    made = build(founded.model_copy(update=changes), folder)
    yield made
    made.store.close()
    made.wiring.issuing_sessions.drop()


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are typed hundreds of times here and never right: argon2id with the least of everything."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
