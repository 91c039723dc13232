"""Restoring a backup; the steps are those of the package's docstring."""

import os
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from sqlalchemy import make_url

from ca_service import config as configuration
from ca_service.audit.verifier import verify
from ca_service.backup import databases
from ca_service.backup.contents import (
    CONFIGURATION,
    DATABASE,
    FOLDER,
    MANIFEST,
    Manifest,
    point_tokens_to,
    read_manifest,
)
from ca_service.backup.erased import lists_beside
from ca_service.backup.sealing import opened_with
from ca_service.config import Config
from ca_service.domain.errors import Conflict, Invalid, Unavailable
from ca_service.domain.roles import Actor
from ca_service.store import schema
from ca_service.wiring import Wiring
from ca_service.workflows.erasure_ledger import LedgerLine, Repeated, repeat
from ca_service.workflows.restored import begin_anew

_LARGEST_MANIFEST = 10_000


@dataclass(frozen=True)
class Restored:
    """A CA as it was: from when, how many audit entries hold together, the CRL numbers it goes on from, and who was
    erased again."""

    folder: Path
    taken_at: datetime
    entries: int
    crl_numbers: dict[str, int]
    erased: Repeated


def restore(
    backup: Path,
    folder: Path,
    actor: Actor,
    *,
    identity: Path,
    database: str | None = None,
    erased: Sequence[Path] = (),
) -> Restored:
    """Put a backup into an empty folder (and database); raise Invalid, Conflict, Unavailable.

    `database`: the URL of the database to fill, where it shall not be the one that the configuration names. `erased`:
    lists of erased persons besides those that lie beside the backup.
    """
    lines = lists_beside(backup, erased)
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"目录 {folder} 不是空的，未作任何更改。请恢复到空的目录。")
    part = folder.with_name(folder.name + ".part")
    if part.exists():
        raise Conflict(f"{part} 已存在：另一次恢复正在进行，或上次中断。确认后请删除它再重试。")
    try:
        part.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise Unavailable(
            f"无法建立目录 {part}（{error.strerror}）。请选择一个由当前用户可写的上级目录，再在其下恢复到新目录。"
        ) from error
    try:
        manifest = _unpack(backup, identity, part)
        config = _configured(part, database)
        _require_same_kind(manifest, config)
        databases.load(config.database_url, part / DATABASE)
        entries = _verified(config, manifest)
        point_tokens_to(folder.resolve(), part, config.hsm.environment)
        taken_at = datetime.fromisoformat(manifest.taken_at)
        numbers, repeated = _begun_anew(config, actor, taken_at, lines)
        if folder.exists():
            folder.rmdir()
        # The last step: a folder that has its name can be served, and must not give a CRL number again.
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return Restored(folder, taken_at, entries, dict(numbers), repeated)


def _unpack(backup: Path, identity: Path, part: Path) -> Manifest:
    """The archive's files into `part`: those of the CA's folder right there, the database's copy beside them."""
    if not backup.is_file():
        raise Invalid(f"没有找到备份文件 {backup}。")
    manifest: Manifest | None = None
    try:
        with opened_with(identity, backup) as source, tarfile.open(fileobj=source, mode="r|") as archive:
            for member in archive:
                if manifest is None:
                    manifest = _manifest(archive, member)
                    continue
                _write(archive, member, part)
    except tarfile.TarError as error:
        raise Invalid(f"备份文件的内容无法读取（{type(error).__name__}），未作任何更改。请换一份备份。") from error
    if manifest is None or not (part / DATABASE).is_file() or not (part / CONFIGURATION).is_file():
        raise Invalid("备份不完整：缺少清单、数据库或配置，未作任何更改。请换一份备份。")
    return manifest


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, part: Path) -> None:
    """One plain file, for its owner only; raise Invalid for anything that a backup of ours does not hold."""
    inside = PurePosixPath(member.name.removeprefix(f"{FOLDER}/"))
    content = archive.extractfile(member) if member.isreg() else None
    if content is None or inside.is_absolute() or ".." in inside.parts:
        raise Invalid(f"备份中有不应出现的内容“{member.name[:100]}”，未恢复。请换一份备份。")
    place = part / inside
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        shutil.copyfileobj(content, out)


def _manifest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Manifest:
    content = archive.extractfile(member) if member.name == MANIFEST and member.size <= _LARGEST_MANIFEST else None
    return read_manifest(content.read() if content else b"")


def _configured(folder: Path, database: str | None) -> Config:
    path = folder / CONFIGURATION
    config = configuration.load(path)
    if database is not None:
        text = path.read_text(encoding="utf-8").replace(f'"{config.database.url}"', f'"{database}"')
        path.write_text(text, encoding="utf-8")
        config = configuration.load(path)
        if config.database.url != database:
            raise Invalid(
                f"备份的 {CONFIGURATION} 中没有找到 [database] url 的写法，无法改为 {_shown(database)}，未恢复。"
            )
    if databases.kind_of(config.database_url) == databases.SQLITE:
        place = config.path(Path(config.database.url.removeprefix("sqlite:///")))
        if not place.is_relative_to(folder.resolve()):
            raise Invalid(f"配置中的数据库 {place} 在目录之外。请用 --database 指定恢复到哪里。")
    return config


def _shown(url: str) -> str:
    """A database's URL without its password."""
    return make_url(url).render_as_string(hide_password=True)


def _require_same_kind(manifest: Manifest, config: Config) -> None:
    wanted = databases.kind_of(config.database_url)
    if wanted != manifest.database:
        raise Invalid(f"备份来自 {manifest.database}，不能恢复到 {wanted}。请用 --database 指定同一种数据库。")


def _verified(config: Config, manifest: Manifest) -> int:
    """How many entries the chain has; raise Invalid where it is broken, or does not hold the head of the manifest."""
    wiring = Wiring(config)
    schema.upgrade(wiring.database.engine)
    try:
        with wiring.services.read() as uow:
            seq, head = uow.audit.head()
            verdict = verify(uow.audit.entries(), head_seq=seq, head_hash=head)
            known = next(iter(uow.audit.entries(after=manifest.audit_seq - 1)), None)
    finally:
        wiring.database.engine.dispose()
    if verdict.broken_at is not None:
        raise Invalid(f"备份中的审计链在第 {verdict.broken_at} 条处断裂（{verdict.why}），未恢复。请换一份备份。")
    if manifest.audit_seq and (known is None or known.hash.hex() != manifest.audit_hash):
        raise Invalid(f"备份中的审计链缺少清单所记的第 {manifest.audit_seq} 条，未恢复。请换一份备份。")
    return verdict.entries


def _begun_anew(
    config: Config, actor: Actor, taken_at: datetime, erased: Sequence[LedgerLine]
) -> tuple[Mapping[str, int], Repeated]:
    """Let the CA go on where nobody can have been before, and without whom it had erased; return the CRL numbers."""
    wiring = Wiring(config)
    try:
        return begin_anew(wiring.services, actor, taken_at), repeat(wiring.services, actor, erased)
    finally:
        wiring.database.engine.dispose()
