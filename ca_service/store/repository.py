"""The common repository: domain records <-> rows of the same field names."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, CursorResult, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ca_service.domain.errors import Conflict, NotFound
from ca_service.store.models import Base
from ca_service.store.sealing import Sealer

R = TypeVar("R")


class SqlRepository(Generic[R]):
    """Implements `workflows.ports.Repository` for one record class and one table.

    `sealed` names the record's field that is kept encrypted in the column of that name, and its dataclass.
    """

    def __init__(
        self,
        session: Session,
        record: type[R],
        row: type[Base],
        *,
        noun: str,
        sealed: tuple[str, type[Any], Sealer] | None = None,
    ) -> None:
        self._session = session
        self._record = record
        self._row = row
        self._noun = noun
        self._sealed = sealed
        self._key = [column.name for column in inspect(row).primary_key]
        self._fields = [field.name for field in fields(record)] if is_dataclass(record) else []

    def add(self, record: R) -> None:
        """See the port."""
        self.add_all([record])

    def add_all(self, records: Iterable[R]) -> int:
        """See the port."""
        columns = [self._columns(record) for record in records]
        if not columns:
            return 0
        try:
            self._session.execute(insert(self._row), columns)
        except IntegrityError as error:
            raise Conflict(f"{self._noun}已存在，或所引用的对象不存在。未作任何更改。") from error
        return len(columns)

    def get(self, key: str) -> R:
        """See the port."""
        found = self.find(limit=1, **{self._key[0]: key})
        if not found:
            raise NotFound(f"没有找到{self._noun}：{key}")
        return found[0]

    def find(self, *, limit: int | None = None, **equal: object) -> Sequence[R]:
        """See the port."""
        query = select(self._row).where(*self._conditions(equal)).order_by(*self._key_columns()).limit(limit)
        query = query.execution_options(populate_existing=True)
        return [self._load(row) for row in self._session.scalars(query)]

    def change(self, record: R, *, guard: Sequence[str] = (), **changed: Any) -> R:
        """See the port."""
        guards = {name: getattr(record, name) for name in (*self._key, "status", *guard) if hasattr(record, name)}
        after = replace(record, **changed)  # type: ignore[type-var]
        columns = self._columns(after)
        values = {name: columns[name] for name in self._written(changed)}
        result = self._session.execute(update(self._row).where(*self._conditions(guards)).values(values))
        if isinstance(result, CursorResult) and result.rowcount == 0:
            raise Conflict(f"{self._noun}刚刚被他人处理，请刷新后按最新状态办理。")
        return after

    def _written(self, changed: dict[str, Any]) -> Sequence[str]:
        if self._sealed is None:
            return list(changed)
        return ["sealed" if name == self._sealed[0] else name for name in changed]

    def _key_columns(self) -> Sequence[Any]:
        return [getattr(self._row, name) for name in self._key]

    def _conditions(self, equal: dict[str, object]) -> Sequence[ColumnElement[bool]]:
        return [_condition(getattr(self._row, name), value) for name, value in equal.items()]

    def _columns(self, record: R) -> dict[str, Any]:
        columns = {name: getattr(record, name) for name in self._fields}
        if self._sealed is not None:
            name, _, sealer = self._sealed
            plain = json.dumps(asdict(columns.pop(name)), ensure_ascii=False).encode()
            columns["sealed"] = sealer.seal(plain, context=self._context(columns))
        return columns

    def _load(self, row: Base) -> R:
        values = {name: getattr(row, name) for name in self._fields if self._sealed is None or name != self._sealed[0]}
        if self._sealed is not None:
            name, kind, sealer = self._sealed
            plain = sealer.open(row.sealed, context=self._context(values))  # type: ignore[attr-defined]
            values[name] = kind(**json.loads(plain))
        make: Callable[..., R] = self._record
        return make(**values)

    def _context(self, columns: dict[str, Any]) -> str:
        return f"{self._row.__tablename__}/{columns[self._key[0]]}"


def _condition(column: Any, value: object) -> ColumnElement[bool]:
    if isinstance(value, list | tuple | set | frozenset):
        condition: ColumnElement[bool] = column.in_(list(value))
    else:
        condition = column == value
    return condition
