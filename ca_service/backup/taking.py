"""Taking a backup; the steps are those of the package's docstring."""

import io
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ca_service.backup import databases
from ca_service.backup.contents import DATABASE, MANIFEST, Manifest, left_out, members
from ca_service.backup.erased import list_erased
from ca_service.backup.sealing import sealed_for
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.roles import Actor
from ca_service.wiring import Wiring
from ca_service.workflows.restored import note_backup


@dataclass(frozen=True)
class Taken:
    """A backup that is there: how large, how many files, and what the configuration names but it does not hold."""

    file: Path
    octets: int
    files: int
    left_out: Sequence[Path]


def take(wiring: Wiring, actor: Actor, configuration: Path, to: Path, *, recipients: Sequence[str]) -> Taken:
    """Write a sealed backup of a CA that may be at work; raise Invalid, Conflict, Unavailable."""
    if not recipients:
        raise Invalid("请用 --recipient 指定至少一个接收者公钥（age1…，由 age-keygen 生成，私钥不要放在本机）。")
    if to.exists():
        raise Conflict(f"{to} 已存在，未作任何更改。请换一个文件名。")
    config, services = wiring.config, wiring.services
    manifest = _manifest(wiring)
    note_backup(services, actor, recipients=len(recipients))
    with (
        wiring.field_keys.held(),
        tempfile.TemporaryDirectory(prefix=".backup-", dir=config.folder) as name,
    ):
        copy = Path(name) / DATABASE
        databases.dump(config.database_url, copy)
        with sealed_for(recipients, to) as out, tarfile.open(fileobj=out, mode="w|") as archive:
            _add(archive, MANIFEST, manifest.encoded())
            archive.add(copy, DATABASE, recursive=False)
            files = 0
            for inside, file in members(config, configuration):
                archive.add(file, inside, recursive=False)
                files += 1
    list_erased(services, to)
    return Taken(to, to.stat().st_size, files, left_out(config))


def _manifest(wiring: Wiring) -> Manifest:
    with wiring.services.read() as uow:
        seq, head = uow.audit.head()
    return Manifest(
        taken_at=wiring.clock().isoformat(),
        version=version("education-ca"),
        database=databases.kind_of(wiring.config.database_url),
        audit_seq=seq,
        audit_hash=head.hex(),
    )


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, io.BytesIO(content))
