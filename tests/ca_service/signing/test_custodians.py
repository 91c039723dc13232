"""A token's PIN in custodians' hands: by the commands, each in its own process, on a CA with tokens of its own."""

import json
import os
import pty
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
        return _shares(done.out)


def _shares(text: str) -> list[str]:
    """What stands on each sheet."""
    return ["-".join(re.findall(r"\b[0-9A-HJKMNP-TV-Z]{5}\b", sheet)) for sheet in text.split("\f")[:-1]]


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


class Terminal:
    """A person at a terminal: reads what is shown, types unseen."""

    def __init__(self, place: Place, *arguments: str) -> None:
        self._end, slave = pty.openpty()
        program = [sys.executable, "-m", "ca_service.cli.main", *arguments, "--config", str(place.config)]
        self._process = subprocess.Popen(program, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self.shown = ""

    def read_until(self, words: str) -> str:
        """What is shown up to these words, since the last time."""
        text = ""
        with suppress(OSError):  # the other end is closed
            while words not in text:
                text += os.read(self._end, 4096).decode("utf-8", "replace")
        self.shown += text
        assert words in text, self.shown
        return text

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._end, f"{text}\n".encode())

    def end(self) -> int:
        """Wait for the command's end."""
        with suppress(OSError):
            while octets := os.read(self._end, 4096):
                self.shown += octets.decode("utf-8", "replace")
        os.close(self._end)
        return self._process.wait(60)


def test_at_the_terminal_each_custodian_types_the_copy_back_before_the_token_gets_its_pin(place: Place) -> None:
    prompt, before = "照抄件输入整份份额", (place.folder / "secrets" / "issuing.pin").read_text()
    terminal = Terminal(place, "ca", "split-pin", "--token", "issuing", "--needed", "2", "--custodians", "2")
    for number in (1, 2):
        (share,) = _shares(terminal.read_until("照抄件输入整份份额"))
        if number == 1:
            terminal.type(share[:-1] + ("0" if share[-1] != "0" else "8"))
            assert "抄写有误" in terminal.read_until(prompt)
        assert (place.folder / "secrets" / "issuing.pin").read_text() == before
        terminal.type(share.lower())
    assert terminal.end() == 0, terminal.shown
    assert "issuing_unlock" in terminal.shown
    assert not (place.folder / "secrets" / "issuing.pin").exists()
