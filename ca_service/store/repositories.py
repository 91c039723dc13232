"""The repositories that know more than equality: the queues, the chain, the feed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, insert, or_, select
from sqlalchemy.orm import Session

from ca_service.clock import Clock
from ca_service.domain.audit import AuditEntry, Tag, canonical, timestamp
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.changes import AccountEvent
from ca_service.domain.enrolments import Enrolment
from ca_service.domain.free_text import blotted
from ca_service.domain.media import Parcel
from ca_service.domain.roles import Actor
from ca_service.store import heads, models
from ca_service.store.audit_names import without_names
from ca_service.store.audit_search import search
from ca_service.store.engines import see_one_moment
from ca_service.store.repository import SqlRepository

_ENTRY = insert(models.AuditRow.__table__)  # type: ignore[arg-type]
_ENTRY_AND_HEAD = _ENTRY.values({c.name: bindparam(c.name, type_=c.type) for c in models.AuditRow.__table__.c}).add_cte(
    heads.MOVE.cte("moved")
)


class SqlEnrolments(SqlRepository[Enrolment]):
    """Downloads belong to the unit of their person, as it is now."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, Enrolment, models.EnrolmentRow, noun="证书下载")

    def _belongs(self, units: Select[Any]) -> ColumnElement[bool]:
        persons = select(models.HolderRow.id).where(models.HolderRow.unit_code.in_(units))
        return models.EnrolmentRow.holder_id.in_(persons)


class SqlParcels(SqlRepository[Parcel]):
    """A parcel belongs to where it comes from and to where it goes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, Parcel, models.ParcelRow, noun="包裹")

    def _belongs(self, units: Select[Any]) -> ColumnElement[bool]:
        row = models.ParcelRow
        return or_(row.from_unit.in_(units), row.to_unit.in_(units))


class SqlAuditLog:
    """Implements `ports.AuditLog`. The head row is locked until the commit, so the chain has one writer at a time."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self.written: Counter[Tag] = Counter()
        self.last: heads.Head | None = None

    def append(
        self,
        actor: Actor,
        tag: Tag,
        subject: str,
        *,
        unit: str,
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        """See the port."""
        self.append_all(actor, tag, [(subject, unit)], detail=detail)

    def append_all(
        self,
        actor: Actor,
        tag: Tag,
        subjects: Iterable[tuple[str, str]],
        *,
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        """See the port."""
        about = list(subjects)
        written = without_names(self._session, [subject for subject, _ in about], canonical(dict(detail or {})))
        self._write(actor, tag, [(subject, unit, written) for subject, unit in about])

    def _write(self, actor: Actor, tag: Tag, facts: Sequence[tuple[str, str, str]]) -> None:
        if not facts:
            return
        seq, previous = self.last or heads.lock(self._session, "audit")
        at, rows = timestamp(self._clock()), []
        for number, (subject, unit, detail) in enumerate(facts, seq + 1):
            # Nothing is ever taken out of the chain, and what was refused is recorded too: numbers of people that came
            # in by a mistaken field are masked before they are hashed.
            entry = AuditEntry(
                seq=number,
                at=at,
                tag=tag.value,
                actor=blotted(actor.login),
                via=actor.via,
                unit_code=unit,
                subject=blotted(subject),
                detail=blotted(detail),
                previous=previous,
            ).sealed()
            rows.append(vars(entry))
            previous = entry.hash
        self.last = (seq + len(rows), previous)
        self._add(rows, self.last)
        self.written[tag] += len(rows)

    def _add(self, rows: Sequence[dict[str, Any]], head: heads.Head) -> None:
        """Whoever else writes waits until this transaction ends: what can be said in one statement is."""
        connection = self._session.connection()
        if len(rows) == 1 and connection.dialect.name == "postgresql":
            connection.execute(_ENTRY_AND_HEAD, rows[0] | heads.moved("audit", head))
            return
        connection.execute(_ENTRY, rows)
        heads.move(self._session, "audit", head)

    def holds(self, entry: heads.Head) -> bool:
        """Whether an entry that some transaction has written stands in the log for good.

        The head is locked, so a transaction that is still committing is waited for; and since a lock is written to the
        log of the database, the commit of this question says that a synchronous standby has the entry too.
        """
        heads.lock(self._session, "audit")
        row = models.AuditRow
        found = self._session.scalar(select(row.hash).where(row.seq == entry[0]))
        return found is not None and bytes(found) == entry[1]

    def entries(self, *, after: int = 0) -> Iterable[AuditEntry]:
        """See the port."""
        see_one_moment(self._session.connection())
        row = models.AuditRow
        columns = [getattr(row, name) for name in AuditEntry.__dataclass_fields__]
        query = select(*columns).where(row.seq > after).order_by(row.seq).execution_options(yield_per=1000)
        for values in self._session.execute(query):
            yield AuditEntry(*values)

    def find(
        self, wanted: AuditFilter, *, below: int | None = None, above: int | None = None, limit: int
    ) -> Sequence[AuditEntry]:
        """See the port."""
        return search(self._session, wanted, below=below, above=above, limit=limit)

    def head(self) -> tuple[int, bytes]:
        """See the port. The entries that are read after it are those of the same moment: else one that somebody has
        appended in between would look like one too many."""
        see_one_moment(self._session.connection())
        return heads.read(self._session, "audit")


class SqlAccountEvents:
    """The feed of account changes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, event: AccountEvent) -> None:
        """Number the event after the last one and store it."""
        seq, unchained = heads.lock(self._session, "account-events")
        self._session.execute(insert(models.AccountEventRow).values(**(vars(event) | {"seq": seq + 1})))
        heads.move(self._session, "account-events", (seq + 1, unchained))

    def after(self, seq: int, limit: int) -> Sequence[AccountEvent]:
        """Events with a greater number, in order."""
        row = models.AccountEventRow
        query = select(row).where(row.seq > seq).order_by(row.seq).limit(limit)
        names = AccountEvent.__dataclass_fields__
        return [
            AccountEvent(**{name: getattr(found, name) for name in names}) for found in self._session.scalars(query)
        ]

    def head(self) -> int:
        """The number of the last event."""
        return self._session.scalar(select(func.max(models.AccountEventRow.seq))) or 0
