"""The helper runs on Windows too, where nobody has tried it: what can be seen of that without one, and what it says."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.helper_client import helper_at
from token_provisioning import cli
from token_provisioning.cli import group
from token_provisioning.helper import app
from token_provisioning.untried import untried_notice

_ROOT = Path(__file__).parents[2]
_PACKAGE = _ROOT / "token_provisioning"
_FILES = [*sorted(_PACKAGE.rglob("*.py")), _PACKAGE / "packaging" / "educa-token.spec"]
# On Windows these are there and do something else: os.kill ends a process whatever the signal.
_OTHERWISE = {"os.kill", "os.system", "os.symlink", "os.chmod", "os.rename"}
_POSIX_PLACE = re.compile(r"/(?:proc|dev|tmp|usr|etc|var|run|home|sys)(?:/|$)")
# What strftime takes from glibc alone.
_GLIBC = re.compile(r"%(?:-|_|\^|#|e|P|s|k|l)")
_OPENING = {"open", "os.fdopen"}
_METHODS = (".read_text", ".write_text", "path.open", "file.open")


@pytest.mark.timeout(300)
def test_every_name_that_is_used_exists_on_windows(tmp_path: Path) -> None:
    """The stubs of the standard library know which; a guard by `sys.platform` or `os.name` is understood."""
    places = ("--platform", "win32", "--cache-dir", str(tmp_path))
    command = [sys.executable, "-m", "mypy", *places, "token_provisioning"]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(_tree(path)) if isinstance(node, ast.Call))


def _tree(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.name)
def test_nothing_is_used_that_is_something_else_there(path: Path) -> None:
    assert not {ast.unparse(call.func) for call in calls(path)} & _OTHERWISE

    texts = [node.value for node in ast.walk(_tree(path)) if isinstance(node, ast.Constant)]
    assert not [text for text in texts if isinstance(text, str) and _POSIX_PLACE.match(text)]
    assert not [call for call in map(ast.unparse, calls(path)) if ".strftime(" in call and _GLIBC.search(call)]


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.name)
def test_no_text_is_read_or_written_in_the_encoding_of_the_system(path: Path) -> None:
    """A Chinese Windows would take GBK."""
    for call in calls(path):
        function, said = ast.unparse(call.func), ast.unparse(call)
        if function in _OPENING or function.endswith(_METHODS):
            octets = re.search(r"'[rwax+]*b[rwax+]*'", said)
            assert octets or "encoding=" in said, f"{path.name}:{call.lineno}"


def test_where_it_is_untried_it_says_so(monkeypatch: pytest.MonkeyPatch, scene: Scene) -> None:
    said = untried_notice("win32")
    monkeypatch.setattr(cli, "untried_notice", lambda: said)
    monkeypatch.setattr(app, "untried_notice", lambda: said)

    listed = CliRunner().invoke(group, ["list", "--module", str(scene.module_path), "--json"])
    with helper_at(scene.desk, scene.server) as client:
        shown = client.state()["notice"]

    assert said == "提示：证书助手尚未在 Windows 上实测。如有异常，请停止操作，保存支持日志，联系管理部门。"
    assert listed.stderr == f"{said}\n"
    assert listed.stdout.startswith("{")
    assert shown == said


def test_where_the_tests_run_there_is_nothing_to_say() -> None:
    assert untried_notice("linux") == ""
