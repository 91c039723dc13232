"""All that is sealed with field keys, found by the key's name in front of each value, and sealed anew in pieces."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Table, and_, bindparam, func, select, tuple_

from ca_service.domain.errors import NotFound
from ca_service.store import models
from ca_service.store.database import Database
from ca_service.store.documents import DocumentFolder
from ca_service.store.sealing import Sealer

_NAMED = 8
_OTHERS = frozenset({models.SoPinRow.__tablename__})
"""Sealed for the custody key, which is another matter."""


@dataclass(frozen=True)
class _Source:
    """A table with a column `sealed`, and the context in which the value of a key is sealed."""

    table: Table
    context: Callable[[Sequence[Any]], str]

    @property
    def key(self) -> list[Any]:
        """The columns of the primary key, in the order of the table."""
        return list(self.table.primary_key.columns)

    @property
    def sealed(self) -> Any:
        """The first octets name the key that the value was sealed with."""
        return self.table.c.sealed

    def stale(self, current: bytes) -> ColumnElement[bool]:
        """What is sealed with another key."""
        named = func.substr(self.sealed, 1, _NAMED, type_=LargeBinary())
        return and_(self.sealed.is_not(None), named != bindparam("current", current, LargeBinary()))


def _sources() -> Iterator[_Source]:
    """Every table of the schema that has the column: a new one is found by itself."""
    for table in models.Base.metadata.sorted_tables:
        if "sealed" in table.c and table.name not in _OTHERS:
            prefix = "draft" if table.name == models.DraftPartRow.__tablename__ else table.name
            yield _Source(table, lambda key, prefix=prefix: "/".join((prefix, *map(str, key))))  # type: ignore[misc]


class SealedData:
    """Implements `ports.SealedData`."""

    def __init__(self, database: Database, sealer: Sealer, documents: DocumentFolder) -> None:
        self._database, self._sealer, self._documents = database, sealer, documents

    def reseal(self, limit: int) -> Iterator[int]:
        """See the port."""
        for source in _sources():
            yield from self._reseal_table(source, limit)
        for name in self._documents.stale():
            try:
                self._documents.reseal(name)
            except NotFound:
                continue  # removed since
            yield 1

    def left(self) -> int:
        """See the port."""
        with self._database.connected(writing=False) as connection:
            counts = [
                connection.scalar(
                    select(func.count()).select_from(source.table).where(source.stale(self._sealer.current_id))
                )
                for source in _sources()
            ]
        return sum(count or 0 for count in counts) + sum(1 for _ in self._documents.stale())

    def _reseal_table(self, source: _Source, limit: int) -> Iterator[int]:
        last: Sequence[Any] | None = None
        while True:
            query = select(*source.key, source.sealed).where(source.stale(self._sealer.current_id))
            if last is not None:
                query = query.where(tuple_(*source.key) > tuple_(*last))
            with self._database.connected(writing=False) as connection:
                rows = connection.execute(query.order_by(*source.key).limit(limit)).all()
            if not rows:
                return
            last = rows[-1][:-1]
            yield self._write(source, rows)

    def _write(self, source: _Source, rows: Sequence[Sequence[Any]]) -> int:
        """One transaction. A row that somebody wrote since it was read is theirs: the guard leaves it alone."""
        values = []
        for row in rows:
            key, sealed = row[:-1], row[-1]
            context = source.context(key)
            anew = self._sealer.seal(self._sealer.open(sealed, context=context), context=context)
            names = {f"key_{column.name}": value for column, value in zip(source.key, key, strict=True)}
            values.append({**names, "was": sealed, "anew": anew})
        same = [column == bindparam(f"key_{column.name}") for column in source.key]
        statement = source.table.update().where(*same, source.sealed == bindparam("was", type_=LargeBinary()))
        with self._database.connected(writing=True) as connection:
            done = connection.execute(statement.values(sealed=bindparam("anew", type_=LargeBinary())), values)
        return done.rowcount
