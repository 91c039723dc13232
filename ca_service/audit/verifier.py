"""Walks the chain and names the first entry that does not fit."""

from collections.abc import Iterable
from dataclasses import dataclass

from ca_service.domain.audit import GENESIS, AuditEntry, ChainBroken, linked


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
    try:
        for entry in linked(entries, after=after):
            count, link = entry.seq, bytes(entry.hash)
    except ChainBroken as broken:
        return Verdict(broken.count, broken.link, broken.at, broken.why)
    if count != head_seq or link != head_hash:
        return Verdict(count, link, max(count, head_seq), f"日志到第 {count} 条为止，链尾记录为第 {head_seq} 条")
    return Verdict(count, link)
