"""The offline verifier as its keeper runs it: another folder, no configuration, no database library."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ca_service.checkpoints.desk import Desk

_ROOT = str(Path(__file__).parents[3])
_LIBRARIES = ("sqlalchemy", "flask", "pkcs11", "ca_service.config", "ca_service.store", "ca_service.workflows")


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "ca_service.audit.offline", *arguments]
    environment = {"PYTHONPATH": _ROOT, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    return subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_it_says_yes_and_no_by_its_exit_status(desk: Desk) -> None:
    desk.keep("kept.txt")
    desk.export("log.jsonl")
    assert desk.root.exists()
    asked = ("log.jsonl", "--checkpoint", "kept.txt", "--signer-chain", "root.pem")
    good = _run(desk.folder, *asked)
    assert good.returncode == 0, good.stderr
    assert "与 1 个检查点一致" in good.stdout
    log = desk.folder / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"via":"cli"', b'"via":"web"', 1))
    bad = _run(desk.folder, *asked)
    assert bad.returncode == 1
    assert "被破坏" in bad.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["--signer-chain", "x"], ["log", "--proof", "p", "--signer-chain", "x"]],
)
def test_called_wrongly_it_says_how(tmp_path: Path, arguments: list[str]) -> None:
    done = _run(tmp_path, *arguments)
    assert done.returncode == 2
    assert "usage" in done.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = _run(tmp_path, "nothing.jsonl", "--signer-chain", "nothing.pem")
    assert done.returncode == 1
    assert "nothing.pem" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_needs_no_library_of_the_service() -> None:
    code = f"import sys, ca_service.audit.offline; print([one for one in {_LIBRARIES!r} if one in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": _ROOT}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
