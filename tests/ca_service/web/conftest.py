"""The console's application, and quick hashes where a test types many passwords."""

import pytest
from argon2 import PasswordHasher
from flask import Flask

from ca_service import passwords
from ca_service.app import create_console
from ca_service.wiring import Wiring


@pytest.fixture
def app(wiring: Wiring) -> Flask:
    return create_console(wiring)


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id with the least of everything: how long it takes is not what is tested."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
