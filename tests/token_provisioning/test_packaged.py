"""The helper as one file: built by the same recipe as `make helper`, started without Python, used once."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

_ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the recipe is the same, and nobody has looked")
def test_one_file_is_built_and_downloads_a_certificate(tmp_path: Path) -> None:
    places = ("--distpath", str(tmp_path / "dist"), "--workpath", str(tmp_path / "build"))
    recipe = str(_ROOT / "token_provisioning" / "packaging" / "educa-token.spec")
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *places, recipe]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert built.returncode == 0, built.stderr

    # In a process of its own: it makes tokens by the module that the CA of other tests in this process uses.
    program = [sys.executable, "-m", "tests.token_provisioning.packaged", str(tmp_path / "dist" / "educa-token")]
    used = subprocess.run(program, cwd=_ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert (used.returncode, "without Python" in used.stdout) == (0, True), used.stderr
