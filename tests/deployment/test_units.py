"""deploy/systemd: systemd takes the units, they leave little open, and they call what exists."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deployment.conftest import ROOT
from tests.test_documents import objection

_FOLDER = ROOT / "deploy/systemd"
_SERVICES = sorted(_FOLDER.glob("*.service"))
_UNITS = [*_SERVICES, *_FOLDER.glob("*.timer"), *_FOLDER.glob("*.target")]
_PROGRAMS = "/opt/educa/.venv/bin/"
# systemd's own scale: 10 is a process without any protection, below 2 is "OK".
_EXPOSURE = 1.5
_HARDENED = re.compile(r"^# What the process may not do.*?^UMask=0077$", re.MULTILINE | re.DOTALL)

with_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as on a machine where the programs are installed."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("educa", "teacher-registry"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    for unit in _UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace(_PROGRAMS, f"{programs}/"))
    return tmp_path


@with_systemd
def test_systemd_takes_the_units_without_a_warning(units: Path) -> None:
    # An instance of the template; the template itself cannot be started.
    instance = units / "educa-console@1.service"
    (units / "educa-console@.service").rename(instance)
    named = [instance if unit.name == "educa-console@.service" else units / unit.name for unit in _UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, named)], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if any(unit.stem in line for unit in _UNITS)]
    assert (done.returncode, ours) == (0, [])


@with_systemd
@pytest.mark.parametrize("service", _SERVICES, ids=lambda path: path.stem)
def test_a_service_leaves_little_open(service: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={_EXPOSURE * 10:.0f}"]
    done = subprocess.run([*command, str(service)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_every_service_is_closed_in_the_same_way() -> None:
    found = {service.name: _HARDENED.findall(service.read_text()) for service in _SERVICES}
    assert len({tuple(blocks) for blocks in found.values()}) == 1
    assert all(len(blocks) == 1 for blocks in found.values())


@pytest.mark.parametrize("service", _SERVICES, ids=lambda path: path.stem)
def test_the_programs_know_what_they_are_called_with(service: Path) -> None:
    text = service.read_text().replace("$RECIPIENTS", "--recipient age1")
    called = re.findall(rf"{_PROGRAMS}([^;'\n]+)", text)
    assert called
    assert [wrong for line in called if (wrong := objection(" ".join(shlex.split(line))))] == []


def test_users_and_folders_of_the_units_are_made_by_the_package_files() -> None:
    text = "".join(service.read_text() for service in _SERVICES)
    users = set(re.findall(r"^User=(\S+)", text, re.MULTILINE))
    made = set(re.findall(r"^u (\S+)", (_FOLDER / "sysusers.conf").read_text(), re.MULTILINE))
    assert users == made
    folders = set(re.findall(r"^ReadWritePaths=-?(\S+)", text, re.MULTILINE))
    assert folders <= set(re.findall(r"^d (\S+)", (_FOLDER / "tmpfiles.conf").read_text(), re.MULTILINE))
