"""A token of SoftHSM alone: sealed like a backup, for those who keep it elsewhere; put back where it was lost.

    backup    m custodians show that it can be opened -> audit entry -> the token's folder, sealed for the recipients
    restore   m custodians -> unpacked beside the tokens -> renamed among them -> logged in; each CA key of ours on it
              signs, and is that of its certificate -> audit entry

The PIN is not in it. A hardware module is copied by its own means: its keys do not come out, sealed or not.
Dies in the restore before the renaming: nothing is there; after it: the token is, and the command says so.
"""

import io
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from asn1crypto import x509 as asn1_x509

from ca_service.backup.sealing import opened_with, sealed_for
from ca_service.custodians import REFUSED, Token, sessions_of
from ca_service.domain import shares
from ca_service.domain.errors import Conflict, Invalid, Unavailable
from ca_service.domain.roles import Actor
from ca_service.domain.shares import Share
from ca_service.signing.pkcs11_key import Pkcs11Key
from ca_service.signing.softhsm import token_folders
from ca_service.signing.token_sessions import TokenSessions
from ca_service.wiring import Wiring
from ca_service.workflows import key_shares
from ca_service.workflows.current_issuer import ROOT

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,80}")
_LARGEST = 1 << 20
_MOST = 10_000


def take(
    wiring: Wiring, actor: Actor, token: Token, to: Path, *, recipients: Sequence[str], given: Sequence[Share]
) -> None:
    """Seal the token's folder; raise Conflict, Invalid, Unavailable."""
    if not recipients:
        raise Invalid("请用 --recipient 指定至少一个接收者公钥（age1…，由 age-keygen 生成，私钥不要放在本机）。")
    if to.exists():
        raise Conflict(f"{to} 已存在，未作任何更改。请换一个文件名。")
    trial = _opened(wiring, token, given)
    try:
        trial.require()
    finally:
        trial.drop()
    folder = _folder_of(wiring, token)
    if folder is None:
        raise Unavailable(f"在令牌目录中没有找到密钥设备“{trial.address.label}”。请检查 [hsm] 配置。")
    key_shares.note_backup(wiring.services, actor, token.value, recipients=len(recipients))
    with sealed_for(recipients, to) as out, tarfile.open(fileobj=out, mode="w|") as archive:
        for file in sorted(folder.iterdir()):
            archive.add(file, f"{folder.name}/{file.name}", recursive=False)


def put_back(
    wiring: Wiring, actor: Actor, token: Token, source: Path, *, identity: Path, given: Sequence[Share]
) -> Sequence[str]:
    """Put a lost token back; return the CAs whose keys sign again. Raises Conflict, Invalid, Unavailable."""
    sessions = _opened(wiring, token, given)
    if _folder_of(wiring, token) is not None:
        raise Conflict(f"密钥设备“{sessions.address.label}”还在，未作任何更改。确认它已损坏后，先把它移走。")
    tokens = _tokens(wiring)
    tokens.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Beside, not among them: the module takes every folder there for a token.
    with tempfile.TemporaryDirectory(prefix=".key-restore-", dir=tokens.parent) as name:
        part = _unpacked(source, identity, Path(name))
        place = tokens / part.name
        if place.exists():
            raise Conflict(f"{place} 已存在，未作任何更改。确认它已损坏后，先把它移走。")
        part.rename(place)
    try:
        proven = list(_proven(wiring, token, sessions))
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    finally:
        with suppress(Unavailable):
            sessions.drop()
    key_shares.note_restored(wiring.services, actor, token.value)
    return proven


def _opened(wiring: Wiring, token: Token, given: Sequence[Share]) -> TokenSessions:
    pin = shares.combine(given).hex()
    return TokenSessions(replace(sessions_of(wiring, token).address, pin=lambda: pin))


def _proven(wiring: Wiring, token: Token, sessions: TokenSessions) -> Iterator[str]:
    with wiring.services.read() as uow:
        ours = [one for one in uow.issuers.find() if (one.name == ROOT) == (token is Token.ROOT)]
    for issuer in ours:
        key = _key(sessions, issuer.key_label)
        if asn1_x509.Certificate.load(issuer.certificate).public_key.dump() != key.public_key:
            raise Invalid(f"备份中的密钥不是 {issuer.name} 证书的，已撤销恢复。请换一份备份。")
        key.prove(os.urandom(32))
        yield issuer.name


def _key(sessions: TokenSessions, label: str) -> Pkcs11Key:
    try:
        return Pkcs11Key(sessions, label)
    except Unavailable as error:
        if error.facts.get("why") in REFUSED:
            raise Conflict(f"份额合出的口令打不开备份中的密钥设备“{sessions.address.label}”，已撤销恢复。") from error
        raise


def _tokens(wiring: Wiring) -> Path:
    """Where SoftHSM has its tokens; raise Conflict for any other module."""
    config = wiring.config
    found = list(token_folders(config.hsm_environment))
    if config.hsm.module.name != "libsofthsm2.so" or not found:
        raise Conflict("只有 SoftHSM 的密钥设备能这样备份。硬件模块请用厂商的备份或克隆方法（见 docs/operations.md）。")
    return found[0]


def _folder_of(wiring: Wiring, token: Token) -> Path | None:
    """The token's folder, known by the label in its description (padded with blanks to 32 octets, PKCS#11)."""
    label = sessions_of(wiring, token).address.label.encode().ljust(32)
    for description in _tokens(wiring).glob("*/token.object"):
        if label in description.read_bytes():
            return description.parent
    return None


def _unpacked(source: Path, identity: Path, into: Path) -> Path:
    """The one folder in the file; raise Invalid for anything that a backup of ours does not hold."""
    if not source.is_file():
        raise Invalid(f"没有找到备份文件 {source}。")
    folders: set[str] = set()
    try:
        with opened_with(identity, source) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for number, member in enumerate(archive):
                folder, _, name = member.name.partition("/")
                content = archive.extractfile(member) if member.isreg() and member.size <= _LARGEST else None
                folders.add(folder)
                if content is None or not _NAME.fullmatch(folder) or not _NAME.fullmatch(name) or number > _MOST:
                    raise Invalid(f"备份中有不应出现的内容“{member.name[:100]}”，未恢复。请换一份备份。")
                _write(into / folder, name, content.read())
    except tarfile.TarError as error:
        raise Invalid(f"备份文件的内容无法读取（{type(error).__name__}），未恢复。请换一份备份。") from error
    if len(folders) != 1:
        raise Invalid("这不是 educa ca key-backup 生成的备份，未恢复。")
    return into / folders.pop()


def _write(folder: Path, name: str, content: bytes) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        shutil.copyfileobj(io.BytesIO(content), out)
