"""Walks the chain and names the first entry that does not fit."""

from collections.abc import Iterable
from dataclasses import dataclass

from ca_service.domain.audit import GENESIS, AuditEntry


@dataclass(frozen=True)
class Verdict:
    """`broken_at` is the sequence number of the first bad entry, or None; `why` says what is wrong with it."""

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
            return Verdict(count, link, count + 1, f"entry {count + 1} is missing; entry {entry.seq} follows {count}")
        if bytes(entry.previous) != link:
            return Verdict(count, link, entry.seq, "its link to the entry before was changed")
        if entry.digest() != bytes(entry.hash):
            return Verdict(count, link, entry.seq, "its content or hash was changed")
        count, link = entry.seq, bytes(entry.hash)
    if count != head_seq or link != head_hash:
        return Verdict(count, link, max(count, head_seq), f"the log ends at {count}, its head says {head_seq}")
    return Verdict(count, link)
