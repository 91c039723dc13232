"""The whole log against the checkpoints that others kept: chain, tree, signatures; says what is wrong, and where.

The entries come from the database or from an export; the checkpoints are believed only as far as they are signed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ca_service.audit.signers import Signers
from ca_service.domain.audit import GENESIS, AuditEntry, ChainBroken, linked
from ca_service.domain.checkpoints import TreeHead, read_note
from ca_service.domain.errors import Invalid
from ca_service.domain.merkle import Growing, leaf_hash


@dataclass(frozen=True)
class KeptNote:
    """A checkpoint as somebody kept it, and what to call it."""

    name: str
    text: str


@dataclass(frozen=True)
class Report:
    """What was examined; `findings` (in Chinese) is empty when all of it fits together."""

    entries: int
    head: bytes
    root: bytes
    checkpoints: int
    findings: tuple[str, ...]


@dataclass
class _Walk:
    """The log as far as its chain holds: its hashes at the sizes that were asked for."""

    tree: Growing = field(default_factory=Growing)
    head: bytes = GENESIS
    at: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    broken: str = ""


def examine(entries: Iterable[AuditEntry], notes: Sequence[KeptNote], signers: Signers) -> Report:
    """Walk all entries once and compare them with every checkpoint, and those with each other."""
    findings: list[str] = []
    heads = _signed_heads(notes, signers, findings)
    findings += _contradictions(heads)
    walk = _walk(entries, {tree.size for tree in heads.values()})
    if walk.broken:
        findings.append(f"审计链在{walk.broken}；其后的记录未再核对。")
    findings += _differences(walk, heads)
    return Report(walk.tree.size, walk.head, walk.tree.root(), len(heads), tuple(findings))


def _signed_heads(notes: Sequence[KeptNote], signers: Signers, findings: list[str]) -> Mapping[str, TreeHead]:
    heads = {}
    for kept in notes:
        try:
            note = read_note(kept.text)
            signers.check(note)
        except Invalid as error:
            findings.append(f"检查点 {kept.name} 不可信：{error.detail}")
        else:
            heads[kept.name] = note.tree
    return heads


def _contradictions(heads: Mapping[str, TreeHead]) -> Iterable[str]:
    """Two signed heads that no one log can have: this needs no entry to be seen."""
    seen: dict[int, tuple[str, TreeHead]] = {}
    origins = {tree.origin for tree in heads.values()}
    if len(origins) > 1:
        yield f"检查点出自不同的日志：{'、'.join(sorted(origins))}。请分别核对。"
    for name, tree in heads.items():
        other, same = seen.setdefault(tree.size, (name, tree))
        if (same.root, same.head) != (tree.root, tree.head):
            yield f"检查点 {other} 与 {name} 同为 {tree.size} 条而内容不同：历史有分叉。"


def _walk(entries: Iterable[AuditEntry], sizes: Iterable[int]) -> _Walk:
    walk, wanted = _Walk(), frozenset(sizes)
    add = walk.tree.add
    try:
        for entry in linked(entries):
            walk.head = entry.hash
            add(leaf_hash(walk.head))
            if entry.seq in wanted:
                walk.at[entry.seq] = (walk.tree.root(), walk.head)
    except ChainBroken as broken:
        walk.broken = f"第 {broken.at} 条处被破坏：{broken.why}"
    return walk


def _differences(walk: _Walk, heads: Mapping[str, TreeHead]) -> Iterable[str]:
    fitting, missing = 0, False
    for name, tree in sorted(heads.items(), key=lambda one: one[1].size):
        found = walk.at.get(tree.size)
        if found is None:
            if not walk.broken and not missing:
                yield (
                    f"检查点 {name} 有 {tree.size} 条，日志只有 {walk.tree.size} 条："
                    f"第 {walk.tree.size + 1} 至第 {tree.size} 条缺失。"
                )
            missing = True
        elif found != (tree.root, tree.head):
            yield (
                f"日志与检查点 {name}（{tree.size} 条）不一致：第 {fitting + 1} 至第 {tree.size} 条之间被改写，"
                "或历史有分叉。"
            )
            return
        else:
            fitting = tree.size
