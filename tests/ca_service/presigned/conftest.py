"""A configuration for other processes, a filled store, a copy of the database."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ca_service.config import Config, DatabaseTable
from ca_service.domain.presigned import PresignRun
from ca_service.wiring import Wiring
from ca_service.workflows.presign import presign
from tests.ca_service import postgres
from tests.ca_service.office import Office
from tests.ca_service.presigned.means import means


@pytest.fixture
def pickled(config: Config, tmp_path: Path) -> str:
    """The configuration in a file, for other processes."""
    path = tmp_path / "config.pickle"
    path.write_bytes(pickle.dumps(config))
    return str(path)


@pytest.fixture
def fill(wiring: Wiring, office: Office) -> Callable[[], PresignRun]:
    """Sign ahead for everything there is now."""
    return lambda: presign(office.services, office.operator, *means(wiring))


@pytest.fixture
def copied(request: pytest.FixtureRequest, config: Config, tmp_path: Path) -> Callable[[], Config]:
    """Make a copy of the database as it stands; return the configuration of who is restored from it."""

    def copy() -> Config:
        if config.database.url.startswith("sqlite"):
            shutil.copy(tmp_path / "educa.db", tmp_path / "copy.db")
            url = f"sqlite:///{tmp_path / 'copy.db'}"
        else:
            name = config.database.url.split("?")[0].rpartition("/")[2]
            url = postgres.create(request.getfixturevalue("postgres_server"), f"{name}-copy", template=name)
        return config.model_copy(update={"database": DatabaseTable(url=url)})

    return copy
