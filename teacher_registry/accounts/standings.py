"""What the account feed said of each holder, applied once and in order; asked on every request.

Death between two pages: the position and the pages' effects are one transaction, so the next poll asks from where
the last commit stands. Two processes at once: the position moves by one guarded UPDATE; the second finds it moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import and_, bindparam, or_, text, update
from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts.actor import Actor
from teacher_registry.accounts.chain import append
from teacher_registry.accounts.journal import entry, told
from teacher_registry.accounts.models import AccountStatus, Act, FeedPosition, LogEntry, Standing, UtcDateTime
from teacher_registry.feed.page import AccountEvent, EventKind, FeedPage
from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.subject import VerifiedAdministrator

_ROW = 1
_ACTS: Mapping[EventKind, Act] = MappingProxyType(
    {
        EventKind.STOP: Act.FEED_STOP,
        EventKind.RESTORE: Act.FEED_RESTORE,
        EventKind.UNLOCK: Act.FEED_UNLOCK,
        EventKind.RESET_PASSWORD: Act.FEED_RESET,
        EventKind.INFORMATION_CHANGE: Act.FEED_CHANGE,
        EventKind.REGISTER: Act.FEED_REGISTER,
        EventKind.UNIT_CHANGE: Act.FEED_UNIT,
    }
)


@dataclass(frozen=True)
class Admitted:
    """For which unit the holder acts, and the time before which pages of this holder are void (a reset by the CA)."""

    unit_code: str
    void_before: datetime | None = None


class Standings:
    """The state of the holders' accounts in this registry."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions

    def require(self, actor: VerifiedAdministrator) -> Admitted:
        """Raise `RefusalError` if the holder is stopped, moved to another unit or locked.

        A holder of whom the feed said nothing is good: the certificate is the CA's word already. Where the unit of the
        certificate became another one, with its people, the holder acts for that.
        """
        with self._sessions() as session:
            standing = session.get(Standing, actor.holder_id)
        if standing is None:
            return Admitted(actor.unit_code)
        if standing.status == AccountStatus.STOPPED:
            raise RefusalError(RefusalKind.ACCOUNT_STOPPED, "stopped by the account feed")
        unit = standing.unit_code or actor.unit_code
        if actor.unit_code not in (unit, *standing.former_units.split(",")):
            raise RefusalError(RefusalKind.ACCOUNT_MOVED, "the feed knows the holder in another unit")
        if standing.locked_at is not None:
            raise RefusalError(RefusalKind.ACCOUNT_LOCKED, "locked by the registry")
        return Admitted(unit, standing.pages_void_before)

    def lock(self, actor: Actor, at: datetime, why: str) -> None:
        """Lock the holder out; only the CA's form (unlock) ends it. `why` is one word for the log."""
        is_open = and_(Standing.holder_id == actor.holder_id, Standing.locked_at.is_(None))
        with self._sessions.begin() as session:
            _ensure(session, actor.holder_id, at)
            locked = update(Standing).where(is_open).values(locked_at=at, changed_at=at).returning(Standing.holder_id)
            if session.execute(locked).one_or_none() is not None:
                append(session, [entry(Act.LOCKED, actor, at, why=why)])

    def position(self) -> FeedPosition:
        """The last event of the feed that was taken, and when the feed was last heard of."""
        with self._sessions() as session:
            return session.get_one(FeedPosition, _ROW)

    def note_poll(self, at: datetime) -> None:
        """A good page without events came; remembered for the next start."""
        with self._sessions.begin() as session:
            session.execute(update(FeedPosition).where(FeedPosition.id == _ROW).values(polled_at=at))

    def apply(self, page: FeedPage, at: datetime) -> bool:
        """All of the page or nothing. False if the page does not follow what is applied, or another process was
        first: a replayed or older page can never take anything back."""
        follows = update(FeedPosition).where(
            FeedPosition.id == _ROW,
            FeedPosition.seq == page.after,
            FeedPosition.head <= page.head,
            or_(FeedPosition.page_at.is_(None), FeedPosition.page_at <= page.at),
        )
        with self._sessions.begin() as session:
            moved = session.execute(
                follows.values(seq=page.next, head=page.head, page_at=page.at, polled_at=min(at, page.at)).returning(
                    FeedPosition.id
                )
            ).one_or_none()
            if moved is None:
                return False
            for event in page.events:
                _apply(session, event)
            if page.events:
                append(session, [_told_of(event, at) for event in page.events])
        return True


def _ensure(session: Session, holder_id: str, at: datetime) -> None:
    """A row for the holder; another transaction may be making it at this very moment."""
    row = "INSERT INTO standings (holder_id, status, event_seq, changed_at) VALUES (:holder, :status, 0, :at)"
    made = text(f"{row} ON CONFLICT (holder_id) DO NOTHING").bindparams(bindparam("at", type_=UtcDateTime()))
    session.execute(made, {"holder": holder_id, "status": AccountStatus.ACTIVE.value, "at": at})


def _apply(session: Session, event: AccountEvent) -> None:
    _ensure(session, event.holder, event.at)
    standing = session.get_one(Standing, event.holder)
    standing.event_seq, standing.changed_at = event.seq, event.at
    match event.kind:
        case EventKind.STOP:
            standing.status = AccountStatus.STOPPED
        case EventKind.RESTORE | EventKind.REGISTER:
            standing.status = AccountStatus.ACTIVE
            _moved(standing, event.unit)
        case EventKind.INFORMATION_CHANGE:
            _moved(standing, event.unit)
        case EventKind.UNIT_CHANGE:
            # What the person left before that does not speak again.
            known = standing.former_units if standing.unit_code in (None, event.former) else ""
            standing.former_units = ",".join(filter(None, (known, event.former)))
            standing.unit_code = event.unit
        case EventKind.UNLOCK:
            standing.locked_at = None
        case EventKind.RESET_PASSWORD:
            # The holder signs in with a key, so there is no password to reset: what lies open ends.
            standing.pages_void_before, standing.locked_at = event.at, None


def _moved(standing: Standing, unit: str) -> None:
    if standing.unit_code != unit:
        standing.former_units = ""
    standing.unit_code = unit


def _told_of(event: AccountEvent, at: datetime) -> LogEntry:
    detail = {"seq": event.seq, "change": event.change, "decided": event.at.isoformat()}
    return LogEntry(at=at, act=_ACTS[event.kind], holder_id=event.holder, unit_code=event.unit, detail=told(detail))
