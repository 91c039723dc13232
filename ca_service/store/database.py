"""The database, and how transactions on it begin and end."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from ca_service.clock import Clock
from ca_service.store import outages
from ca_service.store.bounds import UNBOUNDED, Bounds
from ca_service.store.engines import READ_ONLY, connect
from ca_service.store.repositories import SqlAuditLog
from ca_service.store.sealing import Sealer
from ca_service.store.unit_of_work import SqlUnitOfWork
from ca_service.workflows.ports import Meter, Unmeasured

# A server that was cut off holds on to the transaction, and with it to the lock, until somebody ends it.
_WAIT_FOR_LOCK = text(f"SET LOCAL lock_timeout = '{outages.RESOLVED_WITHIN:.0f}s'")
_log = structlog.get_logger(__name__)


class Database:
    """An engine and the two ways to open a transaction on it."""

    def __init__(
        self, url: str, *, sealer: Sealer, clock: Clock, meter: Meter | None = None, bounds: Bounds = UNBOUNDED
    ) -> None:
        self.engine = connect(url, bounds)
        self.reading = self.engine.execution_options(**{READ_ONLY: True})
        self._sealer = sealer
        self._clock = clock
        self._meter = meter or Unmeasured()
        self._patience = outages.Patience(outages.PATIENCE)

    @contextmanager
    def begin(self) -> Iterator[SqlUnitOfWork]:
        """A writing transaction: commits when the block ends well, else rolls back.

        Raises Unavailable: nothing was done. Raises OutcomeUnknown: it broke off in the commit, and cannot be asked.
        """
        with self._transaction(self.engine) as uow:
            yield uow

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        """A transaction that writes nothing and never waits for a writer on SQLite."""
        with self._transaction(self.reading) as uow:
            yield uow

    @contextmanager
    def connected(self, *, writing: bool) -> Iterator[Connection]:
        """A transaction for what is done to rows as they lie there, whatever they mean. Raises as `begin` does."""
        try:
            with (self.engine if writing else self.reading).begin() as connection:
                yield connection
        except outages.FAILURES as error:
            raise (outages.unknown() if outages.is_unknown(error) else outages.told(error)) from error

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[SqlUnitOfWork]:
        # Outermost for the rollback with which a reading transaction ends: its connection may break just there.
        with outages.told_as_ours(), Session(engine, expire_on_commit=False) as session:
            try:
                self._patience.wait_for(lambda: _begun(session))
                uow = SqlUnitOfWork(session, sealer=self._sealer, clock=self._clock)
                yield uow
                session.flush()
            except outages.FAILURES as error:
                raise outages.told(error) from error
            if engine is not self.reading:
                self._commit(session, uow)
        # Behind the commit: an entry that was rolled back is none.
        for tag, entries in uow.audit.written.items():
            self._meter.audited(tag.value, entries)

    def _commit(self, session: Session, uow: SqlUnitOfWork) -> None:
        """Commit; raise Unavailable where that was rolled back, OutcomeUnknown where nobody can tell.

        A connection that breaks here has said nothing. The audit entry tells: it was committed with all the rest, or
        not at all. Where it stands the caller is answered as if nothing had been. A process that dies while it asks
        leaves a client without an answer, as one that dies behind its commit does.
        """
        try:
            session.commit()
        except outages.FAILURES as error:
            if not outages.is_unknown(error):
                raise outages.told(error) from error
            _log.warning("a commit was broken off", audited=uow.audit.last is not None)
            if not self._stands(uow):
                raise outages.told(error) from error

    def _stands(self, uow: SqlUnitOfWork) -> bool:
        """Whether the last audit entry of a transaction is in the log; raise OutcomeUnknown."""
        last, found = uow.audit.last, False

        def ask() -> None:
            nonlocal found
            with Session(self.engine) as session, session.begin():
                session.execute(_WAIT_FOR_LOCK)
                found = last is not None and SqlAuditLog(session, self._clock).holds(last)

        try:
            if last is None:
                raise outages.unknown()
            outages.Patience(outages.RESOLVED_WITHIN).wait_for(ask)
        except outages.FAILURES as error:
            raise outages.unknown() from error
        return found


def _begun(session: Session) -> None:
    """Connect and begin, where that can fail for a while. On SQLite that is left to the first statement: it may wait
    for a writer."""
    session.rollback()
    if session.get_bind().dialect.name != "sqlite":
        session.connection()
