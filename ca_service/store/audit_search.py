"""Looking through the audit log: some entries in the order of their numbers, whatever is asked for, in bounded time.

Two ways, each good where the other is bad. What was asked for is mostly found among the nearest entries, read in the
order of the primary key; where some is found there, but not enough, within as many more as that promises. What is rare
is not: the rest is found by the index of what was asked for, and only then put in order, which takes longer the longer
the log is. Neither depends on a planner's guess of how rare it is.
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
# So many times as many entries are read at most before something counts as rare.
_WIDEST = 20
_COLUMNS = [getattr(AuditRow, name) for name in AuditEntry.__dataclass_fields__]


def search(
    session: Session, wanted: AuditFilter, *, below: int | None, above: int | None, limit: int
) -> Sequence[AuditEntry]:
    """See `ports.AuditLog.find`."""
    forward = above is not None
    edge = above if above is not None else below if below is not None else _end(session)
    conditions = _conditions(wanted)
    if not conditions:
        found = _read(session, select(*_COLUMNS).where(_beyond(edge, forward=forward)), forward=forward, limit=limit)
        return found[::-1] if forward else found
    found, reached, wider = list[AuditEntry](), 0, 1
    for _ in ("the nearest", "as many more as they promise"):
        if len(found) < limit and wider <= _WIDEST:
            near = _between(edge, reached, reached + wider * _NEAR, forward=forward)
            query = select(*_COLUMNS).where(near, *conditions)
            found += _read(session, query, forward=forward, limit=limit - len(found))
            reached += wider * _NEAR
            # Twice what is needed if it goes on like this.
            wider = 2 * limit // len(found) + 1 if found else _WIDEST + 1
    if len(found) < limit:
        far = [_between(edge, reached, None, forward=forward), *conditions]
        query = _by_index(far, forward=forward, limit=limit - len(found))
        found += _read(session, query, forward=forward, limit=limit)
    return found[::-1] if forward else found


def _end(session: Session) -> int:
    """The number after the last one."""
    return (session.scalar(select(AuditRow.seq).order_by(AuditRow.seq.desc()).limit(1)) or 0) + 1


def _beyond(edge: int, *, forward: bool) -> ColumnElement[bool]:
    return AuditRow.seq > edge if forward else AuditRow.seq < edge


def _between(edge: int, first: int, last: int | None, *, forward: bool) -> ColumnElement[bool]:
    """The entries on the wanted side of the edge behind the nearest `first` of them, up to the `last` (None: all)."""
    seq = AuditRow.seq
    if forward:
        return seq > edge + first if last is None else and_(seq > edge + first, seq <= edge + last)
    return seq < edge - first if last is None else and_(seq < edge - first, seq >= edge - last)


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
