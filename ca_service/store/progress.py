"""The campaign's numbers, counted where the rows are: one grouped query a source, none of them loads a table."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.campaigns import Progress, Stage, expected_administrators
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.holders import HolderStatus
from ca_service.domain.media import WITH_PERSON, MediumStatus
from ca_service.domain.persons import UserType
from ca_service.domain.units import CENTRE_CODE, Unit, UnitKind, UnitStatus
from ca_service.store.days import shanghai_day
from ca_service.store.models import (
    ApplicationRow,
    CertificateRow,
    HolderRow,
    LineageRow,
    MediumRow,
    ParcelRow,
    SignInRow,
    UnitRow,
)

_S, _H = ApplicationStatus, HolderRow
_THERE = (MediumStatus.AT_UNIT, MediumStatus.ALLOCATED, *WITH_PERSON, MediumStatus.IN_TRANSIT)
_ADMINISTRATOR = and_(_H.status == HolderStatus.ACTIVE, _H.user_type == UserType.INFORMATION.value)
_CERTIFIED = and_(
    CertificateRow.holder_id == _H.id,
    CertificateRow.status.in_([CertificateStatus.ACTIVE, CertificateStatus.FROZEN]),
)
_PENDING = and_(
    ApplicationRow.user_type == UserType.INFORMATION.value,
    ApplicationRow.status.in_([_S.SUBMITTED, _S.APPROVED, _S.RETURNED]),
)
# Both databases bound the number of values in one statement (32,766 and 65,535).
_MOST_NODES = 10_000
_ADMINISTERED = (
    UnitRow.kind.in_([kind for kind in UnitKind if expected_administrators(kind)]),
    UnitRow.status == UnitStatus.OPEN,
)


class SqlProgress:
    """Implements `workflows.ports.ProgressNumbers`.

    Whoever is registered counts as applied and approved too: their application may have come from another directory.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, nodes: Sequence[str]) -> Mapping[str, Progress]:
        """See the port."""
        found: dict[str, Progress] = {}
        for start in range(0, len(nodes), _MOST_NODES):
            found |= self._of(nodes[start : start + _MOST_NODES])
        return found

    def _of(self, nodes: Sequence[str]) -> dict[str, Progress]:
        expected = self._expected(nodes)
        pending, reviewing = self._pending(nodes)
        people = self._people(nodes)
        tokens = self._tokens(nodes)
        return {
            node: Progress(
                expected=expected.get(node, 0),
                returned=pending[node, _S.RETURNED],
                reviewing=reviewing[node],
                reached=_reached(node, pending, people, tokens),
            )
            for node in nodes
        }

    def lacking(self, stage: Stage, *, within: str, limit: int | None, offset: int) -> Sequence[Unit]:
        """See the port."""
        query = select(UnitRow).where(*self._lacks(stage, within)).order_by(UnitRow.code).limit(limit).offset(offset)
        names = Unit.__dataclass_fields__
        return [Unit(**{name: getattr(row, name) for name in names}) for row in self._session.scalars(query)]

    def count_lacking(self, stage: Stage, *, within: str) -> int:
        """See the port."""
        query = select(func.count()).select_from(UnitRow).where(*self._lacks(stage, within))
        return self._session.scalar(query) or 0

    def by_day(self, within: str) -> Mapping[Stage, Mapping[date, int]]:
        """See the port."""
        applied = select(shanghai_day(ApplicationRow.submitted_at), func.count()).where(
            ApplicationRow.user_type == UserType.INFORMATION.value,
            ApplicationRow.status != _S.RETURNED,
            *_below(ApplicationRow.unit_code, within),
        )
        of_people = (_ADMINISTRATOR, *_below(_H.unit_code, within))
        pushed = select(shanghai_day(_H.registered_at), func.count()).where(*of_people)
        downloaded = select(shanghai_day(CertificateRow.created_at), func.count()).where(_CERTIFIED, *of_people)
        signed_in = select(shanghai_day(SignInRow.at), func.count()).where(SignInRow.holder_id == _H.id, *of_people)
        queries = {
            Stage.APPLIED: applied,
            Stage.PUSHED: pushed,
            Stage.DOWNLOADED: downloaded,
            Stage.SIGNED_IN: signed_in,
        }
        return {stage: self._days(query) for stage, query in queries.items()}

    def _days(self, query: Select[str, int]) -> Mapping[date, int]:
        day = query.selected_columns[0]
        found = self._session.execute(query.group_by(day).order_by(day))
        return {date.fromisoformat(text): number for text, number in found}

    def _expected(self, nodes: Sequence[str]) -> Mapping[str, int]:
        query = select(LineageRow.above_code, func.count()).join(UnitRow, UnitRow.code == LineageRow.unit_code)
        query = query.where(LineageRow.above_code.in_(nodes), *_ADMINISTERED)
        return {row[0]: row[1] for row in self._session.execute(query.group_by(LineageRow.above_code))}

    def _pending(
        self, nodes: Sequence[str]
    ) -> tuple[Mapping[tuple[str, ApplicationStatus], int], Mapping[str, Mapping[UnitKind, int]]]:
        row, node = ApplicationRow, LineageRow.above_code
        each = select(row.unit_code, row.status, row.at_unit, func.count().label("number")).where(_PENDING)
        own = each.group_by(row.unit_code, row.status, row.at_unit).subquery()
        query = select(node, own.c.status, own.c.at_unit, _total(own.c.number)).where(
            own.c.unit_code == LineageRow.unit_code, node.in_(nodes)
        )
        found = self._session.execute(query.group_by(node, own.c.status, own.c.at_unit)).all()
        kinds = self._kinds({at_unit for _, status, at_unit, _ in found if status is _S.SUBMITTED})
        pending: dict[tuple[str, ApplicationStatus], int] = defaultdict(int)
        reviewing: dict[str, dict[UnitKind, int]] = defaultdict(lambda: defaultdict(int))
        for above, status, at_unit, number in found:
            pending[above, status] += number
            if status is _S.SUBMITTED:
                reviewing[above][kinds[at_unit]] += number
        return pending, reviewing

    def _kinds(self, codes: Collection[str]) -> Mapping[str, UnitKind]:
        query = select(UnitRow.code, UnitRow.kind).where(UnitRow.code.in_(codes))
        return {row[0]: row[1] for row in self._session.execute(query)}

    def _people(self, nodes: Sequence[str]) -> Mapping[tuple[str, Stage], int]:
        # Whether a person has come so far is asked once for each, and only the sums are multiplied by the tree.
        reached = {
            Stage.PUSHED: literal(1),
            Stage.DOWNLOADED: _one_if(select(CertificateRow.serial).where(_CERTIFIED).exists()),
            Stage.SIGNED_IN: _one_if(select(SignInRow.holder_id).where(SignInRow.holder_id == _H.id).exists()),
        }
        sums = [func.sum(one).label(stage.value) for stage, one in reached.items()]
        own = select(_H.unit_code, *sums).where(_ADMINISTRATOR).group_by(_H.unit_code).subquery()
        node = LineageRow.above_code
        query = select(node, *(_total(own.c[stage.value]) for stage in reached)).where(
            own.c.unit_code == LineageRow.unit_code, node.in_(nodes)
        )
        return {
            (above, stage): number
            for above, *numbers in self._session.execute(query.group_by(node))
            for stage, number in zip(reached, numbers, strict=True)
        }

    def _tokens(self, nodes: Sequence[str]) -> Mapping[tuple[str, Stage], int]:
        """Tokens sent to a unit of the subtree, and those that have arrived in it, wherever they went on to."""
        node, found = LineageRow.above_code, dict[tuple[str, Stage], int]()
        there = select(node, func.count()).where(
            MediumRow.at_unit == LineageRow.unit_code, MediumRow.status.in_(_THERE), node.in_(nodes)
        )
        for above, number in self._session.execute(there.group_by(node)):
            found[above, Stage.RECEIVED] = number
        sender, receiver = aliased(LineageRow), aliased(LineageRow)
        inside = select(sender.unit_code).where(
            sender.unit_code == MediumRow.at_unit, sender.above_code == receiver.above_code
        )
        coming = select(receiver.above_code, func.count()).where(
            MediumRow.status == MediumStatus.IN_TRANSIT,
            MediumRow.parcel_id == ParcelRow.id,
            ParcelRow.to_unit == receiver.unit_code,
            receiver.above_code.in_(nodes),
            ~inside.exists(),
        )
        underway = {row[0]: row[1] for row in self._session.execute(coming.group_by(receiver.above_code))}
        if CENTRE_CODE in nodes:
            self._whole_region(found, underway)
        for above in nodes:
            found[above, Stage.DISPATCHED] = found.get((above, Stage.RECEIVED), 0) + underway.get(above, 0)
        return found

    def _whole_region(self, found: dict[tuple[str, Stage], int], underway: dict[str, int]) -> None:
        # What lies at the centre has not been sent to anybody yet.
        outside = select(func.count()).where(MediumRow.at_unit != CENTRE_CODE, MediumRow.status.in_(_THERE))
        sent = select(func.count()).where(MediumRow.at_unit == CENTRE_CODE, MediumRow.status == MediumStatus.IN_TRANSIT)
        found[CENTRE_CODE, Stage.RECEIVED] = self._session.scalar(outside) or 0
        underway[CENTRE_CODE] = self._session.scalar(sent) or 0

    def _lacks(self, stage: Stage, within: str) -> Sequence[ColumnElement[bool]]:
        return [
            *_ADMINISTERED,
            *_below(UnitRow.code, within),
            ~_has(stage),
        ]


def _total(numbers: ColumnElement[int]) -> ColumnElement[int]:
    """The sum as a whole number: PostgreSQL's sum of bigint is a decimal, which no spreadsheet cell takes."""
    return cast(func.sum(numbers), BigInteger)


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _reached(
    node: str,
    pending: Mapping[tuple[str, ApplicationStatus], int],
    people: Mapping[tuple[str, Stage], int],
    tokens: Mapping[tuple[str, Stage], int],
) -> Mapping[Stage, int]:
    pushed = people.get((node, Stage.PUSHED), 0)
    approved = pushed + pending[node, _S.APPROVED]
    return {
        Stage.APPLIED: approved + pending[node, _S.SUBMITTED],
        Stage.APPROVED: approved,
        Stage.PUSHED: pushed,
        Stage.DISPATCHED: tokens.get((node, Stage.DISPATCHED), 0),
        Stage.RECEIVED: tokens.get((node, Stage.RECEIVED), 0),
        Stage.DOWNLOADED: people.get((node, Stage.DOWNLOADED), 0),
        Stage.SIGNED_IN: people.get((node, Stage.SIGNED_IN), 0),
    }


def _below(column: Any, within: str) -> Sequence[ColumnElement[bool]]:
    if within == CENTRE_CODE:
        return []
    return [column.in_(select(LineageRow.unit_code).where(LineageRow.above_code == within))]


def _has(stage: Stage) -> ColumnElement[bool]:
    """Whether a unit's own administrator has come so far."""
    registered = select(_H.id).where(_ADMINISTRATOR, _H.unit_code == UnitRow.code)
    if stage is Stage.PUSHED:
        return registered.exists()
    if stage in (Stage.APPLIED, Stage.APPROVED):
        statuses = [_S.APPROVED] if stage is Stage.APPROVED else [_S.APPROVED, _S.SUBMITTED]
        waiting = select(ApplicationRow.id).where(
            ApplicationRow.user_type == UserType.INFORMATION.value,
            ApplicationRow.status.in_(statuses),
            ApplicationRow.unit_code == UnitRow.code,
        )
        return or_(registered.exists(), waiting.exists())
    if stage is Stage.DOWNLOADED:
        return registered.where(_CERTIFIED).exists()
    if stage is Stage.SIGNED_IN:
        return registered.where(SignInRow.holder_id == _H.id).exists()
    there = select(MediumRow.serial).where(MediumRow.at_unit == UnitRow.code, MediumRow.status.in_(_THERE)).exists()
    if stage is Stage.RECEIVED:
        return there
    coming = select(MediumRow.serial).where(
        MediumRow.status == MediumStatus.IN_TRANSIT,
        MediumRow.parcel_id == ParcelRow.id,
        ParcelRow.to_unit == UnitRow.code,
    )
    return or_(there, coming.exists())
