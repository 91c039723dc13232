"""The repositories of sign-in: what may be deleted, staff by a part of the name, counted tries."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, CursorResult, case, delete, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as Transaction

from ca_service.domain.staff import Staff
from ca_service.store import models
from ca_service.store.repository import SqlRepository

R = TypeVar("R")


class SqlTransient(SqlRepository[R]):
    """Implements `ports.Transient`."""

    def remove(self, **equal: object) -> int:
        """See the port."""
        result = self._session.execute(delete(self._row).where(*self._conditions(equal)))
        return result.rowcount if isinstance(result, CursorResult) else 0


class SqlStaff(SqlRepository[Staff]):
    """Accounts; `named=TEXT` finds those whose login or name holds the text, in any case."""

    def __init__(self, session: Transaction) -> None:
        super().__init__(session, Staff, models.StaffRow, noun="人员账号")

    def _conditions(self, equal: Mapping[str, object], within: str | None = None) -> Sequence[ColumnElement[bool]]:
        fields = dict(equal)
        named = fields.pop("named", "")
        conditions = list(super()._conditions(fields, within))
        if named:
            row = models.StaffRow
            columns = (row.login, row.name)
            conditions.append(or_(*(column.icontains(str(named), autoescape=True) for column in columns)))
        return conditions


class SqlTries:
    """Implements `ports.Tries`: one statement counts, so that tries at once in several processes are all counted."""

    def __init__(self, session: Transaction) -> None:
        self._session = session

    def count(self, key: str, *, per: timedelta, now: datetime) -> tuple[int, datetime]:
        """See the port."""
        row = models.TryRow
        dialect = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        new = dialect.insert(row).values(key=key, tries=1, since=now)
        over = row.since <= now - per
        counted = new.on_conflict_do_update(
            index_elements=[row.key],
            set_={"tries": case((over, 1), else_=row.tries + 1), "since": case((over, now), else_=row.since)},
        ).returning(row.tries, row.since)
        tries, since = self._session.execute(counted).one()
        return tries, since

    def forget(self, keys: Sequence[str]) -> None:
        """See the port."""
        self._session.execute(delete(models.TryRow).where(models.TryRow.key.in_(list(keys))))

    def sweep(self, *, before: datetime) -> None:
        """See the port."""
        self._session.execute(delete(models.TryRow).where(models.TryRow.since < before))
