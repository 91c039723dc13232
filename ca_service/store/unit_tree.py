"""The tree of units: lineage, moving a subtree, looking for units, counting below them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, literal, or_, select
from sqlalchemy.orm import Session, aliased

from ca_service.domain.errors import Conflict, NotFound
from ca_service.domain.holders import HolderStatus
from ca_service.domain.persons import UserType
from ca_service.domain.units import Unit, UnitStatus, normalise_unit_name
from ca_service.store import models
from ca_service.store.repository import SqlRepository, pieces
from ca_service.workflows.ports import Below


class SqlUnits(SqlRepository[Unit]):
    """Implements `ports.Units`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, Unit, models.UnitRow, noun="单位", place="code")

    def add_all(self, records: Iterable[Unit]) -> int:
        """See the port; the lineage of each is written beside it."""
        units = list(records)
        added = super().add_all(units)
        lineages = self._lineages({unit.parent_code for unit in units if unit.parent_code})
        for unit in units:
            above = lineages.get(unit.parent_code or "", [])
            lineages[unit.code] = [unit.code, *above]
        rows = [
            {"unit_code": unit.code, "above_code": above, "depth": depth}
            for unit in units
            for depth, above in enumerate(lineages[unit.code])
        ]
        if rows:
            self._session.execute(insert(models.LineageRow), rows)
        return added

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

    def lineage(self, code: str) -> Sequence[str]:
        """See the port."""
        found = self._lineages([code]).get(code)
        if found is None:
            raise NotFound(f"没有找到单位：{code}")
        return found

    def lineages(self, codes: Iterable[str]) -> Mapping[str, Sequence[str]]:
        """See the port."""
        return {code: found for some in pieces(set(codes)) for code, found in self._lineages(some).items()}

    def with_codes(self, codes: Sequence[str]) -> Sequence[Unit]:
        """See the port."""
        return [unit for some in pieces(set(codes)) for unit in self.find(code=some)]

    def named(self, keys: Sequence[str]) -> Sequence[Unit]:
        """See the port."""
        return [unit for some in pieces(keys) for unit in self.find(name_key=some, status=UnitStatus.OPEN)]

    def similar(self, key: str, *, within: str, limit: int) -> Sequence[Unit]:
        """See the port."""
        row = models.UnitRow
        wanted = [*self._conditions({"status": UnitStatus.OPEN}, within), row.name_key.contains(key, autoescape=True)]
        query = select(*self._statements.columns).where(*wanted)
        return self._records(query.order_by(func.length(row.name_key), row.code).limit(limit))

    def _columns(self, record: Unit) -> dict[str, Any]:
        return super()._columns(record) | {"name_key": normalise_unit_name(record.name)}

    def _written(self, changed: Sequence[str]) -> Sequence[str]:
        names = super()._written(changed)
        return [*names, "name_key"] if "name" in changed else names

    def _lineages(self, codes: Iterable[str]) -> dict[str, list[str]]:
        row = models.LineageRow
        query = select(row.unit_code, row.above_code).where(row.unit_code.in_(list(codes)))
        found: dict[str, list[str]] = {}
        for code, above in self._session.execute(query.order_by(row.unit_code, row.depth)):
            found.setdefault(code, []).append(above)
        return found

    def hold(self, codes: Iterable[str]) -> Mapping[str, Unit]:
        """See the port. On SQLite the transaction is the only writer; on PostgreSQL the rows are locked in key order.

        FOR NO KEY UPDATE, so that inserts which only refer to the unit need not wait.
        """
        held: dict[str, Unit] = {}
        for some in pieces(sorted(set(codes))):
            query = select(*self._statements.columns).where(models.UnitRow.code.in_(some))
            query = query.order_by(models.UnitRow.code).with_for_update(key_share=True)
            held |= {unit.code: unit for unit in self._records(query)}
        return held

    def search(
        self, text: str, *, within: str, ended: bool = False, limit: int | None = None, offset: int = 0
    ) -> tuple[Sequence[Unit], int]:
        """See the port."""
        wanted = [*self._conditions({} if ended else {"status": UnitStatus.OPEN}, within), _matches(text)]
        query = select(*self._statements.columns).where(*wanted).order_by(models.UnitRow.code)
        total = self._session.scalar(select(func.count()).select_from(self._row).where(*wanted)) or 0
        return self._records(query.limit(limit).offset(offset)), total

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
