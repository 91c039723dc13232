"""Who can write the whole database, and what the kept checkpoints say of it: in the database and in an export."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca_service.audit import offline
from ca_service.domain.audit import AuditEntry
from ca_service.domain.checkpoints import read_note, signed
from ca_service.signing import delegated_keys
from ca_service.workflows.infrastructure import signers
from tests.ca_service.checkpoints.desk import Change, Desk
from tests.ca_service.checkpoints.forger import forger

Capture = pytest.CaptureFixture[str]


def _offline(desk: Desk, export: Path, *kept: Path) -> int:
    arguments = [str(export), "--signer-chain", str(desk.root)]
    for path in kept:
        arguments += ["--checkpoint", str(path)]
    return offline.main(arguments)


def test_a_log_that_nobody_touched_fits_every_checkpoint(desk: Desk, capsys: Capture) -> None:
    first = desk.keep("1.txt")
    desk.append(300)
    second = desk.keep("2.txt")
    desk.append(1)
    own = desk.educa("verify", "--checkpoint", first, "--checkpoint", second)
    assert own.exit_code == 0, own.output
    assert "与 4 个检查点一致" in own.stdout
    assert _offline(desk, desk.export(), first, second) == 0
    assert "与 2 个检查点一致" in capsys.readouterr().out


def _other_actor(log: list[AuditEntry]) -> Sequence[AuditEntry]:
    return [*log[:4], replace(log[4], actor="somebody-else"), *log[5:]]


_REWRITES: dict[str, Change] = {
    "one entry other": _other_actor,
    "one entry removed": lambda log: [*log[:4], *log[5:], log[-1]],
    "one entry inserted": lambda log: [*log[:4], log[3], *log[4:]],
    "two entries swapped": lambda log: [*log[:4], log[5], log[4], *log[6:]],
    "the last one other": lambda log: [*log[:-1], replace(log[-1], subject="other")],
}


@pytest.mark.parametrize("change", _REWRITES.values(), ids=_REWRITES)
def test_a_whole_log_rewritten_with_a_fresh_valid_chain_is_found_by_any_kept_checkpoint(
    desk: Desk, change: Change, capsys: Capture
) -> None:
    kept = desk.keep()
    desk.rewrite(change, checkpoints=True)
    assert desk.educa("verify").exit_code == 0, "nothing in the database itself contradicts it"
    own = desk.educa("verify", "--checkpoint", kept)
    assert own.exit_code == 1
    assert "不一致" in own.stderr
    assert _offline(desk, desk.export(), kept) == 1
    assert f"第 1 至第 {read_note(kept.read_text()).tree.size} 条之间被改写" in capsys.readouterr().err


def test_where_it_was_rewritten_is_between_the_last_that_fits_and_the_first_that_does_not(
    desk: Desk, capsys: Capture
) -> None:
    first = desk.keep("1.txt")
    size = read_note(first.read_text()).tree.size
    desk.append(5)
    second = desk.keep("2.txt")
    desk.append(5)
    third = desk.keep("3.txt")
    desk.rewrite(lambda log: [*log[:size], replace(log[size], actor="x"), *log[size + 1 :]], checkpoints=True)
    assert _offline(desk, desk.export(), third, first, second) == 1
    err = capsys.readouterr().err
    assert "检查点 2.txt" in err
    assert f"第 {size + 1} 至第 {size + 5} 条之间被改写" in err


def test_checkpoints_left_in_the_database_tell_too(desk: Desk) -> None:
    desk.sign()
    desk.rewrite(_other_actor)
    result = desk.educa("verify")
    assert result.exit_code == 1
    assert "库内" in result.stderr


def test_an_entry_removed_at_the_end_after_a_checkpoint(desk: Desk, capsys: Capture) -> None:
    desk.append(1)
    kept = desk.keep()
    size = read_note(kept.read_text()).tree.size
    export = desk.export()
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join(lines[:size]))
    assert _offline(desk, export, kept) == 1
    assert f"第 {size} 至第 {size} 条缺失" in capsys.readouterr().err
    desk.rewrite(lambda log: log[: size - 1], checkpoints=True)
    own = desk.educa("verify", "--checkpoint", kept)
    assert own.exit_code == 1
    assert f"第 {size} 至第 {size} 条缺失" in own.stderr


def test_a_forked_history_is_seen_in_two_checkpoints_alone(desk: Desk, capsys: Capture) -> None:
    """The log shown to one keeper, and another to the other: same size, other continuation."""
    desk.append(5, subject="a")
    one = desk.keep("one.txt")
    desk.rewrite(lambda log: [*log[:-5], *(replace(each, subject="b") for each in log[-5:])], checkpoints=True)
    two = desk.keep("two.txt")
    assert _offline(desk, desk.export(), one, two) == 1
    assert "同为" in (err := capsys.readouterr().err)
    assert "历史有分叉" in err
    desk.append(3)
    three = desk.keep("three.txt")
    assert desk.educa("prove", "--consistent", two, three).exit_code == 0
    refused = desk.educa("prove", "--consistent", one, three)
    assert refused.exit_code == 1
    assert "分叉" in refused.stderr


def _forged(note: str, key: ec.EllipticCurvePrivateKey | None = None) -> str:
    """The same statement over another root, signed by a key of the forger."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    tree = replace(read_note(note).tree, root=bytes(32))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return signed(tree, public_key=public, signature=key.sign(tree.text().encode(), ec.ECDSA(hashes.SHA256()))).note


def _of_another_size(note: str) -> str:
    size = read_note(note).tree.size
    return note.replace(f"\n{size}\n", f"\n{size - 1}\n")


def _with_the_right_key_id(note: str) -> str:
    """The forger's signature under the key ID of the true signer, which is no secret."""
    tree, ((identifier, _),) = replace(read_note(note).tree, root=bytes(32)), read_note(note).signatures
    signature = ec.generate_private_key(ec.SECP256R1()).sign(tree.text().encode(), ec.ECDSA(hashes.SHA256()))
    return f"{tree.text()}\n— {tree.origin} {base64.b64encode(identifier + signature).decode()}\n"


_FORGERIES: dict[str, tuple[Callable[[str], str], str]] = {
    "key of the forger": (_forged, "没有签名者的证书"),
    "another size under the signature": (_of_another_size, "签名不成立"),
    "the true key's name": (_with_the_right_key_id, "签名不成立"),
    "no signature": (lambda note: note.partition("\n\n")[0] + "\n\n", "签名行无法读取"),
    "nothing": (lambda _: "", "不是审计检查点"),
    "a second spelling": (lambda note: note.replace("+00:00\n", "+0000\n", 1), "检查点"),
    "leading zero": (lambda note: note.replace("\n", "\n0", 1), "不是审计检查点"),
    "another name in the signature": (lambda note: note.replace("— ", "— x", 1), "没有以其来源的名义签名"),
    "half": (lambda note: note[: len(note) // 2], "不是审计检查点"),
    "too long": (lambda note: note + "x" * 17_000, "过大"),
}


@pytest.mark.parametrize(("forge", "why"), _FORGERIES.values(), ids=_FORGERIES)
def test_a_forged_checkpoint_is_refused_by_name(
    desk: Desk, forge: Callable[[str], str], why: str, capsys: Capture
) -> None:
    forged = desk.write("forged.txt", forge(desk.sign().note))
    assert _offline(desk, desk.export(), forged) == 1
    err = capsys.readouterr().err
    assert "forged.txt" in err
    assert why in err


@pytest.mark.parametrize("purpose", [delegated_keys.FEED, delegated_keys.OCSP], ids=lambda one: one.profile)
def test_another_delegated_key_of_this_ca_signs_no_checkpoint(
    desk: Desk, purpose: delegated_keys.Purpose, capsys: Capture
) -> None:
    (holder,) = signers(desk.wiring.services, purpose.profile)
    key = delegated_keys.key_of(desk.wiring.issuing_sessions, purpose, holder)
    tree = read_note(desk.sign().note).tree
    note = signed(tree, public_key=key.public_key, signature=key.sign(tree.text().encode())).note
    export = desk.export()
    _put_in_header(export, holder.der or b"")
    assert _offline(desk, export, desk.write("forged.txt", note)) == 1
    assert "不是审计检查点签名证书" in capsys.readouterr().err


def _put_in_header(export: Path, der: bytes) -> None:
    first, _, rest = export.read_bytes().partition(b"\n")
    header = json.loads(first)
    header["signers"].append(base64.b64encode(der).decode())
    export.write_bytes(json.dumps(header).encode() + b"\n" + rest)


def test_a_hierarchy_in_the_export_is_worth_nothing_against_the_keepers_root(desk: Desk, capsys: Capture) -> None:
    """A forger's root with a signer of the right profile, all of it in the export's first line."""
    certificates, sign = forger()
    export = desk.export()
    for der in certificates:
        _put_in_header(export, der)
    forged = desk.write("forged.txt", sign(read_note(desk.sign().note).tree).note)
    assert _offline(desk, export, forged) == 1
    assert "不能追溯到所信任的根" in capsys.readouterr().err


@pytest.mark.parametrize("days", [-2, 366])
def test_a_checkpoint_dated_outside_the_signers_validity_is_refused(desk: Desk, days: int, capsys: Capture) -> None:
    (holder,) = signers(desk.wiring.services, "audit-signer")
    key = delegated_keys.key_of(desk.wiring.issuing_sessions, delegated_keys.AUDIT, holder)
    tree = replace(read_note(desk.sign().note).tree, at=holder.not_before + timedelta(days=days))
    note = signed(tree, public_key=key.public_key, signature=key.sign(tree.text().encode())).note
    assert _offline(desk, desk.export(), desk.write("old.txt", note)) == 1
    assert "当时不在有效期内" in capsys.readouterr().err


def test_an_export_is_an_entry_and_overwrites_nothing(desk: Desk) -> None:
    export = desk.export()
    last = desk.entries()[-1]
    assert last.tag == "audit:log:exported"
    assert json.loads(last.detail) == {"rows": last.seq, "first": 1, "last": last.seq}
    assert export.read_bytes().count(b"\n") == last.seq + 1
    assert export.stat().st_mode & 0o777 == 0o600
    again = desk.educa("export", export)
    assert again.exit_code == 1
    assert "无法写出文件" in again.stderr


def test_a_changed_line_of_an_export_is_named(desk: Desk, capsys: Capture) -> None:
    kept, export = desk.keep(), desk.export()
    lines = export.read_text(encoding="utf-8").splitlines(keepends=True)
    entry = json.loads(lines[7])
    lines[7] = json.dumps(entry | {"actor": "x"}) + "\n"
    export.write_text("".join(lines), encoding="utf-8")
    assert _offline(desk, export, kept) == 1
    assert "第 7 条处被破坏：内容或哈希被改动" in capsys.readouterr().err


_LINES = (
    "", "{}", "[]", "null", "{", '"x"', "\x00", "[" * 5_000, '{"seq":' + "9" * 5_000 + "}", '{"seq":true}',
)  # fmt: skip


@pytest.mark.parametrize("line", range(len(_LINES)))
def test_a_line_that_is_no_entry_is_named_and_nothing_breaks(desk: Desk, line: int, capsys: Capture) -> None:
    export = desk.export()
    lines = export.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[3] = _LINES[line] + "\n"
    export.write_text("".join(lines), encoding="utf-8")
    assert _offline(desk, export) == 1
    assert "第 4 行" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        {"seq": "3"}, {"detail": "\ud800"}, {"hash": "00"}, {"previous": "zz" * 32}, {"hash": None}, {"actor": 1},
        {"more": "x"}, {"seq": 3.0},
    ],
)  # fmt: skip
def test_fields_of_another_kind_are_named(desk: Desk, change: dict[str, object], capsys: Capture) -> None:
    export = desk.export()
    lines = export.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[3] = json.dumps(json.loads(lines[3]) | change) + "\n"
    export.write_text("".join(lines), encoding="utf-8")
    assert _offline(desk, export) == 1
    assert "第 4 行" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content", [b"", b"x", b'{"format":"other"}\n', b'{"format":"educa-audit-export-1","signers":["%"]}\n']
)
def test_a_file_that_is_no_export_is_refused(desk: Desk, content: bytes, capsys: Capture) -> None:
    path = desk.folder / "other"
    path.write_bytes(content)
    assert _offline(desk, path) == 1
    assert "educa audit export" in capsys.readouterr().err or not content.startswith(b"{")


@pytest.mark.parametrize("content", [b"", b"\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_chain_without_a_root_is_refused(desk: Desk, content: bytes, capsys: Capture) -> None:
    chain = desk.folder / "chain.pem"
    chain.write_bytes(content)
    assert offline.main([str(desk.export()), "--signer-chain", str(chain)]) == 1
    assert "证书文件" in capsys.readouterr().err
