"""Issuers with their change logs, and the lists that are made of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.orm import Session

from ca_service.clock import Clock
from ca_service.domain.certificates import ON_CRL, Issuer
from ca_service.domain.crls import CrlLine, CrlOutline, CrlShard, CrlStatus, PublishedCrl
from ca_service.domain.errors import NotFound
from ca_service.store import models
from ca_service.store.repository import SqlRepository
from ca_service.workflows.ports import ExpiredEntry, Standing

_CERTIFICATE = models.CertificateRow
_OUTLINE = [getattr(models.CrlRow, name) for name in CrlOutline.__dataclass_fields__]


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

    def logged(self, line: CrlLine, *, after: int, upto: int) -> Sequence[datetime]:
        """See the port."""
        row = models.StatusLogRow
        query = select(row.at).where(row.issuer == line.issuer, row.version > after, row.version <= upto)
        if line.shard is not None:
            query = query.join(_CERTIFICATE, _CERTIFICATE.serial == row.serial).where(_CERTIFICATE.shard == line.shard)
        return [at for at in self._session.scalars(query.order_by(row.version)) if at is not None]

    def changed_since(self, line: CrlLine, version: int, *, limit: int | None = None) -> Sequence[str]:
        """See the port."""
        row = models.StatusLogRow
        query = select(row.serial).where(row.issuer == line.issuer, row.version > version)
        if line.shard is not None:
            query = query.join(_CERTIFICATE, _CERTIFICATE.serial == row.serial).where(_CERTIFICATE.shard == line.shard)
        return list(self._session.scalars(query.distinct().order_by(row.serial).limit(limit)))

    def hold(self, issuer: str) -> Issuer:
        """See the port. On SQLite the writer has the whole database to itself already."""
        row = models.IssuerRow
        query = select(row.name).where(row.name == issuer).with_for_update()
        if self._session.scalar(query) is None:
            raise NotFound(f"没有名为 {issuer} 的 CA。")
        return self.get(issuer)

    def reserve_crl_number(self, line: CrlLine) -> int:
        """See the port."""
        if line.shard is None:
            issuer = models.IssuerRow
            bump = update(issuer).where(issuer.name == line.issuer).values(crl_number=issuer.crl_number + 1)
            return self._counter(bump.returning(issuer.crl_number), line.name)
        row = models.CrlShardRow
        following = update(row).where(row.name == line.name).values(number=row.number + 1)
        return self._counter(following.returning(row.number), line.name)

    def _counter(self, statement: object, name: str) -> int:
        value: int | None = self._session.scalar(statement)  # type: ignore[call-overload]
        if value is None:
            raise NotFound(f"没有名为 {name} 的 CA 或 CRL 分片。")
        return value


class SqlCrls(SqlRepository[PublishedCrl]):
    """Implements `ports.Crls`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, PublishedCrl, models.CrlRow, noun="CRL")
        self._shards = SqlRepository(session, CrlShard, models.CrlShardRow, noun="CRL 分片")

    def lines(self, issuer: str) -> Sequence[CrlLine]:
        """See the port."""
        return [CrlLine(issuer), *(CrlLine(issuer, opened.shard) for opened in self.shards(issuer))]

    def shards(self, issuer: str) -> Sequence[CrlShard]:
        """See the port."""
        return self._shards.find(issuer=issuer, order="shard")

    def open_shards(self, shards: Sequence[CrlShard]) -> None:
        """See the port."""
        self._shards.add_all(shards)

    def skip_numbers(self, issuer: str, step: int) -> None:
        """See the port."""
        row = models.CrlShardRow
        self._session.execute(update(row).where(row.issuer == issuer).values(number=row.number + step))

    def outlines(self, name: str) -> tuple[CrlOutline | None, CrlOutline | None]:
        """See the port. Columns without the lists themselves: this is asked for many times a minute."""
        newest = self._outline(name, models.CrlRow.name == name)
        if newest is None or newest.status is CrlStatus.PUBLISHED:
            return newest, newest
        return newest, self._outline(name, models.CrlRow.status == CrlStatus.PUBLISHED)

    def _outline(self, name: str, which: ColumnElement[bool]) -> CrlOutline | None:
        row = models.CrlRow
        query = select(*_OUTLINE).where(row.name == name, which).order_by(row.number.desc()).limit(1)
        found = self._session.execute(query).first()
        return None if found is None else CrlOutline(*found)

    def octets(self, name: str, number: int, *, delta: bool) -> bytes | None:
        """See the port."""
        row = models.CrlRow
        query = select(row.delta if delta else row.der).where(row.name == name, row.number == number)
        return self._session.scalar(query)

    def latest(self, name: str) -> PublishedCrl | None:
        """See the port."""
        found = self.find(name=name, status=CrlStatus.PUBLISHED, order="-number", limit=1)
        return found[0] if found else None

    def oldest_current(self, name: str, *, at: datetime) -> PublishedCrl | None:
        """See the port."""
        row = models.CrlRow
        published = row.status == CrlStatus.PUBLISHED
        oldest = select(func.min(row.number)).where(row.name == name, published, row.next_update > at)
        number = self._session.scalar(oldest)
        return None if number is None else self.find(name=name, number=number)[0]

    def standing(self, name: str) -> Standing | None:
        """See the port. The lists themselves, which may be large, are not read."""
        newest, latest = self.outlines(name)
        if newest is None or latest is None:
            return None
        row = models.CrlRow
        has_delta = select(row.delta.is_not(None)).where(row.name == name, row.number == latest.number)
        return Standing(
            number=latest.number,
            status_version=latest.status_version,
            this_update=latest.this_update,
            next_update=latest.next_update,
            has_delta=bool(self._session.scalar(has_delta)),
            refused=newest.status is CrlStatus.REFUSED,
        )

    def last_this_update(self, name: str) -> datetime | None:
        """See the port."""
        row = models.CrlRow
        query = select(row.this_update).where(row.name == name).order_by(row.number.desc()).limit(1)
        return self._session.scalar(query)

    def last_refused(self, name: str) -> PublishedCrl | None:
        """See the port."""
        newest = self.outlines(name)[0]
        if newest is None or newest.status is not CrlStatus.REFUSED:
            return None
        return self.find(name=name, number=newest.number)[0]

    def dropped(self, line: CrlLine, *, settled: datetime, before: datetime | None) -> Sequence[ExpiredEntry]:
        """See the port."""
        row = _CERTIFICATE
        query = select(row.serial, row.not_after).where(*_listed(line), _may_drop(settled))
        if before is not None:
            query = query.where(~_may_drop(before))
        return [ExpiredEntry(serial, not_after) for serial, not_after in self._session.execute(query)]

    def entries(self, line: CrlLine, *, settled: datetime | None) -> Sequence[bytes]:
        """See the port. Served by the indexes on (issuer, status) and (issuer, shard, status): the cost follows the
        entries, not the certificates.
        """
        row = _CERTIFICATE
        query = select(row.crl_entry).where(*_listed(line))
        if settled is not None:
            query = query.where(~_may_drop(settled))
        # One order from CRL to CRL: two lists that are equal but for a few places are compared in no time.
        query = query.order_by(row.serial)
        return [entry for entry in self._session.scalars(query) if entry is not None]


def _listed(line: CrlLine) -> Sequence[ColumnElement[bool]]:
    row = _CERTIFICATE
    conditions = [row.issuer == line.issuer, row.status.in_(ON_CRL)]
    return conditions if line.shard is None else [*conditions, row.shard == line.shard]


def _may_drop(settled: datetime) -> ColumnElement[bool]:
    """`crl.may_drop` as the database asks it. What has no moment of revocation is never dropped."""
    row = _CERTIFICATE
    return and_(row.not_after < settled, func.coalesce(row.revoked_at < settled, False))
