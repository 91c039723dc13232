"""When a checkpoint is made, what it says, and what is never signed."""

import base64
import subprocess
from dataclasses import replace

import pytest
from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import delete, update

from ca_service.app import publication_pages
from ca_service.cli.doctor import _checkpoint
from ca_service.domain import errors, merkle
from ca_service.domain.checkpoints import read_note
from ca_service.domain.roles import Role
from ca_service.periodic import WORKER, tasks
from ca_service.store.models import AuditTileRow
from ca_service.workflows.audit_checkpoints import checkpoint_if_due, make_checkpoint
from ca_service.workflows.infrastructure import signers
from tests.ca_service.checkpoints.desk import Desk
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import actor


def _root_of(desk: Desk, size: int) -> bytes:
    growing = merkle.Growing()
    for entry in desk.entries()[:size]:
        growing.add(merkle.leaf_hash(entry.hash))
    return growing.root()


def test_a_checkpoint_says_what_the_log_is(desk: Desk) -> None:
    made = desk.sign()
    tree, entries = read_note(made.note).tree, desk.entries()
    assert (tree.size, tree.head) == (len(entries), entries[-1].hash)
    assert tree.root == made.root == _root_of(desk, len(entries))
    assert tree.origin == desk.wiring.audit_origin


def test_kept_tiles_and_entries_give_the_root_of_the_whole(desk: Desk) -> None:
    sizes = []
    for more in (3, 700, 1, 255, 1030):
        desk.append(more)
        made = desk.sign()
        sizes.append(made.size)
        assert made.root == _root_of(desk, made.size)
    with desk.wiring.services.read() as uow:
        assert uow.audit_tree.kept(1) == made.size // 256
        assert [one.size for one in uow.audit_tree.checkpoints()] == sizes


def test_nothing_appended_nothing_new_signed(desk: Desk) -> None:
    assert desk.sign() == desk.sign()


def test_the_worker_signs_once_an_hour_if_something_was_appended(desk: Desk, clock: TestClock) -> None:
    services, sign = desk.wiring.services, desk.wiring.sign_tree_head

    def round_() -> object:
        return checkpoint_if_due(services, WORKER, sign, origin="test/audit")

    assert round_() is not None
    desk.append(1)
    assert round_() is None
    clock.pass_time(minutes=61)
    assert round_() is not None
    clock.pass_time(minutes=61)
    assert round_() is None


def test_the_worker_has_the_task(desk: Desk) -> None:
    tasks(desk.wiring)["checkpoint"]()
    with desk.wiring.services.read() as uow:
        assert uow.audit_tree.last() is not None


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.AUDITOR, Role.OPERATOR)])
def test_others_sign_no_checkpoint(desk: Desk, role: Role) -> None:
    with pytest.raises(errors.Forbidden):
        make_checkpoint(desk.wiring.services, actor(role), desk.wiring.sign_tree_head, origin="x")


def test_a_broken_chain_is_not_signed(desk: Desk) -> None:
    desk.append(2)
    with desk.wiring.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_entry SET actor = 'somebody' WHERE seq = 3")
    with pytest.raises(errors.Conflict, match="第 3 条"):
        desk.sign()


def test_a_rewritten_beginning_is_not_signed(desk: Desk) -> None:
    desk.sign()
    desk.append(1)
    desk.rewrite(lambda log: [replace(log[0], actor="nobody"), *log[1:]])
    with pytest.raises(errors.Conflict, match="不一致"):
        desk.sign()


def test_a_log_that_became_shorter_is_not_signed_and_the_worker_says_so(desk: Desk, clock: TestClock) -> None:
    desk.sign()
    desk.rewrite(lambda log: log[:-1])
    clock.pass_time(hours=2)
    with pytest.raises(errors.Conflict, match="不一致"):
        checkpoint_if_due(desk.wiring.services, WORKER, desk.wiring.sign_tree_head, origin="x")


def test_the_name_of_the_log_stays_when_the_address_changes(desk: Desk) -> None:
    first = read_note(desk.sign().note).tree.origin
    desk.append(1)
    again = make_checkpoint(desk.wiring.services, WORKER, desk.wiring.sign_tree_head, origin="elsewhere.example/audit")
    assert read_note(again.note).tree.origin == first


def test_openssl_verifies_the_signature_of_a_note(desk: Desk) -> None:
    note = read_note(desk.sign().note)
    (signer,) = signers(desk.wiring.services, "audit-signer")
    key = x509.load_der_x509_certificate(signer.der or b"").public_key()
    (desk.folder / "key.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (desk.folder / "signature").write_bytes(note.signatures[0][1])
    desk.write("text", note.text)
    program = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "text"]
    done = subprocess.run(program, cwd=desk.folder, capture_output=True, text=True, check=False)
    assert "Verified OK" in done.stdout


def test_the_last_checkpoint_and_its_signers_are_published(desk: Desk) -> None:
    client = publication_pages(desk.wiring).test_client()
    assert client.get("/audit/checkpoint").status_code == 404
    made = desk.sign()
    answer = client.get("/audit/checkpoint")
    assert (answer.text, answer.mimetype) == (made.note, "text/plain")
    assert client.get("/audit/checkpoint", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    ders = {der for _, _, der in pem.unarmor(client.get("/audit/signers.pem").data, multiple=True)}
    assert {one.der for one in signers(desk.wiring.services, "audit-signer")} < ders


def test_the_command_prints_the_note(desk: Desk) -> None:
    result = desk.educa("checkpoint")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[1] == str(len(desk.entries()))
    assert base64.b64decode(lines[2]) == _root_of(desk, int(lines[1]))
    assert lines[-1].startswith(f"— {desk.wiring.audit_origin} ")


def test_the_doctor_misses_a_checkpoint_after_three_hours_and_sees_a_shorter_log(desk: Desk, clock: TestClock) -> None:
    assert not _checkpoint(desk.wiring).mend
    clock.pass_time(hours=4)
    assert "educa worker" in _checkpoint(desk.wiring).mend
    desk.sign()
    assert not _checkpoint(desk.wiring).mend
    desk.append(1)
    clock.pass_time(hours=4)
    assert "educa worker" in _checkpoint(desk.wiring).mend
    desk.rewrite(lambda log: log[:-2])
    assert "变短" in _checkpoint(desk.wiring).mend


def test_a_wrong_tile_is_never_signed_and_is_computed_anew_when_emptied(desk: Desk) -> None:
    desk.append(600)
    kept = desk.keep()
    desk.append(1)
    with desk.wiring.database.engine.begin() as connection:
        connection.execute(update(AuditTileRow).where(AuditTileRow.position == 0).values(hash=bytes(32)))
    with pytest.raises(errors.Conflict):
        desk.sign()
    assert desk.educa("prove", "300").exit_code == 1
    assert desk.educa("verify", "--checkpoint", kept).exit_code == 0
    with desk.wiring.database.engine.begin() as connection:
        connection.execute(delete(AuditTileRow))
    made = desk.sign()
    assert made.root == _root_of(desk, made.size)
