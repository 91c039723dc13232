"""A backup from before an erasure has the person still: restoring it erases them again, and nobody else."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ca_service import backup
from ca_service.backup import restoring
from ca_service.config import Config
from ca_service.domain import errors
from ca_service.domain.erasures import ERASED
from ca_service.domain.holders import HolderStatus
from ca_service.wiring import Wiring
from ca_service.workflows.erasure_ledger import ledger, read_ledger, repeat, write_ledger
from tests.ca_service.conftest import TestClock
from tests.ca_service.erasure.scene import FIRST, OPERATOR, SECOND, Scene

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A recipient and the file of its private key."""
    path = tmp_path_factory.mktemp("keys") / "identity.txt"
    made = subprocess.run(["age-keygen", "-o", str(path)], check=True, capture_output=True, text=True)
    return made.stderr.split()[-1], path


@pytest.fixture
def home(config: Config, founded: Config, tmp_path: Path, clock: TestClock) -> Iterator[Scene]:
    """A CA in a folder of its own, with two persons of one sheet whose accounts are stopped."""
    folder = tmp_path / "home"
    shutil.copytree(founded.folder, folder, ignore=shutil.ignore_patterns("educa.db*"))
    (tmp_path / "educa.db").rename(folder / "educa.db")
    table = config.database.model_copy(update={"url": "sqlite:///educa.db"})
    update = {"database": table, "folder": folder, "service": founded.service}
    scene = Scene(Wiring(config.model_copy(update=update), clock=clock), clock)
    scene.registered(FIRST, SECOND)
    with scene.wiring.services.begin() as uow:
        for holder in uow.holders.find():
            uow.holders.change(holder, status=HolderStatus.STOPPED)
    yield scene
    scene.wiring.database.engine.dispose()


def _take(scene: Scene, to: Path, keys: tuple[str, Path]) -> Path:
    configuration = scene.wiring.config.folder / "config.toml"
    return backup.take(scene.wiring, OPERATOR, configuration, to, recipients=[keys[0]]).file


def _statuses(folder: Path, scene: Scene) -> list[HolderStatus]:
    there = Wiring(scene.wiring.config.model_copy(update={"folder": folder}))
    with there.database.read() as uow:
        found = [uow.holders.get(scene.holders[subject]).status for subject in (FIRST, SECOND)]
    there.database.engine.dispose()
    return found


def test_an_older_backup_is_restored_without_whom_a_newer_list_names(
    home: Scene, keys: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = _take(home, tmp_path / "older.age", keys)
    assert json.loads((tmp_path / "older.age.erased.json").read_text()) == []
    home.years_later()
    home.erased(FIRST)
    newer = _take(home, tmp_path / "newer.age", keys)
    # A restore asks the clock of the machine; here years have passed.
    monkeypatch.setattr(restoring, "Wiring", lambda config: Wiring(config, clock=home.clock))
    done = backup.restore(older, tmp_path / "there", OPERATOR, identity=keys[1])
    assert done.erased.done == [home.holders[FIRST]]
    assert _statuses(tmp_path / "there", home) == [HolderStatus.ERASED, HolderStatus.STOPPED]
    again = backup.restore(newer, tmp_path / "again", OPERATOR, identity=keys[1])
    assert (again.erased.done, again.erased.not_there) == ([], 1)
    (tmp_path / "newer.age.erased.json").write_text("[[")
    with pytest.raises(errors.Invalid, match=r"newer\.age\.erased\.json"):
        backup.restore(older, tmp_path / "third", OPERATOR, identity=keys[1])
    assert not (tmp_path / "third").exists()


def test_a_list_erases_only_whom_this_service_erased_and_only_by_its_operator(home: Scene) -> None:
    services = home.wiring.services
    home.years_later()
    home.erased(FIRST)
    (line,) = ledger(services, OPERATOR)
    forged = replace(line, holder=home.holders[SECOND])
    with pytest.raises(errors.Forbidden):
        repeat(services, home.office.reviewer, [line])
    done = repeat(services, OPERATOR, [*read_ledger(write_ledger([line])), forged])
    assert (done.done, done.not_there, done.foreign) == ([], 1, 1)
    with services.read() as uow:
        assert uow.holders.get(home.holders[SECOND]).name == SECOND.name != ERASED


def test_a_repetition_refuses_what_an_erasure_refuses(home: Scene) -> None:
    services = home.wiring.services
    home.years_later()
    home.erased(FIRST)
    lines = ledger(services, OPERATOR)
    with services.begin() as uow:
        # As in a backup from a time when the account was in use.
        uow.holders.change(uow.holders.get(home.holders[FIRST]), status=HolderStatus.ACTIVE)
    done = repeat(services, OPERATOR, lines)
    assert (list(done.done), len(done.hindered)) == ([], 1)


@pytest.mark.parametrize("text", ["", "{", "{}1", "[1]", '[{"holder": 1}]', '[{"holder": "x"}]', "[" * 100_000])
def test_what_is_no_list_is_refused(text: str, config: Config) -> None:
    with pytest.raises(errors.Invalid):
        read_ledger(text)
    del config
