"""The journal beside the user's data: what is in it, what is never in it, what damage does to it."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.contract_ca import CODE, REFERENCE, number
from tests.token_provisioning.soft_token import PIN
from token_provisioning.errors import FileNotUsableError
from token_provisioning.journal import Journal, plain_name

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def journal(path: Path) -> Journal:
    return Journal(path, clock=lambda: NOON)


def test_what_was_noted_is_read_again_in_its_order(tmp_path: Path) -> None:
    first = journal(tmp_path / "deep" / "j.jsonl")
    first.note("begun", reference="R-1")
    first.note("issued", certificate="1f")

    again = journal(first.path)

    assert [(entry.step, dict(entry.facts)) for entry in again.entries] == [
        ("begun", {"reference": "R-1"}),
        ("issued", {"certificate": "1f"}),
    ]
    assert again.last.at == "2026-11-24T04:00:00Z"
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_line_torn_anywhere_is_dropped_and_the_next_one_stands(tmp_path: Path, cut: int) -> None:
    first = journal(tmp_path / "j")
    first.note("begun")
    whole = first.path.read_bytes()
    first.note("issued")
    torn = first.path.read_bytes()[: len(whole) + cut]
    first.path.write_bytes(torn)

    second = journal(first.path)
    second.note("confirmed")

    assert [entry.step for entry in journal(first.path).entries] == ["begun", "confirmed"]


@pytest.mark.parametrize("line", [b"\xff\xfe", b"[]", b"7", b"{", b'{"step": 7}', b'{"at": "x"}', b"[" * 5000, b"null"])
def test_a_line_of_another_hand_is_passed_over(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "j").write_bytes(line + b"\n" + b'{"at": "x", "step": "begun"}\n')

    assert [entry.step for entry in journal(tmp_path / "j").entries] == ["begun"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(FileNotUsableError, match="file"):
        journal(tmp_path / "file" / "j").note("begun")
    with pytest.raises(FileNotUsableError):
        journal(tmp_path)


@pytest.mark.parametrize("serial", ["../../etc/passwd", "a/b", "", ".hidden", "序列号", "x" * 200, "a\0b"])
def test_no_serial_number_leads_out_of_the_folder(serial: str) -> None:
    name = plain_name(serial)

    assert name.isascii()
    assert not set("/\\\0") & set(name)
    assert not name.startswith(".")
    assert len(name) < 200


def test_a_download_leaves_its_steps_and_no_secret(scene: Scene) -> None:
    assert scene.enrol().code == 0

    path = scene.desk.folder / "home" / f"enrolment-{scene.serial}.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines] == ["begun", "making-key", "issued", "written", "confirmed"]
    assert lines[0]["reference"] == REFERENCE
    assert lines[2]["certificate"] == number(scene.ca.issued[0])
    first_pin = (scene.desk.folder / f"{scene.serial}.pin").read_text().strip()
    assert not [secret for secret in (PIN, CODE, first_pin, "s-1") if secret in path.read_text()]


def test_after_a_break_the_reference_number_need_not_be_typed_again(scene: Scene) -> None:
    scene.ca.drop_after = "certificate"
    assert scene.enrol().code == 1
    scene.ca.drop_after = None
    arguments = scene.arguments()
    at = arguments.index("--reference")

    again = scene.desk.run("enroll", *arguments[:at], *arguments[at + 2 :])
    unknown = scene.desk.run("enroll", *arguments[:at], *arguments[at + 2 :])

    assert again.code == 0, again.err
    assert (unknown.code, "--reference" in unknown.err) == (2, True)


def test_without_its_journal_a_broken_download_ends_the_same(scene: Scene) -> None:
    scene.ca.drop_after = "certificate"
    assert scene.enrol().code == 1
    scene.ca.drop_after = None
    (scene.desk.folder / "home" / f"enrolment-{scene.serial}.jsonl").unlink()

    assert scene.enrol().code == 0
    assert len(scene.ca.issued) == 1
    assert scene.listing("privkey").count("educa-auth") == 1
