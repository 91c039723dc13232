"""Looking through the audit log: some entries in the order of their numbers, whatever is asked for, in bounded time.

Two ways, each good where the other is bad. What was asked for is mostly found among the nearest entries, read in the
order of the primary key. What is rare is not: the rest is found by the index of what was asked for, and only then
put in order. Neither depends on a planner's guess of how rare it is.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from ca_service.domain.audit import AuditEntry, timestamp
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.units import CENTRE_CODE
from ca_service.store.models import AuditRow, LineageRow

_NEAR = 5_000
_COLUMNS = [getattr(AuditRow, name) for name in AuditEntry.__dataclass_fields__]


def search(
    session: Session, wanted: AuditFilter, *, below: int | None, above: int | None, limit: int
) -> Sequence[AuditEntry]:
    """See `ports.AuditLog.find`."""
    forward = above is not None
    edge = above if above is not None else below if below is not None else _end(session)
    conditions = _conditions(wanted)
    near, far = _ranges(edge, forward=forward)
    if not conditions:
        found = _read(session, select(*_COLUMNS).where(_beyond(edge, forward=forward)), forward=forward, limit=limit)
    else:
        found = _read(session, select(*_COLUMNS).where(near, *conditions), forward=forward, limit=limit)
        if len(found) < limit:
            found += _read(
                session, _by_index([far, *conditions], forward=forward, limit=limit - len(found)),
                forward=forward, limit=limit,
            )  # fmt: skip
    return found[::-1] if forward else found


def _end(session: Session) -> int:
    """The number after the last one."""
    return (session.scalar(select(AuditRow.seq).order_by(AuditRow.seq.desc()).limit(1)) or 0) + 1


def _beyond(edge: int, *, forward: bool) -> ColumnElement[bool]:
    return AuditRow.seq > edge if forward else AuditRow.seq < edge


def _ranges(edge: int, *, forward: bool) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The nearest entries on the wanted side of the edge, and all that lie behind them."""
    seq = AuditRow.seq
    if forward:
        return and_(seq > edge, seq <= edge + _NEAR), seq > edge + _NEAR
    return and_(seq < edge, seq >= edge - _NEAR), seq < edge - _NEAR


def _by_index(conditions: Sequence[ColumnElement[bool]], *, forward: bool, limit: int) -> Select[Any]:
    # An expression instead of the column: no index gives this order, so the rows are found by what they are.
    order: Any = AuditRow.seq + 0
    rare = select(AuditRow.seq).where(*conditions).order_by(order.asc() if forward else order.desc()).limit(limit)
    return select(*_COLUMNS).where(AuditRow.seq.in_(rare.subquery().select()))


def _read(session: Session, query: Select[Any], *, forward: bool, limit: int) -> list[AuditEntry]:
    order = AuditRow.seq.asc() if forward else AuditRow.seq.desc()
    return [AuditEntry(*values) for values in session.execute(query.order_by(order).limit(limit))]


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    row, found = AuditRow, []
    if wanted.subject:
        found.append(row.subject == wanted.subject)
    if wanted.actor:
        found.append(row.actor == wanted.actor)
    if wanted.unit and wanted.exact:
        found.append(row.unit_code == wanted.unit)
    elif wanted.unit and wanted.unit != CENTRE_CODE:
        below = select(LineageRow.unit_code).where(LineageRow.above_code == wanted.unit)
        found.append(row.unit_code.in_(below))
    if wanted.tags:
        found.append(row.tag.in_([tag.value for tag in wanted.tags]))
    # Text in one fixed form in UTC: its order is the order of time.
    if wanted.since:
        found.append(row.at >= timestamp(wanted.since))
    if wanted.until:
        found.append(row.at < timestamp(wanted.until))
    return found
