"""Erasing a person's rows, and looking whether anything of them is left, by the one list of places."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session

from ca_service.domain.erasures import NO_CONTACT, Chore, Erasure, ErasureLine, RecordsHold, Traces
from ca_service.store import models
from ca_service.store.personal_places import DOCUMENTS, PLACES, Place
from ca_service.store.repository import SqlRepository, pieces
from ca_service.store.sealing import Sealer
from ca_service.store.sign_in import SqlTransient

_BLANK = json.dumps(asdict(NO_CONTACT), ensure_ascii=False).encode()


class SqlErasing:
    """Implements `ports.Erasing`."""

    def __init__(self, session: Session, sealer: Sealer) -> None:
        self.cases = SqlRepository(session, Erasure, models.ErasureRow, noun="档案清除")
        self.lines = SqlRepository(session, ErasureLine, models.ErasureLineRow, noun="档案清除明细")
        self.holds = SqlRepository(session, RecordsHold, models.RecordsHoldRow, noun="档案保留")
        self.chores = SqlTransient(session, Chore, models.ErasureChoreRow, noun="清除后续")
        self.rows = SqlPersonalData(session, sealer)


class SqlPersonalData:
    """Implements `ports.PersonalData`."""

    def __init__(self, session: Session, sealer: Sealer) -> None:
        self._session, self._sealer = session, sealer

    def documents(self, traces: Traces) -> Collection[str]:
        """See the port."""
        found: set[str] = set()
        for place in PLACES:
            for row, name in DOCUMENTS:
                if row is place.row:
                    found |= set(self._session.scalars(select(getattr(row, name)).where(place.rows(traces))))
        return {name for name in found if len(name) == hashlib.sha256().digest_size * 2}

    def named(self, documents: Collection[str], *, besides: Traces | None = None) -> Collection[str]:
        """See the port. The columns have no index, so each is read once for many documents."""
        own = {place.row: place.rows(besides) for place in PLACES} if besides else {}
        found: set[str] = set()
        for row, name in DOCUMENTS:
            column = row.__table__.c[name]
            for piece in pieces(documents):
                query = select(column).where(column.in_(piece))
                found |= set(self._session.scalars(query.where(~own[row]) if row in own else query))
        return found

    def mentions(self, subjects: Sequence[str], names: Collection[str]) -> Sequence[int]:
        """See the port."""
        row = models.AuditRow
        named = or_(*(row.detail.contains(name, autoescape=True) for name in names))
        return list(self._session.scalars(select(row.seq).where(row.subject.in_(subjects), named).order_by(row.seq)))

    def erase(self, traces: Traces) -> Mapping[str, int]:
        """See the port."""
        self._keep_hashes(traces)
        counts = {}
        for place in PLACES:
            rows = place.rows(traces)
            counts[place.table.name] = self._session.scalar(select(func.count()).select_from(place.table).where(rows))
            if place.goes:
                self._session.execute(delete(place.table).where(rows))
                continue
            self._session.execute(update(place.table).where(rows).values(dict(place.values(traces))))
            if place.sealed is not None:
                self._seal_nothing(place, traces)
        return {table: count for table, count in counts.items() if count}

    def left(self, traces: Traces) -> Mapping[str, int]:
        """See the port."""
        counts = {}
        for place in PLACES:
            query = select(func.count()).select_from(place.table).where(place.rows(traces))
            if not place.goes:
                wanted = place.values(traces).items()
                query = query.where(or_(*(place.table.c[name].is_distinct_from(value) for name, value in wanted)))
            counts[place.table.name] = (self._session.scalar(query) or 0) + self._still_sealed(place, traces)
        return {table: count for table, count in counts.items() if count}

    def _keep_hashes(self, traces: Traces) -> None:
        table = models.CertificateRow.__table__
        found = self._session.execute(
            select(table.c.serial, table.c.der).where(table.c.serial.in_(traces.certificates), table.c.der.is_not(None))
        )
        hashes = [{"of": serial, "sha256": hashlib.sha256(der).hexdigest()} for serial, der in found]
        if hashes:
            statement = models.CertificateRow.__table__.update().where(table.c.serial == bindparam("of"))  # type: ignore[attr-defined]
            self._session.connection().execute(statement.values(der_sha256=bindparam("sha256")), hashes)

    def _seal_nothing(self, place: Place, traces: Traces) -> None:
        """Each row's own nothing: a sealed value opens in its own row only."""
        table = place.table
        rows = [
            {"of": key, "nothing": self._sealer.seal(_BLANK, context=f"{table.name}/{key}")}
            for key in self._session.scalars(select(table.c.id).where(place.rows(traces)))
        ]
        if rows:
            statement = table.update().where(table.c.id == bindparam("of"))
            self._session.connection().execute(statement.values(sealed=bindparam("nothing")), rows)

    def _still_sealed(self, place: Place, traces: Traces) -> int:
        if place.sealed is None:
            return 0
        table = place.table
        rows: Sequence[Any] = self._session.execute(select(table.c.id, table.c.sealed).where(place.rows(traces))).all()
        return sum(self._sealer.open(sealed, context=f"{table.name}/{key}") != _BLANK for key, sealed in rows)
