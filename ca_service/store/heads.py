"""The heads of gapless sequences: the last number, and for the audit log the last hash."""

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.orm import Session

from ca_service.domain.audit import GENESIS
from ca_service.store.models import HeadRow

Head = tuple[int, bytes]
_READ = select(HeadRow.seq, HeadRow.hash).where(HeadRow.name == bindparam("which"))
_LOCK = _READ.with_for_update()
_BEGIN = text("INSERT INTO head (name, seq, hash) VALUES (:which, 0, :hash) ON CONFLICT DO NOTHING")
_AT = update(HeadRow.__table__).where(HeadRow.name == bindparam("which"))  # type: ignore[arg-type]
MOVE = _AT.values(seq=bindparam("to_seq"), hash=bindparam("to_hash"))
"""Of a head that this transaction has locked; run with `moved`."""


def read(session: Session, name: str) -> Head:
    """The head as it is; that of a sequence not yet begun when there is none."""
    found = session.connection().execute(_READ, {"which": name}).one_or_none()
    return (found[0], found[1]) if found else (0, GENESIS)


def lock(session: Session, name: str) -> Head:
    """The head, locked until this transaction ends; it is made where there is none."""
    found = session.connection().execute(_LOCK, {"which": name}).one_or_none()
    if not found:
        # Two may be the first: the second waits for the first one's commit, and then for the lock.
        session.connection().execute(_BEGIN, {"which": name, "hash": GENESIS})
        found = session.connection().execute(_LOCK, {"which": name}).one()
    return found[0], found[1]


def move(session: Session, name: str, head: Head) -> None:
    """Move a head that this transaction has locked."""
    session.connection().execute(MOVE, moved(name, head))


def moved(name: str, head: Head) -> dict[str, str | int | bytes]:
    """The values of `MOVE`."""
    return {"which": name, "to_seq": head[0], "to_hash": head[1]}
