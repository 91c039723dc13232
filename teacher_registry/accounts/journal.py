"""Writing the log: each entry goes into the transaction of the act it tells of."""

from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts.models import Act, LogEntry
from teacher_registry.refusal import RefusalKind
from teacher_registry.verification.subject import VerifiedAdministrator


def entry(act: Act, actor: VerifiedAdministrator, at: datetime, *, account_id: str | None = None) -> LogEntry:
    """An act of a verified administrator."""
    return LogEntry(
        at=at,
        act=act,
        holder_id=actor.holder_id,
        certificate_serial=actor.serial,
        unit_code=actor.unit_code,
        account_id=account_id,
    )


class Journal:
    """Entries that stand alone: sign-ins and refusals."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions

    def signed_in(self, actor: VerifiedAdministrator, at: datetime) -> None:
        """The administrator opened the page of the unit."""
        with self._sessions.begin() as session:
            session.add(entry(Act.SIGN_IN, actor, at))

    def refused(self, kind: RefusalKind, unverified_serial: str | None, at: datetime) -> None:
        """A certificate was refused. The serial (lower-case hex) is what it says of itself; its names are not
        kept, since a foreign certificate may say anything."""
        with self._sessions.begin() as session:
            session.add(LogEntry(at=at, act=Act.REFUSED, refusal=kind, certificate_serial=unverified_serial))
