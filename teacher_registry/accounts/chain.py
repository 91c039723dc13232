"""The log as a hash chain: each entry's hash covers its content and the hash before it.

Who changes, removes or inserts an entry breaks every hash after it. Who can rewrite the whole table can rewrite the
chain too: `teacher-registry log verify` prints the head, to be kept elsewhere, and `--head` holds it against the log.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts.models import LogEntry, LogHead

GENESIS = "0" * 64
_HEAD_ROW = 1
_PAGE = 1000


def digest(entry: LogEntry) -> str:
    """SHA-256 over the entry's columns as a JSON list; a change of this function breaks every old log."""
    content = [
        entry.seq,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.act,
        entry.holder_id,
        entry.certificate_serial,
        entry.unit_code,
        entry.account_id,
        entry.refusal,
        entry.detail,
        entry.previous,
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def append(session: Session, entries: Iterable[LogEntry]) -> None:
    """Number and link the entries inside the caller's transaction.

    Taken last in a transaction: the head's row stays locked until it ends, and all writers wait for it here.
    """
    batch = list(entries)
    session.flush()
    moved = update(LogHead).where(LogHead.id == _HEAD_ROW).values(seq=LogHead.seq + len(batch))
    last, link = session.execute(moved.returning(LogHead.seq, LogHead.hash)).one()
    for seq, entry in enumerate(batch, start=last - len(batch) + 1):
        entry.seq, entry.previous = seq, link
        entry.hash = link = digest(entry)
    session.add_all(batch)
    session.execute(update(LogHead).where(LogHead.id == _HEAD_ROW).values(hash=link))


@dataclass(frozen=True)
class Verdict:
    """`entries` that fit, the last hash that fits, and what is wrong after it ("" = nothing)."""

    entries: int
    head: str
    wrong: str = ""


def verify(sessions: sessionmaker[Session], *, kept: tuple[int, str] | None = None) -> Verdict:
    """Walk the whole log. `kept` is a number and hash printed earlier, which must still be in it."""
    count, link = 0, GENESIS
    kept_seq, kept_hash = kept or (0, GENESIS)
    with sessions() as session:
        head = _head(session)
        while page := _after(session, count, head.seq):
            for entry in page:
                if wrong := _wrong(entry, count, link):
                    return Verdict(count, link, wrong)
                count, link = entry.seq, entry.hash
                if count == kept_seq and link != kept_hash:
                    return Verdict(count, link, f"entry {count} is not the one whose hash was kept")
            session.expunge_all()
        # Entries may have been added since; their head moved with them.
        last = session.scalar(select(func.max(LogEntry.seq))) or 0
        if (head.seq, head.hash) != (count, link) or last > _head(session).seq:
            return Verdict(count, link, f"the log ends at {max(count, last)}, its head says {head.seq}")
    if kept_seq > count:
        return Verdict(count, link, f"entry {kept_seq} was there once, the log ends at {count}")
    return Verdict(count, link)


def _head(session: Session) -> LogHead:
    return session.scalars(select(LogHead).execution_options(populate_existing=True)).one()


def _after(session: Session, seq: int, last: int) -> Sequence[LogEntry]:
    page = select(LogEntry).where(LogEntry.seq > seq, LogEntry.seq <= last).order_by(LogEntry.seq).limit(_PAGE)
    return session.scalars(page).all()


def head_fits(sessions: sessionmaker[Session]) -> tuple[int, bool]:
    """The number of the last entry, and whether the head fits to it; much quicker than `verify`."""
    with sessions() as session:
        head = _head(session)
        last = session.scalars(select(LogEntry).where(LogEntry.seq == head.seq)).one_or_none()
    link = GENESIS if last is None and head.seq == 0 else last.hash if last is not None else ""
    return head.seq, link == head.hash and (last is None or digest(last) == last.hash)


def _wrong(entry: LogEntry, count: int, link: str) -> str:
    if entry.seq != count + 1:
        return f"entry {count + 1} is missing"
    if entry.previous != link:
        return f"entry {entry.seq}: its link to the entry before was changed"
    if digest(entry) != entry.hash:
        return f"entry {entry.seq}: its content or hash was changed"
    return ""
