"""Proofs as text that is checked without the log.

Inclusion: C2SP tlog-proof, whose `extra` line is the entry itself. Consistency: as a log hands it to a witness in C2SP
tlog-witness: `old` and the size of the earlier checkpoint, the hashes, a blank line, the later checkpoint.
"""

import base64
import re
from collections.abc import Sequence

from ca_service.audit.examine import KeptNote
from ca_service.audit.export import entry_line, read_entry
from ca_service.audit.signers import Signers
from ca_service.domain.audit import AuditEntry
from ca_service.domain.checkpoints import LONGEST_NOTE, Consistency, Inclusion, UnverifiedNote, read_note
from ca_service.domain.errors import Invalid
from ca_service.domain.merkle import ProofError, check_consistency, check_inclusion, leaf_hash

_MAGIC = "c2sp.org/tlog-proof@v1"
_INCLUSION = re.compile(
    rf"{_MAGIC}\nextra ([A-Za-z0-9+/=]+)\nindex (0|[1-9][0-9]{{0,17}})\n((?:[A-Za-z0-9+/=]{{44}}\n){{0,63}})"
)
_CONSISTENCY = re.compile(r"old ([1-9][0-9]{0,17})\n((?:[A-Za-z0-9+/=]{44}\n){0,63})")
LONGEST_PROOF = (1 << 21) + LONGEST_NOTE


def inclusion_text(proof: Inclusion) -> str:
    """The proof of an entry, with the entry and the checkpoint in it."""
    extra, index = _b64(entry_line(proof.entry).encode()), proof.entry.seq - 1
    return f"{_MAGIC}\nextra {extra}\nindex {index}\n{_lines(proof.path)}\n{proof.note}"


def consistency_text(proof: Consistency) -> str:
    """The proof that an earlier checkpoint is the beginning of a later one, with the later one in it."""
    return f"old {proof.size}\n{_lines(proof.path)}\n{proof.note}"


def is_inclusion(text: str) -> bool:
    """Whether a text says that it is a proof of inclusion; else it can only be one of consistency."""
    return text.startswith(f"{_MAGIC}\n")


def check_inclusion_text(text: str, signers: Signers) -> tuple[AuditEntry, int]:
    """The entry that a proof proves, and the size of the log that it stands in; raise Invalid."""
    match, note = _parts(text, _INCLUSION, signers)
    try:
        entry = read_entry(base64.b64decode(match[1], validate=True))
        path, index = _path(match[3]), int(match[2])
        if entry.digest() != entry.hash or entry.seq != index + 1:
            raise Invalid("证明中的记录与其哈希或序号不符：记录被改动过。")
        leaf = leaf_hash(entry.hash)
        check_inclusion(leaf, index, path, size=note.tree.size, root_hash=note.tree.root)
    except (ProofError, ValueError) as error:
        raise Invalid("证明不成立：该记录不在检查点所签署的日志中，或证明被改动过。") from error
    return entry, note.tree.size


def check_consistency_text(text: str, earlier: KeptNote, signers: Signers) -> tuple[int, int]:
    """The sizes of two logs of which the first is proven the beginning of the second; raise Invalid."""
    match, note = _parts(text, _CONSISTENCY, signers)
    old = read_note(earlier.text)
    signers.check(old)
    if old.tree.size != int(match[1]) or old.tree.origin != note.tree.origin:
        raise Invalid(f"证明不是针对检查点 {earlier.name} 的（条数或来源不同）。请给出证明所说的较早的检查点。")
    sizes = old.tree.size, note.tree.size
    try:
        check_consistency(*sizes, _path(match[2]), first_root=old.tree.root, second_root=note.tree.root)
    except (ProofError, ValueError) as error:
        raise Invalid("证明不成立：前一个检查点不是后一个的开头，历史有分叉，或证明被改动过。") from error
    return sizes


def _parts(text: str, pattern: re.Pattern[str], signers: Signers) -> tuple[re.Match[str], UnverifiedNote]:
    before, blank, rest = text.replace("\r\n", "\n").partition("\n\n")
    match = pattern.fullmatch(f"{before}\n")
    if not blank or match is None:
        raise Invalid("不是 educa audit prove 写出的证明。请使用原样保存的文件。")
    note = read_note(rest)
    signers.check(note)
    return match, note


def _path(lines: str) -> Sequence[bytes]:
    return [base64.b64decode(line, validate=True) for line in lines.split()]


def _lines(path: Sequence[bytes]) -> str:
    return "".join(f"{_b64(one)}\n" for one in path)


def _b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
