"""`educa audit checkpoint`, `export` and `prove`: what is handed to others."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from ca_service.audit.export import write_export
from ca_service.audit.offline import read_kept
from ca_service.audit.proofs import consistency_text, inclusion_text
from ca_service.audit.signers import Signers
from ca_service.cli.base import Call, Command, pass_call
from ca_service.domain.errors import Invalid
from ca_service.signing import delegated_keys
from ca_service.workflows.audit_checkpoints import make_checkpoint, prove_consistency, prove_inclusion
from ca_service.workflows.audit_log import record_whole_export
from ca_service.workflows.infrastructure import all_of
from ca_service.workflows.ports import Services

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("checkpoint", cls=Command)
@pass_call
def checkpoint(call: Call) -> None:
    """签署日志现在的检查点并打印；此后没有新记录时打印最近的一个。请交给日志以外的人保存。"""
    wiring = call.wiring
    made = make_checkpoint(wiring.services, call.actor, wiring.sign_tree_head, origin=wiring.audit_origin)
    facts = {"size": made.size, "root": made.root.hex(), "at": made.at.isoformat(), "note": made.note}
    call.tell(facts, text=made.note.rstrip("\n"))


@click.command("export", cls=Command)
@click.argument("file", type=FILE)
@pass_call
def export(call: Call, file: Path) -> None:
    """把全部记录写成 JSON 行文件，供离线核验；导出本身记入日志。"""
    services = call.services
    record_whole_export(services, call.actor)
    signers = signer_certificates(services)
    with _private(file) as out, services.read() as uow:
        count = write_export(out, uow.audit.entries(), signers=signers)
    call.tell({"file": str(file), "entries": count}, text=f"已导出 {count} 条审计记录到 {file}")


@click.command("prove", cls=Command)
@click.argument("seq", type=click.IntRange(1, 2_000_000_000), required=False)
@click.option("--checkpoint", "note", type=FILE, help="针对这个检查点证明（默认为最近的一个）")
@click.option("--consistent", nargs=2, type=FILE, help="证明前一个检查点是后一个的开头")
@pass_call
def prove(call: Call, seq: int | None, note: Path | None, consistent: tuple[Path, Path] | None) -> None:
    """打印第 SEQ 条记录在检查点之中的证明，或两个检查点前后一致的证明；可离线核对。"""
    if (seq is None) == (consistent is None) or (consistent and note):
        raise click.UsageError("请给出序号（可加 --checkpoint），或用 --consistent 给出两个检查点，二者取一。")
    if consistent:
        first, second = (read_kept(path).text for path in consistent)
        text = consistency_text(prove_consistency(call.services, call.actor, first, second))
    else:
        kept = read_kept(note).text if note else ""
        text = inclusion_text(prove_inclusion(call.services, call.actor, seq or 0, note=kept))
    call.tell({"proof": text}, text=text.rstrip("\n"))


def signer_certificates(services: Services) -> Sequence[bytes]:
    """Every audit signer that there ever was, and the CA certificates between them and the root; DER."""
    with services.read() as uow:
        above = [issuer.certificate for issuer in uow.issuers.find() if issuer.name != "root"]
    return [*above, *all_of(services, delegated_keys.AUDIT.profile)]


def own_signers(services: Services) -> Signers:
    """Who may have signed a checkpoint of this CA."""
    with services.read() as uow:
        root = uow.issuers.get("root").certificate
    return Signers.of(root, signer_certificates(services))


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """A new file for its owner only; raise Invalid where that is not possible or the file is there already."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            yield out
    except OSError as error:
        raise Invalid(f"无法写出文件 {path}（{error.strerror}）。请换一个尚不存在的文件名。") from error
