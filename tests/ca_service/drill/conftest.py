"""A CA that nobody is to touch, in a folder of its own on either database, and a copy of it to be drilled."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ca_service import config as configuration
from ca_service.config import Config
from ca_service.drill import copying, drilling
from ca_service.drill.drilling import Drill
from tests.ca_service.office import Office


@pytest.fixture
def original(config: Config, founded: Config, tmp_path: Path) -> Config:
    """The configuration file, secrets, tokens and database of a CA."""
    folder = tmp_path / "original"
    shutil.copytree(founded.folder, folder, ignore=shutil.ignore_patterns("educa.db*"))
    path, url = folder / "config.toml", config.database.url
    if url.startswith("sqlite"):
        (tmp_path / "educa.db").rename(folder / "educa.db")
        url = "sqlite:///educa.db"
    path.write_text(path.read_text(encoding="utf-8").replace("sqlite:///educa.db", url), encoding="utf-8")
    return configuration.load(path)


@pytest.fixture
def on_sqlite(founded: Config, tmp_path: Path) -> Config:
    """The same where the database makes no difference."""
    shutil.copytree(founded.folder, tmp_path / "original")
    return configuration.load(tmp_path / "original" / "config.toml")


@pytest.fixture(scope="module")
def copy(founded: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A copy of a CA on SQLite, equipped to be drilled."""
    work = tmp_path_factory.mktemp("drill") / "work"
    made = copying.make(copying.Source(config=founded), work, Office.operator)
    drilling.equip(made)
    return made


@pytest.fixture(scope="module")
def drilled(copy: Config) -> Iterator[Drill]:
    """A drill that has gone well: it has seen signatures, answers and lists."""
    drill = Drill(copy, sample=1)
    outcomes = list(drill.run(["kill-revoke", "kill-publish"]))
    assert [one for one in outcomes if one.violations] == []
    yield drill
    drill.close()
