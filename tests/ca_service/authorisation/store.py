"""The real store, except that nothing stays: every call of the matrix is looked at and then rolled back."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import Session

from ca_service.clock import Clock
from ca_service.store.database import Database
from ca_service.store.outages import told_as_ours
from ca_service.store.sealing import Sealer
from ca_service.store.unit_of_work import SqlUnitOfWork

_WRITES = re.compile(r"\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM) \"?(\w+)", re.IGNORECASE)


class RolledBackStore(Database):
    """All transactions run inside one that `untouched` rolls back; `written` names the tables they wrote to."""

    def __init__(self, url: str, *, sealer: Sealer, clock: Clock) -> None:
        super().__init__(url, sealer=sealer, clock=clock)
        self.written: list[str] = []
        self._connection = self.engine.connect()
        event.listen(self.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found = _WRITES.match(statement)
        if found:
            self.written.append(found.group(1).lower())

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[SqlUnitOfWork]:
        before = len(self.written)
        try:
            with (
                told_as_ours(),
                Session(self._connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session,
                session.begin(),
            ):
                yield SqlUnitOfWork(session, sealer=self._sealer, clock=self._clock)
        except BaseException:
            # What the transaction wrote went with it.
            del self.written[before:]
            raise

    @contextmanager
    def connected(self, *, writing: bool) -> Iterator[Connection]:
        """The same connection, whose end is a rollback."""
        with self._connection.begin_nested():
            yield self._connection

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Roll back whatever the block does; inside, `written` and `new_entries` tell what it did."""
        self.written.clear()
        outer = self._connection.begin()
        try:
            yield
        finally:
            outer.rollback()

    def new_entries(self, *, after: int) -> Sequence[tuple[str, str]]:
        """Tag and actor of the audit entries behind a number."""
        rows = self._connection.execute(
            text("SELECT tag, actor FROM audit_entry WHERE seq > :after ORDER BY seq"), {"after": after}
        )
        return [(row[0], row[1]) for row in rows]

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
        self.engine.dispose()
