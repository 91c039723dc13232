"""The repositories that know more than equality: the tree, the queues, the counters, the chain."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from ca_service.clock import Clock
from ca_service.domain.audit import GENESIS, AuditEntry, Tag, canonical, timestamp
from ca_service.domain.certificates import CertificateStatus, Issuer, PublishedCrl
from ca_service.domain.changes import AccountEvent
from ca_service.domain.errors import NotFound
from ca_service.domain.roles import Actor
from ca_service.domain.units import Unit
from ca_service.store import models
from ca_service.store.repository import SqlRepository


class SqlUnits(SqlRepository[Unit]):
    """Implements `ports.Units`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, Unit, models.UnitRow, noun="单位")

    def lineage(self, code: str) -> Sequence[str]:
        """See the port."""
        codes: list[str] = []
        current: str | None = code
        while current is not None and current not in codes:
            unit = self.get(current)
            codes.append(unit.code)
            current = unit.parent_code
        return codes


class SqlIssuers(SqlRepository[Issuer]):
    """Implements `ports.Issuers`; the UPDATE's row lock puts changes of one issuer in order."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, Issuer, models.IssuerRow, noun="CA")

    def log_change(self, issuer: str, serial: str) -> int:
        """See the port."""
        row = models.IssuerRow
        bump = update(row).where(row.name == issuer).values(status_version=row.status_version + 1)
        version = self._counter(bump.returning(row.status_version), issuer)
        self._session.execute(insert(models.StatusLogRow).values(issuer=issuer, version=version, serial=serial))
        return version

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

    def entries(self, issuer: str, *, expired_before: datetime) -> Sequence[bytes]:
        """See the port. Served by the index on (issuer, status): the cost follows the entries, not the certificates."""
        row = models.CertificateRow
        query = select(row.crl_entry).where(
            row.issuer == issuer,
            row.status.in_([CertificateStatus.FROZEN, CertificateStatus.REVOKED]),
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
        head = lock_head(self._session, "audit")
        entry = AuditEntry(
            seq=head.seq + 1,
            at=timestamp(self._clock()),
            tag=tag.value,
            actor=actor.login,
            via=actor.via,
            unit_code=unit,
            subject=subject,
            detail=canonical(dict(detail or {})),
            previous=head.hash,
        ).sealed()
        self._session.execute(insert(models.AuditRow).values(**vars(entry)))
        head.seq, head.hash = entry.seq, entry.hash
        self._session.flush()

    def entries(self, *, after: int = 0) -> Iterable[AuditEntry]:
        """See the port."""
        row = models.AuditRow
        columns = [getattr(row, name) for name in AuditEntry.__dataclass_fields__]
        query = select(*columns).where(row.seq > after).order_by(row.seq).execution_options(yield_per=1000)
        for values in self._session.execute(query):
            yield AuditEntry(*values)

    def head(self) -> tuple[int, bytes]:
        """See the port."""
        row = self._session.get(models.HeadRow, "audit")
        return (row.seq, row.hash) if row else (0, GENESIS)


class SqlAccountEvents:
    """The feed of account changes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, event: AccountEvent) -> None:
        """Number the event after the last one and store it."""
        head = lock_head(self._session, "account-events")
        head.seq += 1
        self._session.execute(insert(models.AccountEventRow).values(**(vars(event) | {"seq": head.seq})))
        self._session.flush()

    def after(self, seq: int, limit: int) -> Sequence[AccountEvent]:
        """Events with a greater number, in order."""
        row = models.AccountEventRow
        query = select(row).where(row.seq > seq).order_by(row.seq).limit(limit)
        names = AccountEvent.__dataclass_fields__
        return [
            AccountEvent(**{name: getattr(found, name) for name in names}) for found in self._session.scalars(query)
        ]


def lock_head(session: Session, name: str) -> models.HeadRow:
    """The head of a gapless sequence, locked until this transaction ends."""
    query = select(models.HeadRow).where(models.HeadRow.name == name).with_for_update()
    head = session.scalar(query.execution_options(populate_existing=True))
    if head is None:
        head = models.HeadRow(name=name, seq=0, hash=GENESIS)
        session.add(head)
        session.flush()
    return head
