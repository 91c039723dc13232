"""Checkpoints of the audit log as text: what the log was at a moment, to be signed and handed to others; no I/O.

The text is a C2SP tlog-checkpoint in a C2SP signed note, so that other programs can read it and a person can keep it
on paper: origin, number of entries, root hash, and two extension lines (time, hash of the last entry). The signature
is ECDSA with P-256 and SHA-256, type 0x02 of signed-note, over the text up to the blank line.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from ca_service.domain.audit import AuditEntry, timestamp
from ca_service.domain.errors import Invalid

LONGEST_NOTE = 16_384
_HASH = 32
_BODY = re.compile(
    r"(?P<origin>[^\s+]{1,200})\n(?P<size>[1-9][0-9]{0,17})\n(?P<root>[A-Za-z0-9+/=]{44})\n"
    r"time (?P<at>[0-9T:.+-]{20,40})\nhead (?P<head>[A-Za-z0-9+/=]{44})\n"
)
_SIGNATURE = re.compile(r"— (?P<name>[^\s+]{1,200}) (?P<value>[A-Za-z0-9+/=]{1,8000})")


@dataclass(frozen=True)
class TreeHead:
    """The log at a moment: the root hash over its first `size` entries, and the chain hash of the last of them."""

    origin: str
    size: int
    root: bytes
    head: bytes
    at: datetime

    def text(self) -> str:
        """The octets that are signed, without the blank line."""
        lines = (self.origin, str(self.size), _b64(self.root), f"time {timestamp(self.at)}", f"head {_b64(self.head)}")
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class Checkpoint:
    """A signed tree head as it was handed out; `note` is its text, octet for octet."""

    size: int
    root: bytes
    at: datetime
    note: str


@dataclass(frozen=True)
class UnverifiedNote:
    """A note as it was read: nobody has looked at the signatures, (key ID, signature) under the origin's name."""

    tree: TreeHead
    text: str
    signatures: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class Inclusion:
    """That an entry stands in the log of a checkpoint."""

    entry: AuditEntry
    path: tuple[bytes, ...]
    note: str


@dataclass(frozen=True)
class Consistency:
    """That the log of one checkpoint is the beginning of that of another."""

    size: int
    path: tuple[bytes, ...]
    note: str


def key_id(public_key: bytes) -> bytes:
    """The key ID of a P-256 key (SPKI, DER) in a signature line (signed-note, type 0x02)."""
    return hashlib.sha256(public_key).digest()[:4]


def signed(tree: TreeHead, *, public_key: bytes, signature: bytes) -> Checkpoint:
    """The text of the head and one signature line (C2SP signed-note): four octets of the key's hash, then the DER."""
    text = tree.text()
    note = f"{text}\n— {tree.origin} {_b64(key_id(public_key) + signature)}\n"
    return Checkpoint(tree.size, tree.root, tree.at, note)


def read_note(note: str) -> UnverifiedNote:
    """Read a note that anybody may have written; raise Invalid.

    The text must be the one that we would have written: no second spelling of it has a valid signature.
    """
    if len(note) > LONGEST_NOTE:
        raise Invalid("检查点过长。请使用原样保存的文件。")
    text, blank, lines = note.replace("\r\n", "\n").rpartition("\n\n")
    body = _BODY.fullmatch(f"{text}\n")
    if not blank or body is None:
        raise Invalid(
            "不是审计检查点：应有来源、条数、根哈希、time、head 各一行，空一行，再接签名行。请使用原样保存的文件。"
        )
    try:
        tree = TreeHead(
            body["origin"], int(body["size"]), _hash(body["root"]), _hash(body["head"]), _moment(body["at"])
        )
    except ValueError as error:
        raise Invalid("检查点中的哈希或时间无法读取。请使用原样保存的文件。") from error
    if tree.text() != f"{text}\n":
        raise Invalid("检查点的写法不规范（时间或哈希被改写过）。请使用原样保存的文件。")
    return UnverifiedNote(tree, tree.text(), _signatures(lines, tree.origin))


def _signatures(lines: str, origin: str) -> tuple[tuple[bytes, bytes], ...]:
    found = []
    for line in lines.rstrip("\n").split("\n"):
        match = _SIGNATURE.fullmatch(line)
        if match is None:
            raise Invalid("检查点的签名行无法读取（应为“— 来源 签名”）。请使用原样保存的文件。")
        try:
            value = base64.b64decode(match["value"], validate=True)
        except binascii.Error as error:
            raise Invalid("检查点的签名不是 base64。请使用原样保存的文件。") from error
        if match["name"] == origin:
            found.append((value[:4], value[4:]))
    if not found:
        raise Invalid("检查点没有以其来源的名义签名。请使用原样保存的文件。")
    return tuple(found)


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without an offset")
    return at


def _hash(text: str) -> bytes:
    octets = base64.b64decode(text, validate=True)
    if len(octets) != _HASH:
        raise ValueError("not a SHA-256")
    return octets


def _b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
