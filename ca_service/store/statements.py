"""The plain statements of one table, each built once: for SQLAlchemy building one costs more than running it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Select, Table, Update, bindparam, func, insert, select, update

from ca_service.store.models import Base
from ca_service.workflows.ports import Before, Since

# No column is named like these: SQLAlchemy reserves the columns' own names in an UPDATE.
_LIMIT, _OFFSET, _NEW, _IS = "the__limit", "the__offset", "new__", "is__"
_Parts = tuple[tuple[str, str], ...]


class Statements:
    """Selects and guarded updates by equality of columns, over the columns that a record is made of."""

    def __init__(self, row: type[Base], names: Sequence[str]) -> None:
        self.table = cast(Table, row.__table__)
        self.columns: Sequence[Column[Any]] = [self.table.c[name] for name in names]
        self.names = frozenset(self.table.c.keys())
        self.key: Sequence[Column[Any]] = list(self.table.primary_key)
        self.insert = insert(self.table)
        self._selects: dict[tuple[_Parts, str, bool, bool], Select[Any]] = {}
        self._counts: dict[_Parts, Select[int]] = {}
        self._tallies: dict[tuple[str, _Parts], Select[Any]] = {}
        self._updates: dict[tuple[_Parts, Sequence[str]], Update] = {}

    def select(
        self, equal: Mapping[str, object], *, order: str, limit: int | None, offset: int
    ) -> tuple[Select[Any], dict[str, Any]]:
        """What `ports.Repository.find` asks, and the values to run it with."""
        shape = (_parts(equal), order, limit is not None, offset > 0)
        statement = self._selects.get(shape)
        if statement is None:
            statement = self._selects[shape] = self._new_select(*shape)
        return statement, {**_values(equal), _LIMIT: limit, _OFFSET: offset}

    def count(self, equal: Mapping[str, object]) -> tuple[Select[int], dict[str, Any]]:
        """How many `select` would find."""
        parts = _parts(equal)
        statement = self._counts.get(parts)
        if statement is None:
            counted = select(func.count()).select_from(self.table)
            statement = self._counts[parts] = counted.where(*self._conditions(parts))
        return statement, _values(equal)

    def tally(self, field: str, equal: Mapping[str, object]) -> tuple[Select[Any], dict[str, Any]]:
        """How many `select` would find for each value of the field."""
        shape = (field, _parts(equal))
        statement = self._tallies.get(shape)
        if statement is None:
            column = self.table.c[field]
            counted = select(column, func.count()).where(*self._conditions(shape[1])).group_by(column)
            statement = self._tallies[shape] = counted
        return statement, _values(equal)

    def update(self, guards: Mapping[str, object], written: Mapping[str, Any]) -> tuple[Update, dict[str, Any]]:
        """An update of the rows whose columns have the values of `guards`."""
        names = tuple(written)
        shape = (_parts(guards), names)
        statement = self._updates.get(shape)
        if statement is None:
            new: dict[str, Any] = {name: bindparam(_NEW + name) for name in names}
            statement = self._updates[shape] = update(self.table).where(*self._conditions(shape[0])).values(new)
        return statement, {**_values(guards), **{_NEW + name: written[name] for name in names}}

    def ordering(self, order: str) -> Sequence[ColumnElement[Any]]:
        """By the field named (`-field`: falling); the key decides among equals the same way on every page."""
        if not order:
            return self.key
        column = self.table.c[order.removeprefix("-")]
        if order.startswith("-"):
            return [column.desc(), *(part.desc() for part in self.key)]
        return [column, *self.key]

    def _new_select(self, parts: _Parts, order: str, limited: bool, moved: bool) -> Select[Any]:
        statement = select(*self.columns).where(*self._conditions(parts)).order_by(*self.ordering(order))
        if limited:
            statement = statement.limit(bindparam(_LIMIT))
        return statement.offset(bindparam(_OFFSET)) if moved else statement

    def _conditions(self, parts: _Parts) -> Sequence[ColumnElement[bool]]:
        return [
            condition(self.table.c[name], kind, bindparam(_IS + name, expanding=kind == "in")) for name, kind in parts
        ]


def _parts(given: Mapping[str, object]) -> _Parts:
    return tuple((name, kind_of(value)) for name, value in given.items())


def kind_of(value: object) -> str:
    """Which comparison a value given to `ports.Repository.find` asks for."""
    if value is None:
        return "null"
    if isinstance(value, list | tuple | set | frozenset):
        return "in"
    if isinstance(value, Before):
        return "before"
    return "since" if isinstance(value, Since) else "is"


def condition(column: Any, kind: str, operand: Any) -> ColumnElement[bool]:
    """The SQL of a comparison that `kind_of` names; the operand is bound, never written out."""
    found: ColumnElement[bool]
    match kind:
        case "null":
            found = column.is_(None)
        case "in":
            found = column.in_(operand)
        case "before":
            found = column < operand
        case "since":
            found = column >= operand
        case _:
            found = column == operand
    return found


def bare(value: object) -> object:
    """What a value given to `ports.Repository.find` compares with."""
    if isinstance(value, Before | Since):
        return value.moment
    return list(value) if isinstance(value, tuple | set | frozenset) else value


def _values(given: Mapping[str, object]) -> dict[str, Any]:
    return {_IS + name: bare(value) for name, value in given.items() if value is not None}
