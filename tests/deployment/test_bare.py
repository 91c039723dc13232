"""The commands of docs/deployment.md and docs/operations.md, from an empty machine to a restored backup.

`EDUCA_BARE=1` really does what the documents say (a few minutes, root); else it is only seen that they can be read.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ca_service.intake.columns import Column
from ca_service.intake.template import PREFILLED_USER_TYPE, write_roster
from tests.ca_service.desk import contact
from tests.deployment.bare import bare
from tests.deployment.conftest import ROOT
from tests.road.roster import make_scan_pdf
from tests.test_documents import objection

_BLOCK = re.compile(r"^```sh bare\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:^|[(;&|]\s*|\$\()(educa(?:-token)? [a-z][^|;)>\n]*)", re.MULTILINE)


def _blocks(document: str) -> list[str]:
    return _BLOCK.findall((ROOT / "docs" / document).read_text(encoding="utf-8"))


INSTALL, *SET_UP = _blocks("deployment.md")
OPERATE = _blocks("operations.md")


@pytest.mark.parametrize("block", [INSTALL, *SET_UP, *OPERATE])
def test_a_block_can_be_read_by_the_shell_and_by_the_programs(block: str) -> None:
    read = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")
    commands = [" ".join(line.split()) for line in _COMMAND.findall(block.replace("\\\n", " "))]
    assert [wrong for line in commands if (wrong := objection(_without_shell(line)))] == []


def _without_shell(line: str) -> str:
    """A quotation that the shell ends further on is no concern of the program's."""
    return line if line.count('"') % 2 == 0 else line.rpartition('"')[0]


def test_the_files_that_a_block_installs_are_there() -> None:
    named = re.findall(r"deploy/[\w./*@-]+", "".join([INSTALL, *SET_UP, *OPERATE]))
    assert named
    assert [name for name in named if not list(ROOT.glob(name))] == []


@pytest.mark.timeout(3600)
@pytest.mark.skipif(not os.environ.get("EDUCA_BARE"), reason="takes minutes; EDUCA_BARE=1")
@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("unshare"), reason="needs root and namespaces")
def test_the_documents_lead_from_an_empty_machine_to_a_restored_ca(tmp_path: Path) -> None:
    _pack(tmp_path / "source.tar")
    _first(tmp_path / "first")
    with bare(tmp_path, hidden=Path("/") / ROOT.parts[1]) as machine:
        machine.before_boot(_script([INSTALL]))
        with machine.booted() as init:
            machine.after_boot(init, _script([*SET_UP, *OPERATE]))


def _script(blocks: list[str]) -> str:
    """One shell for all, as somebody types them; the first command that fails ends it."""
    return "\n".join(["set -exo pipefail", "cd /root", *blocks])


def _pack(archive: Path) -> None:
    """The source as it stands here, without what git does not know."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True).stdout
    command = ["tar", "-cf", str(archive), "--null", "-T", "-"]
    subprocess.run(command, cwd=ROOT, input=files, check=True)


def _first(folder: Path) -> None:
    """The sheet with one person of a league's bureau, and the stamped form."""
    folder.mkdir()
    own = contact(1)
    row = {
        Column.UNIT: "150100", Column.NAME: "示范人", Column.ID_NUMBER: own.id_number,
        Column.OFFICE_PHONE: own.office_phone, Column.EMAIL: own.email, Column.MOBILE: own.mobile,
        Column.USER_TYPE: PREFILLED_USER_TYPE, Column.ADDRESS: "某街一号",
    }  # fmt: skip
    (folder / "roster.xlsx").write_bytes(write_roster([row]))
    (folder / "form.pdf").write_bytes(make_scan_pdf())
