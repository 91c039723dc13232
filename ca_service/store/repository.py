"""The common repository: domain records <-> rows of the same field names."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import ColumnElement, Select, Update, bindparam, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ca_service.domain.errors import Conflict, NotFound
from ca_service.domain.free_text import refuse_numbers
from ca_service.domain.units import CENTRE_CODE
from ca_service.store.models import Base, LineageRow
from ca_service.store.sealing import Sealer
from ca_service.store.statements import Statements, bare, condition, kind_of

R = TypeVar("R")
_PIECE = 1_000
# Columns in which people write what they like, and what a refusal calls them. They are not encrypted and read by many,
# so no workflow has to think of it: a number of a person is refused where it would be written.
_FREE_TEXTS = {
    "reason": "原因或意见", "decision_reason": "审核意见", "explanation": "变更说明", "opinion": "单位意见",
    "note": "备注", "receipt_note": "签收备注", "remarks": "其他补充说明", "address": "通讯地址", "ground": "依据",
    "external_id": "外部编号",
}  # fmt: skip


class SqlRepository(Generic[R]):
    """Implements `workflows.ports.Repository` for one record class and one table.

    `sealed` names the record's field that is kept encrypted in the column of that name (None is kept as NULL), and its
    dataclass; `place` the column with the unit that a record belongs to.
    """

    def __init__(
        self,
        session: Session,
        record: type[R],
        row: type[Base],
        *,
        noun: str,
        sealed: tuple[str, type[Any], Sealer] | None = None,
        place: str = "unit_code",
    ) -> None:
        self._session = session
        self._record = record
        self._row = row
        self._noun = noun
        self._sealed = sealed
        self._place = place
        self._fields, self._key, self._statements = _shape(cast(Any, record), row, sealed[0] if sealed else "")
        self._free_texts = [name for name in _FREE_TEXTS if name in self._fields]

    def add(self, record: R) -> None:
        """See the port."""
        self.add_all([record])

    def add_all(self, records: Iterable[R]) -> int:
        """See the port."""
        columns = [self._columns(record) for record in records]
        if not columns:
            return 0
        for values in columns:
            self._refuse_numbers(values, self._free_texts)
        try:
            self._session.connection().execute(self._statements.insert, columns)
        except IntegrityError as error:
            raise Conflict(f"{self._noun}已存在，或所引用的对象不存在。未作任何更改。") from error
        return len(columns)

    def get(self, key: str) -> R:
        """See the port."""
        key_is: dict[str, Any] = {self._key[0]: key}
        found = self.find(limit=1, **key_is)
        if not found:
            raise NotFound(f"没有找到{self._noun}：{key}")
        return found[0]

    def find(
        self,
        *,
        limit: int | None = None,
        offset: int = 0,
        order: str = "",
        within: str | None = None,
        **equal: object,
    ) -> Sequence[R]:
        """See the port."""
        if within is None and equal.keys() <= self._statements.names:
            query, values = self._statements.select(equal, order=order, limit=limit, offset=offset)
            return self._records(query, values)
        query = select(*self._statements.columns).where(*self._conditions(equal, within))
        return self._records(query.order_by(*self._statements.ordering(order)).limit(limit).offset(offset))

    def count(self, *, within: str | None = None, **equal: object) -> int:
        """See the port."""
        if within is None and equal.keys() <= self._statements.names:
            query, values = self._statements.count(equal)
            return self._session.connection().scalar(query, values) or 0
        query = select(func.count()).select_from(self._row).where(*self._conditions(equal, within))
        return self._session.scalar(query) or 0

    def tally(self, field: str, *, within: str | None = None, **equal: object) -> Mapping[Any, int]:
        """See the port."""
        if within is None and equal.keys() <= self._statements.names:
            statement, values = self._statements.tally(field, equal)
            return {row[0]: row[1] for row in self._session.connection().execute(statement, values)}
        column = getattr(self._row, field)
        query = select(column, func.count()).where(*self._conditions(equal, within)).group_by(column)
        return {row[0]: row[1] for row in self._session.execute(query)}

    def earliest(self, field: str, **equal: object) -> datetime | None:
        """See the port."""
        found: datetime | None = self._session.scalar(
            select(func.min(getattr(self._row, field))).where(*self._conditions(equal))
        )
        return found

    def change(self, record: R, *, guard: Sequence[str] = (), **changed: Any) -> R:
        """See the port."""
        after = replace(record, **changed)  # type: ignore[type-var]
        self.change_each([record], [after], list(changed), guard=guard)
        return after

    def change_each(
        self, before: Sequence[R], after: Sequence[R], names: Sequence[str], *, guard: Sequence[str] = ()
    ) -> None:
        """See the port."""
        found = 0
        for statement, values in self._updates(before, after, names, guard).items():
            found += self._session.connection().execute(statement, values).rowcount
        if found != len(before):
            raise Conflict(f"{self._noun}刚刚被他人处理，请刷新后按最新状态办理。")

    def _updates(
        self, before: Sequence[R], after: Sequence[R], names: Sequence[str], guard: Sequence[str]
    ) -> Mapping[Update, Sequence[dict[str, Any]]]:
        updates: dict[Update, list[dict[str, Any]]] = {}
        for was, becomes in zip(before, after, strict=True):
            guards = {name: getattr(was, name) for name in (*self._key, "status", *guard) if hasattr(was, name)}
            columns = self._columns(becomes)
            self._refuse_numbers(columns, names)
            statement, values = self._statements.update(guards, {n: columns[n] for n in self._written(names)})
            updates.setdefault(statement, []).append(values)
        return updates

    def change_all(self, records: Sequence[R], *, guard: Sequence[str] = (), **changed: Any) -> None:
        """See the port. The sealed field depends on its record and cannot be among `changed`."""
        if not records:
            return
        self._refuse_numbers(changed, changed)
        names = [name for name in (*self._key, "status", *guard) if hasattr(records[0], name)]
        table = self._statements.table
        statement = table.update().where(*(table.c[name] == bindparam(f"was_{name}") for name in names))
        values = [{f"was_{name}": getattr(record, name) for name in names} for record in records]
        result = self._session.connection().execute(statement.values(changed), values)
        if result.rowcount != len(records):
            raise Conflict(f"其中有的{self._noun}刚刚被他人处理，未作任何更改。请刷新后按最新状态办理。")

    def _refuse_numbers(self, values: Mapping[str, Any], written: Iterable[str]) -> None:
        for name in written:
            if name in _FREE_TEXTS and isinstance(values[name], str):
                refuse_numbers(values[name], what=_FREE_TEXTS[name])

    def _written(self, changed: Sequence[str]) -> Sequence[str]:
        if self._sealed is None:
            return changed
        return ["sealed" if name == self._sealed[0] else name for name in changed]

    def _conditions(self, equal: Mapping[str, object], within: str | None = None) -> Sequence[ColumnElement[bool]]:
        conditions = [condition(getattr(self._row, name), kind_of(value), bare(value)) for name, value in equal.items()]
        if within is not None and within != CENTRE_CODE:
            conditions.append(self._belongs(select(LineageRow.unit_code).where(LineageRow.above_code == within)))
        return conditions

    def _belongs(self, units: Select[Any]) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = getattr(self._row, self._place).in_(units)
        return condition

    def _columns(self, record: R) -> dict[str, Any]:
        columns = {name: getattr(record, name) for name in self._fields}
        if self._sealed is not None:
            name, _, sealer = self._sealed
            personal = columns.pop(name)
            context = self._context(columns)
            columns["sealed"] = None if personal is None else sealer.seal(_plain(personal), context=context)
        return columns

    def _records(self, query: Select[Any], values: Mapping[str, Any] | None = None) -> list[R]:
        """The records of a select of `_statements.columns`; as rows, since nothing here needs objects of the ORM."""
        return [self._load(row) for row in self._session.connection().execute(query, values or {})]

    def _load(self, row: Sequence[Any]) -> R:
        values = dict(zip(self._fields, row, strict=True))
        if self._sealed is not None:
            name, kind, sealer = self._sealed
            sealed: bytes | None = values[name]
            opened = None if sealed is None else json.loads(sealer.open(sealed, context=self._context(values)))
            values[name] = None if opened is None else kind(**opened)
        make: Callable[..., R] = self._record
        return make(**values)

    def _context(self, columns: dict[str, Any]) -> str:
        return f"{self._row.__tablename__}/{columns[self._key[0]]}"


# Every transaction makes all the repositories anew; what they find out about their classes is always the same.


def _plain(personal: Any) -> bytes:
    return json.dumps(asdict(personal), ensure_ascii=False).encode()


def pieces(values: Iterable[str]) -> Iterator[list[str]]:
    """The values in order, so many at a time as one statement may name."""
    ordered = sorted(values)
    for start in range(0, len(ordered), _PIECE):
        yield ordered[start : start + _PIECE]


@cache
def _shape(record: type[Any], row: type[Base], sealed: str) -> tuple[Sequence[str], Sequence[str], Statements]:
    """Field names of the record, the key's columns, and the statements, which all transactions share."""
    names = [field.name for field in fields(record)]
    statements = Statements(row, ["sealed" if name == sealed else name for name in names])
    return names, [column.name for column in statements.key], statements
