"""Walks the chain and names the first entry that does not fit."""

from collections.abc import Iterable
from dataclasses import dataclass

from ca_service.domain.audit import GENESIS, AuditEntry


@dataclass(frozen=True)
class Verdict:
    """`broken_at` is the sequence number of the first bad entry, or None; `why` says (in Chinese) what is wrong."""

    entries: int
    head: bytes
    broken_at: int | None = None
    why: str = ""


def verify(
    entries: Iterable[AuditEntry], *, head_seq: int, head_hash: bytes, after: tuple[int, bytes] = (0, GENESIS)
) -> Verdict:
    """Check numbers, links and hashes in order, and that the chain ends where its head says it does.

    `after` is the number and hash of the entry before the first one: by default the whole chain is checked.
    """
    count, link = after
    for entry in entries:
        if entry.seq != count + 1:
            return Verdict(count, link, count + 1, f"缺少第 {count + 1} 条，第 {count} 条之后是第 {entry.seq} 条")
        if bytes(entry.previous) != link:
            return Verdict(count, link, entry.seq, "与前一条的链接被改动")
        if entry.digest() != bytes(entry.hash):
            return Verdict(count, link, entry.seq, "内容或哈希被改动")
        count, link = entry.seq, bytes(entry.hash)
    if count != head_seq or link != head_hash:
        return Verdict(count, link, max(count, head_seq), f"日志到第 {count} 条为止，链尾记录为第 {head_seq} 条")
    return Verdict(count, link)
