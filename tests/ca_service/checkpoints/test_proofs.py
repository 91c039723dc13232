"""Proofs by command, checked without the log."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ca_service.app import publication_pages
from ca_service.audit import offline
from ca_service.audit.export import entry_line, read_entry
from ca_service.domain.checkpoints import read_note
from tests.ca_service.checkpoints.desk import Desk

Capture = pytest.CaptureFixture[str]


def _check(desk: Desk, proof: str, *kept: Path) -> int:
    """As an outsider: the proof, the root of the ceremony, and the signers as they are published."""
    published = desk.folder / "signers.pem"
    published.write_bytes(publication_pages(desk.wiring).test_client().get("/audit/signers.pem").data)
    path = desk.write("proof.txt", proof)
    arguments = ["--proof", str(path), "--signer-chain", str(desk.root), "--signer-chain", str(published)]
    for one in kept:
        arguments += ["--checkpoint", str(one)]
    return offline.main(arguments)


def _prove(desk: Desk, *arguments: str | Path) -> str:
    result = desk.educa("prove", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("seq", [1, 2, 255, 256, 257, 512, 600])
def test_an_entry_is_proven_against_the_last_checkpoint(desk: Desk, seq: int, capsys: Capture) -> None:
    desk.append(600)
    desk.sign()
    desk.append(1)
    assert _check(desk, _prove(desk, str(seq))) == 0
    assert f"第 {seq} 条" in capsys.readouterr().out


def test_an_entry_is_proven_against_a_checkpoint_that_somebody_kept(desk: Desk) -> None:
    kept = desk.keep()
    desk.append(600)
    desk.sign()
    proof = _prove(desk, "3", "--checkpoint", kept)
    assert proof.rstrip().endswith(kept.read_text().rstrip())
    assert _check(desk, proof) == 0


def _other_entry(proof: str) -> str:
    """The proof of one entry with another entry in it, whose own hash is right."""
    extra = proof.split("extra ")[1].split("\n", maxsplit=1)[0]
    other = replace(read_entry(base64.b64decode(extra)), actor="somebody-else").sealed()
    return proof.replace(extra, base64.b64encode(entry_line(other).encode()).decode())


def _field(proof: str) -> str:
    extra = proof.split("extra ")[1].split("\n", maxsplit=1)[0]
    entry = json.loads(base64.b64decode(extra)) | {"actor": "x"}
    return proof.replace(extra, base64.b64encode(json.dumps(entry).encode()).decode())


def _less(proof: str) -> str:
    lines = proof.split("\n")
    return "\n".join([*lines[:3], *lines[4:]])


_WRONG: dict[str, Callable[[str], str]] = {
    "another entry": _other_entry,
    "a changed field": _field,
    "another place": lambda proof: proof.replace("\nindex 4\n", "\nindex 5\n"),
    "a hash less": _less,
    "another checkpoint": lambda proof: proof.replace("\ntime 2", "\ntime 1"),
    "nothing": lambda _: "",
    "half": lambda proof: proof[: len(proof) // 2],
}


@pytest.mark.parametrize("change", _WRONG.values(), ids=_WRONG)
def test_a_proof_for_another_entry_is_refused(desk: Desk, change: Callable[[str], str], capsys: Capture) -> None:
    desk.sign()
    proof = _prove(desk, "5")
    assert _check(desk, proof) == 0
    capsys.readouterr()
    assert _check(desk, change(proof)) == 1
    assert capsys.readouterr().err.strip()


def test_an_entry_after_the_checkpoint_has_no_proof(desk: Desk) -> None:
    size = desk.sign().size
    desk.append(1)
    result = desk.educa("prove", str(size + 1))
    assert result.exit_code == 1
    assert f"第 1 至第 {size} 条" in result.stderr


def test_without_a_checkpoint_there_is_no_proof(desk: Desk) -> None:
    result = desk.educa("prove", "1")
    assert result.exit_code == 1
    assert "educa audit checkpoint" in result.stderr


def test_the_beginning_of_a_later_log_is_proven(desk: Desk, capsys: Capture) -> None:
    first = desk.keep("1.txt")
    desk.append(700)
    second = desk.keep("2.txt")
    desk.append(7)
    third = desk.keep("3.txt")
    for old, new in ((first, second), (second, third), (first, third), (first, first)):
        proof = _prove(desk, "--consistent", old, new)
        assert _check(desk, proof, old) == 0
        sizes = [read_note(one.read_text()).tree.size for one in (old, new)]
        assert "{} 条的日志是 {} 条".format(*sizes) in capsys.readouterr().out


def test_a_proof_of_consistency_is_for_its_own_checkpoints(desk: Desk, capsys: Capture) -> None:
    first = desk.keep("1.txt")
    desk.append(7)
    second = desk.keep("2.txt")
    desk.append(7)
    third = desk.keep("3.txt")
    proof = _prove(desk, "--consistent", first, third)
    assert _check(desk, proof, second) == 1
    assert "不是针对检查点 2.txt" in capsys.readouterr().err
    assert _check(desk, _less("\n" + "\n" + proof)[2:], first) == 1
    assert _check(desk, proof) == 1


@pytest.mark.parametrize(
    "arguments", [[], ["1", "--consistent", "a", "b"], ["--consistent", "a", "b", "--checkpoint", "a"]]
)
def test_what_to_prove_must_be_said_once(desk: Desk, arguments: list[str]) -> None:
    assert desk.educa("prove", *arguments).exit_code == 2


def test_the_wrong_order_is_said(desk: Desk) -> None:
    first = desk.keep("1.txt")
    desk.append(1)
    second = desk.keep("2.txt")
    result = desk.educa("prove", "--consistent", second, first)
    assert result.exit_code == 1
    assert "顺序" in result.stderr


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("DELETE FROM audit_tile WHERE position = 1", "缺少记录或散列"),
        ("DELETE FROM audit_entry WHERE seq = 5", "没有第 5 条"),
        ("DELETE FROM audit_entry WHERE seq <= 5", "没有第 5 条"),
        ("UPDATE audit_entry SET actor = 'x' WHERE seq = 5", "日志与检查点不一致"),
        ("DELETE FROM audit_entry WHERE seq = 6", "缺少记录或散列"),
    ],
)
def test_of_a_damaged_log_nothing_is_proven_and_the_place_is_named(desk: Desk, statement: str, why: str) -> None:
    desk.append(600)
    desk.sign()
    with desk.wiring.database.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    result = desk.educa("prove", "5")
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert why in result.stderr
