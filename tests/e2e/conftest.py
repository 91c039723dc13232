"""The founded CA of tests/ca_service, for what drives it from outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ca_service.config import Config
from tests.ca_service import conftest as ca_fixtures
from tests.e2e.apart import Apart, ca_apart
from tests.e2e.drill import copy_of

founded = ca_fixtures.founded
postgres_server = ca_fixtures.postgres_server
founded_on_postgres = ca_fixtures.founded_on_postgres


@pytest.fixture(scope="module")
def apart(founded: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """A CA whose server runs in other processes."""
    with ca_apart(founded, tmp_path_factory.mktemp("apart")) as made:
        yield made


@pytest.fixture
def copied(founded: Config, tmp_path: Path) -> Config:
    """A copy of the CA but for its tokens: what a drill replaces is the copy's."""
    return copy_of(founded, tmp_path)
