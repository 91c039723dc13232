"""The tree of units: moving a subtree, holding units, looking for them, counting below them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, literal, or_, select
from sqlalchemy.orm import aliased

from ca_service.domain.errors import Conflict
from ca_service.domain.holders import HolderStatus
from ca_service.domain.persons import UserType
from ca_service.domain.units import Unit, UnitStatus
from ca_service.store import models
from ca_service.store.repositories import SqlUnits
from ca_service.workflows.ports import Below


class SqlUnitTree(SqlUnits):
    """Implements `ports.Units` as far as it goes beyond `SqlUnits`."""

    def change(self, record: Unit, *, guard: Sequence[str] = (), **changed: Any) -> Unit:
        """See the port; a new unit above takes the whole subtree along."""
        after = super().change(record, guard=guard, **changed)
        if after.parent_code != record.parent_code:
            self._move(record.code, after.parent_code or "")
        return after

    def _move(self, code: str, parent: str) -> None:
        row = models.LineageRow
        if code in self.lineage(parent):
            raise Conflict("不能把单位划归它自己的下级单位。")
        subtree = select(row.unit_code).where(row.above_code == code)
        above = select(row.above_code).where(row.unit_code == code, row.depth > 0)
        self._session.execute(delete(row).where(row.unit_code.in_(subtree), row.above_code.in_(above)))
        below, new = aliased(row), aliased(row)
        depth = below.depth + new.depth + literal(1)
        pairs = select(below.unit_code, new.above_code, depth).join(new, new.unit_code == parent)
        pairs = pairs.where(below.above_code == code)
        self._session.execute(insert(row).from_select(["unit_code", "above_code", "depth"], pairs))

    def hold(self, codes: Iterable[str]) -> None:
        """See the port. On SQLite the transaction is the only writer; on PostgreSQL the rows are locked in key order.

        FOR NO KEY UPDATE, so that inserts which only refer to the unit need not wait.
        """
        row = models.UnitRow
        query = select(row.code).where(row.code.in_(list(codes))).order_by(row.code)
        self._session.execute(query.with_for_update(key_share=True))

    def search(
        self, text: str, *, within: str, ended: bool = False, limit: int | None = None, offset: int = 0
    ) -> tuple[Sequence[Unit], int]:
        """See the port."""
        wanted = [*self._conditions({} if ended else {"status": UnitStatus.OPEN}, within), _matches(text)]
        query = select(self._row).where(*wanted).order_by(models.UnitRow.code)
        rows = self._session.scalars(query.limit(limit).offset(offset))
        total = self._session.scalar(select(func.count()).select_from(self._row).where(*wanted)) or 0
        return [self._load(row) for row in rows], total

    def below(self, codes: Sequence[str]) -> Mapping[str, Below]:
        """See the port."""
        row, unit, person = models.LineageRow, models.UnitRow, models.HolderRow
        own = [models.LineageRow.above_code.in_(list(codes)), unit.status == UnitStatus.OPEN]
        counted = select(row.above_code, func.count()).join(unit, unit.code == row.unit_code)
        units = dict(_pairs(self._session.execute(counted.where(*own, row.depth > 0).group_by(row.above_code))))
        manned = (
            select(row.above_code, func.count(person.unit_code.distinct()), func.count())
            .join(unit, unit.code == row.unit_code)
            .join(person, person.unit_code == row.unit_code)
            .where(*own, person.user_type == UserType.INFORMATION.value, person.status == HolderStatus.ACTIVE)
            .group_by(row.above_code)
        )
        people = {code: (number, persons) for code, number, persons in self._session.execute(manned)}
        return {code: Below(units.get(code, 0), *people.get(code, (0, 0))) for code in codes}


def _pairs(rows: Iterable[Any]) -> Iterable[tuple[str, int]]:
    return ((row[0], row[1]) for row in rows)


def _matches(text: str) -> ColumnElement[bool]:
    """The code begins with the text, or the name contains it, whichever kind of parentheses either is written with."""
    plain = "".join(text.split()).replace("（", "(").replace("）", ")")
    name = func.replace(func.replace(models.UnitRow.name, "（", "("), "）", ")")
    return or_(models.UnitRow.code.startswith(plain, autoescape=True), name.contains(plain, autoescape=True))
