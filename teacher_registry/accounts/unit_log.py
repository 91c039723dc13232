"""The log as a unit may read it: its own entries, newest first."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts.actor import Actor
from teacher_registry.accounts.models import Account, LogEntry

PAGE_SIZE = 50


@dataclass(frozen=True)
class LogPage:
    """Entries, the accounts they are about by id, and the number to go on from (None: no older ones)."""

    entries: list[LogEntry]
    accounts: dict[str, Account]
    older: int | None


class UnitLog:
    """Read access to the log of the actor's own unit."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions

    def page(self, actor: Actor, before: int | None) -> LogPage:
        """The entries numbered below `before`, or the newest."""
        own = select(LogEntry).where(LogEntry.unit_code == actor.unit_code)
        if before is not None:
            own = own.where(LogEntry.seq < before)
        with self._sessions() as session:
            rows = list(session.scalars(own.order_by(LogEntry.seq.desc()).limit(PAGE_SIZE + 1)))
            entries = rows[:PAGE_SIZE]
            ids = {row.account_id for row in entries if row.account_id}
            about = session.scalars(select(Account).where(Account.id.in_(ids), Account.unit_code == actor.unit_code))
            accounts = {account.id: account for account in about}
        return LogPage(entries, accounts, entries[-1].seq if len(rows) > PAGE_SIZE else None)
