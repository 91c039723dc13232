"""Checkpoints of the audit log: what was appended is read once and checked, the root is signed, and kept.

    1. Complete tiles that are not kept yet are computed from the entries, in pieces of one transaction each.
    2. The rest of the entries is checked; the root of the last checkpoint must be that of the log as it is now.
    3. The tree head is signed and stored, in the transaction that read it; no two are made at once.

Nothing is signed that is not a continuation of what was signed before (C2SP tlog-checkpoint: a log MUST NOT).
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import islice

from ca_service.domain import merkle
from ca_service.domain.audit import GENESIS, AuditEntry, ChainBroken, linked
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.checkpoints import Checkpoint, Consistency, Inclusion, TreeHead, read_note
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import Services, UnitOfWork

INTERVAL = timedelta(hours=1)
_TILE = 1 << merkle.TILE
_PIECE = 256 * _TILE
_BROKEN = "审计日志{}，未签署检查点。请运行 educa audit verify，封存数据库并通知安全审计员。"

SignHead = Callable[[TreeHead], Checkpoint]


def make_checkpoint(
    services: Services, actor: Actor, sign: SignHead, *, origin: str, unless_after: int | None = None
) -> Checkpoint:
    """Sign what the log is now; where nothing was appended, the last checkpoint is it still.

    `origin` names the log in its first checkpoint; later ones keep that name. Where somebody else has made one beyond
    `unless_after` entries meanwhile, that is it. Raises Forbidden, Unavailable, Conflict where the log does not
    continue what was signed before.
    """
    with services.read() as uow:
        authorise(actor, Action.AUDIT_CHECKPOINT, lineage=uow.units.lineage(actor.unit_code))
    kept = -1
    while (now := _keep_a_piece(services)) > kept:
        kept = now
    with services.begin() as uow:
        uow.audit_tree.hold()
        last = uow.audit_tree.last()
        if last is not None and unless_after is not None and last.size > unless_after:
            return last
        tree = _tree_head(uow, last, origin=origin, services=services)
        if last is not None and last.size == tree.size:
            return last
        made = sign(tree)
        uow.audit_tree.add(made)
        return made


def checkpoint_if_due(services: Services, actor: Actor, sign: SignHead, *, origin: str) -> Checkpoint | None:
    """A checkpoint when the last one is an hour old and something was appended since."""
    with services.read() as uow:
        last, (size, _) = uow.audit_tree.last(), uow.audit.head()
    recent = last is not None and services.clock() - last.at < INTERVAL
    # A log that became shorter is not passed over: `make_checkpoint` says so, each round, until somebody looks.
    if recent or size == (last.size if last else 0):
        return None
    return make_checkpoint(services, actor, sign, origin=origin, unless_after=last.size if last else 0)


def _keep_a_piece(services: Services) -> int:
    """Keep tiles of the next entries; return how many there are now."""
    with services.begin() as uow:
        tree = uow.audit_tree
        tree.hold()
        kept, size = tree.kept(1), uow.audit.head()[0]
        todo = min(size // _TILE - kept, _PIECE // _TILE)
        if todo <= 0:
            return kept
        leaves = [merkle.leaf_hash(entry.hash) for entry in islice(_checked(uow, kept * _TILE), todo * _TILE)]
        if len(leaves) != todo * _TILE:
            raise Conflict(_BROKEN.format("比链尾所记的短"))
        tree.keep(1, kept, [merkle.fold(leaves[at : at + _TILE]) for at in range(0, len(leaves), _TILE)])
        _keep_above(uow, kept + todo)
        return kept + todo


def _keep_above(uow: UnitOfWork, tiles: int) -> None:
    """Complete the higher levels over so many tiles of level 1."""
    for level, count in merkle.full_tiles(tiles):
        kept = uow.audit_tree.kept(level + 1)
        for position in range(kept, count):
            below = uow.audit_tree.nodes(level, position * _TILE, _TILE)
            uow.audit_tree.keep(level + 1, position, [merkle.fold(below)])


def _tree_head(uow: UnitOfWork, last: Checkpoint | None, *, origin: str, services: Services) -> TreeHead:
    size, head = uow.audit.head()
    if size == 0:
        raise Invalid("审计日志还没有记录，没有可签署的内容。")
    kept = uow.audit_tree.kept(1) * _TILE
    at = kept, _link(uow, kept)
    # Up to the head that was read: more may have been appended since.
    for entry in islice(_checked(uow, kept), max(0, size - kept)):
        at = entry.seq, bytes(entry.hash)
    if at != (size, bytes(head)):
        raise Conflict(_BROKEN.format(f"到第 {at[0]} 条为止，链尾记录为第 {size} 条"))
    if last is not None and (last.size > size or merkle.root(uow.audit_tree.nodes, last.size) != last.root):
        raise Conflict(_BROKEN.format(f"与 {last.size} 条时签署的检查点不一致"))
    root = merkle.root(uow.audit_tree.nodes, size)
    name = read_note(last.note).tree.origin if last else origin
    return TreeHead(name, size, root, bytes(head), services.clock())


def _checked(uow: UnitOfWork, after: int) -> Iterable[AuditEntry]:
    """The entries after a number, each of which fits the one before; raise Conflict."""
    try:
        yield from linked(uow.audit.entries(after=after), after=(after, _link(uow, after)))
    except ChainBroken as broken:
        raise Conflict(_BROKEN.format(f"在第 {broken.at} 条处被破坏（{broken.why}）")) from broken


def _link(uow: UnitOfWork, seq: int) -> bytes:
    """The stored hash of an entry; that before the first one when `seq` is 0."""
    found = uow.audit.find(AuditFilter(), below=seq + 1, limit=1) if seq else ()
    return bytes(found[0].hash) if found else GENESIS


def prove_inclusion(services: Services, actor: Actor, seq: int, *, note: str = "") -> Inclusion:
    """The proof of one entry against a checkpoint, by default the last one; it is checked before it is returned.

    Raises Forbidden, Invalid (the note), Conflict where the log has no such entry or is not the checkpoint's.
    """
    with services.read() as uow:
        authorise(actor, Action.AUDIT_READ, lineage=uow.units.lineage(actor.unit_code))
        last = uow.audit_tree.last()
        note = note or (last.note if last else "")
        if not note:
            raise Conflict("还没有检查点。请先运行 educa audit checkpoint。")
        tree = read_note(note).tree
        if not 1 <= seq <= tree.size:
            raise Conflict(f"检查点只包含第 1 至第 {tree.size} 条，不包含第 {seq} 条。请换用更新的检查点。")
        _refuse_longer(uow, tree)
        found = uow.audit.find(AuditFilter(), below=seq + 1, limit=1)
        if not found or found[0].seq != seq:
            raise Conflict(f"日志中没有第 {seq} 条：该记录缺失。请运行 educa audit verify。")
        path = tuple(merkle.inclusion_proof(uow.audit_tree.nodes, seq - 1, tree.size))
    leaf = merkle.leaf_hash(found[0].digest())
    try:
        merkle.check_inclusion(leaf, seq - 1, path, size=tree.size, root_hash=tree.root)
    except merkle.ProofError as error:
        raise Conflict(f"第 {seq} 条不能由该检查点证明：日志与检查点不一致。请运行 educa audit verify。") from error
    return Inclusion(found[0], path, note)


def prove_consistency(services: Services, actor: Actor, first: str, second: str) -> Consistency:
    """The proof that the log of the first note is the beginning of that of the second; checked before it is returned.

    Raises Forbidden, Invalid (a note), Conflict where it is not, or the log is neither's.
    """
    old, new = read_note(first).tree, read_note(second).tree
    with services.read() as uow:
        authorise(actor, Action.AUDIT_READ, lineage=uow.units.lineage(actor.unit_code))
        if old.origin != new.origin or old.size > new.size:
            raise Conflict("两个检查点应出自同一日志，且较早（条数较少）的在前。请检查文件及其顺序。")
        _refuse_longer(uow, new)
        path = tuple(merkle.consistency_proof(uow.audit_tree.nodes, old.size, new.size))
    try:
        merkle.check_consistency(old.size, new.size, path, first_root=old.root, second_root=new.root)
    except merkle.ProofError as error:
        raise Conflict(
            "不能证明前一个检查点是后一个的开头：历史有分叉，或日志已被改写。请封存数据库并通知安全审计员。"
        ) from error
    return Consistency(old.size, path, second)


def _refuse_longer(uow: UnitOfWork, tree: TreeHead) -> None:
    size, _ = uow.audit.head()
    if tree.size > size:
        raise Conflict(f"检查点有 {tree.size} 条，日志只有 {size} 条：日志末尾的记录缺失，或检查点不属于本日志。")
