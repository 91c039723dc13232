"""The repositories that know more than equality: the queues, the counters, the chain."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, or_, select, update
from sqlalchemy.orm import Session

from ca_service.clock import Clock
from ca_service.domain.audit import AuditEntry, Tag, canonical, timestamp
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.certificates import ON_CRL, Issuer, PublishedCrl
from ca_service.domain.changes import AccountEvent
from ca_service.domain.enrolments import Enrolment
from ca_service.domain.errors import NotFound
from ca_service.domain.free_text import blotted
from ca_service.domain.media import Parcel
from ca_service.domain.roles import Actor
from ca_service.store import heads, models
from ca_service.store.audit_search import search
from ca_service.store.repository import SqlRepository
from ca_service.workflows.ports import ExpiredEntry, Standing

_ENTRY = insert(models.AuditRow.__table__)  # type: ignore[arg-type]


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


class SqlIssuers(SqlRepository[Issuer]):
    """Implements `ports.Issuers`; the UPDATE's row lock puts changes of one issuer in order."""

    def __init__(self, session: Session, clock: Clock) -> None:
        super().__init__(session, Issuer, models.IssuerRow, noun="CA")
        self._clock = clock

    def log_change(self, issuer: str, serial: str) -> int:
        """See the port."""
        row = models.IssuerRow
        bump = update(row).where(row.name == issuer).values(status_version=row.status_version + 1)
        version = self._counter(bump.returning(row.status_version), issuer)
        # The clock is read behind the row lock, as late as can be: what others do before is not this change's way out.
        logged = insert(models.StatusLogRow).values(issuer=issuer, version=version, serial=serial, at=self._clock())
        self._session.execute(logged)
        return version

    def logged(self, issuer: str, *, after: int, upto: int) -> Sequence[datetime]:
        """See the port."""
        row = models.StatusLogRow
        query = select(row.at).where(row.issuer == issuer, row.version > after, row.version <= upto)
        return [at for at in self._session.scalars(query.order_by(row.version)) if at is not None]

    def changed_since(self, issuer: str, version: int) -> Sequence[str]:
        """See the port."""
        row = models.StatusLogRow
        query = select(row.serial).where(row.issuer == issuer, row.version > version).distinct().order_by(row.serial)
        return list(self._session.scalars(query))

    def reserve_crl_number(self, issuer: str) -> int:
        """See the port."""
        row = models.IssuerRow
        bump = update(row).where(row.name == issuer).values(crl_number=row.crl_number + 1)
        return self._counter(bump.returning(row.crl_number), issuer)

    def _counter(self, statement: object, issuer: str) -> int:
        value: int | None = self._session.scalar(statement)  # type: ignore[call-overload]
        if value is None:
            raise NotFound(f"没有名为 {issuer} 的 CA。")
        return value


class SqlCrls(SqlRepository[PublishedCrl]):
    """Implements `ports.Crls`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, PublishedCrl, models.CrlRow, noun="CRL")

    def latest(self, issuer: str) -> PublishedCrl | None:
        """See the port."""
        row = models.CrlRow
        newest = select(func.max(row.number)).where(row.issuer == issuer, row.der.is_not(None))
        number = self._session.scalar(newest)
        return None if number is None else self.find(issuer=issuer, number=number)[0]

    def oldest_current(self, issuer: str, *, at: datetime) -> PublishedCrl | None:
        """See the port."""
        row = models.CrlRow
        oldest = select(func.min(row.number)).where(row.issuer == issuer, row.der.is_not(None), row.next_update > at)
        number = self._session.scalar(oldest)
        return None if number is None else self.find(issuer=issuer, number=number)[0]

    def standing(self, issuer: str) -> Standing | None:
        """See the port. The lists themselves, which may be large, are not read."""
        row = models.CrlRow
        columns = (row.number, row.status_version, row.this_update, row.next_update, row.delta.is_not(None))
        newest = select(*columns).where(row.issuer == issuer, row.der.is_not(None)).order_by(row.number.desc()).limit(1)
        found = self._session.execute(newest).one_or_none()
        if found is None:
            return None
        last = select(row.refusal).where(row.issuer == issuer).order_by(row.number.desc()).limit(1)
        return Standing(*found, refused=bool(self._session.scalar(last)))

    def last_this_update(self, issuer: str) -> datetime | None:
        """See the port."""
        row = models.CrlRow
        query = select(row.this_update).where(row.issuer == issuer).order_by(row.number.desc()).limit(1)
        return self._session.scalar(query)

    def last_refused(self, issuer: str) -> PublishedCrl | None:
        """See the port."""
        row = models.CrlRow
        query = select(row.number).where(row.issuer == issuer).order_by(row.number.desc()).limit(1)
        number = self._session.scalar(query)
        newest = self.find(issuer=issuer, number=number) if number is not None else ()
        return newest[0] if newest and newest[0].refusal else None

    def dropped(self, issuer: str, *, expired_from: datetime, expired_before: datetime) -> Sequence[ExpiredEntry]:
        """See the port."""
        row = models.CertificateRow
        query = select(row.serial, row.not_after).where(
            row.issuer == issuer,
            row.status.in_(ON_CRL),
            row.not_after >= expired_from,
            row.not_after < expired_before,
        )
        return [ExpiredEntry(serial, not_after) for serial, not_after in self._session.execute(query)]

    def entries(self, issuer: str, *, expired_before: datetime) -> Sequence[bytes]:
        """See the port. Served by the index on (issuer, status): the cost follows the entries, not the certificates."""
        row = models.CertificateRow
        query = select(row.crl_entry).where(
            row.issuer == issuer,
            row.status.in_(ON_CRL),
            row.not_after >= expired_before,
        )
        # One order from CRL to CRL: two lists that are equal but for a few places are compared in no time.
        query = query.order_by(row.serial)
        return [entry for entry in self._session.scalars(query) if entry is not None]


class SqlAuditLog:
    """Implements `ports.AuditLog`. The head row is locked until the commit, so the chain has one writer at a time."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self.written: Counter[Tag] = Counter()

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
        self._write(actor, tag, [(subject, unit, canonical(dict(detail or {})))])

    def append_all(self, actor: Actor, tag: Tag, subjects: Iterable[tuple[str, str]]) -> None:
        """See the port."""
        self._write(actor, tag, [(subject, unit, "{}") for subject, unit in subjects])

    def _write(self, actor: Actor, tag: Tag, facts: Sequence[tuple[str, str, str]]) -> None:
        if not facts:
            return
        seq, previous = heads.lock(self._session, "audit")
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
        self._session.connection().execute(_ENTRY, rows)
        self.written[tag] += len(rows)
        heads.move(self._session, "audit", (seq + len(rows), previous))

    def entries(self, *, after: int = 0) -> Iterable[AuditEntry]:
        """See the port."""
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
        """See the port."""
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
