"""A token's PIN in custodians' hands: by the commands, each in its own process, on a CA with tokens of its own."""

import json
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ca_service import config as configuration
from ca_service.config import Config
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Invalid, Unavailable
from ca_service.signing import runtime_pin
from ca_service.signing.runtime_pin import RuntimePin
from ca_service.wiring import Wiring
from tests.ca_service.signing.commands import Commands, Done, commands

# The folder in memory that every Linux has.
_SHM = Path("/dev/shm")
# A service that runs on: it finds the token locked, says so, and signs once the custodians were there.
_SERVICE = """
import sys
from pathlib import Path
from ca_service import config
from ca_service.domain.errors import Unavailable
from ca_service.wiring import Wiring
from tests.ca_service.signing.commands import Commands, Done, commands
wiring = Wiring(config.load(Path(sys.argv[1])))
try:
    wiring.authority("issuing")
except Unavailable as error:
    print(error.facts["why"], wiring.devices()[0].why, flush=True)
sys.stdin.readline()
print(len(wiring.authority("issuing")._signer.sign(b"message")) > 60, wiring.devices()[0].away)
"""


@dataclass(frozen=True)
class Place:
    """The CA's folder and the folder in memory."""

    folder: Path
    memory: Path
    run: Commands

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def educa(self, *arguments: str, typed: str = "") -> Done:
        """One command with what custodians type."""
        return self.run(*arguments, "--config", str(self.config), typed=typed)

    def split(self, token: str, needed: int, custodians: int, typed: str = "") -> list[str]:
        """The shares as they stand on the sheets; then the configuration says so."""
        of = ["--needed", str(needed), "--custodians", str(custodians)]
        done = self.educa("ca", "split-pin", "--token", token, *of, typed=typed)
        assert done.code == 0, done.err
        text = self.config.read_text(encoding="utf-8")
        if f"{token}_unlock" not in text:
            added = f'[hsm]\n{token}_unlock = "shares"\nruntime = "{self.memory}"\n'
            self.config.write_text(text.replace("[hsm]\n", added, 1), encoding="utf-8")
        return ["-".join(re.findall(r"\b[0-9A-HJKMNP-TV-Z]{5}\b", sheet)) for sheet in done.out.split("\f")[:-1]]


@pytest.fixture
def place(founded: Config, tmp_path: Path) -> Iterator[Place]:
    with placed(founded, tmp_path) as made:
        yield made


@contextmanager
def placed(founded: Config, tmp_path: Path) -> Iterator[Place]:
    """A copy of the CA with its tokens."""
    folder = tmp_path / "ca"
    shutil.copytree(founded.folder, folder)
    softhsm = folder / "softhsm2.conf"
    softhsm.write_text(softhsm.read_text().replace(str(founded.folder), str(folder)))
    config = folder / "config.toml"
    if "[hsm]\n" not in config.read_text(encoding="utf-8"):
        config.write_text(config.read_text(encoding="utf-8") + "\n[hsm]\n", encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=_SHM) as memory, commands() as run:
        yield Place(folder, Path(memory) / "educa", run)


def test_two_of_three_custodians_unlock_the_issuing_key_for_a_service_that_runs_on(place: Place) -> None:
    one, _, three = place.split("issuing", 2, 3)
    assert not (place.folder / "secrets" / "issuing.pin").exists()
    program = [sys.executable, "-c", _SERVICE, str(place.config)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == "locked locked\n"
        locked = place.educa("crl", "publish")
        assert (locked.code, "请保管人到场运行 educa ca unlock" in locked.err) == (1, True)
        few = place.educa("ca", "unlock", typed=f"{one}\n")
        assert "需要 2 份，现有 1 份，还差 1 份" in few.err
        assert not (place.memory / "issuing.pin").exists()
        done = place.educa("ca", "unlock", "--json", typed=f"{three}\n\n{one.lower().replace('-', ' ')}\n")
        file = Path(json.loads(done.out)["file"])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        told, _ = service.communicate("\n", timeout=60)
        assert told == "True False\n"
    pin = file.read_bytes()
    assert not [path for path in place.folder.rglob("*") if path.is_file() and pin in path.read_bytes()]
    with Wiring(configuration.load(place.config)).database.read() as uow:
        entries = [entry for entry in uow.audit.entries() if entry.tag == Tag.KEY_UNLOCKED]
    assert ["1、3" in str(entry.detail) for entry in entries] == [True]
    assert place.educa("ca", "lock").code == 0
    assert not file.exists()


def test_the_root_is_opened_by_its_custodians_at_each_use_and_only_then(place: Place) -> None:
    earlier = place.split("root", 2, 2)
    done = place.educa("crl", "publish", "--issuer", "root", typed="\n".join(earlier))
    assert done.code == 0, done.err
    later = place.split("root", 2, 3, typed="\n".join(earlier))
    voided = place.educa("crl", "publish", "--issuer", "root", typed="\n".join(earlier))
    assert "打不开密钥设备" in voided.err
    mixed = place.educa("crl", "publish", "--issuer", "root", typed=f"{later[2]}\n{earlier[0]}\n")
    assert "属于另一次分割" in mixed.err
    done = place.educa("crl", "publish", "--issuer", "root", typed=f"{later[2]}\n{later[0]}\n")
    assert done.code == 0, done.err


def test_a_pin_is_not_written_to_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime_pin, "_file_system", lambda _folder: "ext4")
    folder = tmp_path / "run"
    with pytest.raises(Invalid, match="不在内存文件系统中"):
        RuntimePin(str(folder)).write("pin")
    assert list(folder.iterdir()) == []


def test_a_pin_is_not_written_where_others_can_look() -> None:
    with tempfile.TemporaryDirectory(dir=_SHM) as folder:
        Path(folder).chmod(0o755)
        with pytest.raises(Invalid, match="独占"):
            RuntimePin(folder).write("pin")


def test_a_pin_that_others_can_read_is_not_used() -> None:
    with tempfile.TemporaryDirectory(dir=_SHM) as folder:
        file = RuntimePin(folder).write("pin")
        assert RuntimePin(folder).read() == "pin"
        file.chmod(0o644)
        with pytest.raises(Unavailable, match="其他用户"):
            RuntimePin(folder).read()
        assert RuntimePin(folder).remove()
        assert not RuntimePin(folder).remove()


def test_the_folder_is_that_of_systemd_or_told_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir=_SHM) as folder:
        monkeypatch.setenv("RUNTIME_DIRECTORY", f"{folder}:/run/other")
        assert RuntimePin("").write("pin").parent == Path(folder)
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with pytest.raises(Unavailable, match="runtime"):
        RuntimePin("").read()
