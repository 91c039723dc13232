"""Pre-signed OCSP answers: filled in one transaction after the other, read by every responder."""

import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, String, bindparam, delete, func, select, type_coerce
from sqlalchemy.orm import Session

import ocsp
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.presigned import RunStatus
from ca_service.store import models
from ca_service.store.status_source import status_of
from ca_service.workflows.ports import KnownStatuses

_SWEPT_AT_ONCE = 2_000
# Seconds after which a store that was empty is looked at again: where nothing is signed ahead, no request pays for it.
_LOOK_AGAIN = 5.0
_COLUMNS = "cert_id, run, version, this_update, next_update, body"
_NEWEST = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ")[1:])
_UPSERT = f"ON CONFLICT (cert_id) DO UPDATE SET {_NEWEST}"


class SqlOcspAnswers:
    """Implements `ports.OcspAnswers`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def statuses(self, issuer: str, *, after: str, limit: int, ended_from: datetime) -> KnownStatuses:
        """See the port. The version is read first: what changes in between makes an answer void, not wrong."""
        row, of = models.CertificateRow, models.IssuerRow
        version = self._session.scalar(select(of.status_version).where(of.name == issuer)) or 0
        query = select(row.serial, row.revoked_at, row.reason).where(
            row.serial > after,
            # Not as a plain column: a planner that took the index on issuer and status would sort them all each time.
            row.issuer + "" == issuer,
            type_coerce(row.status, String) != CertificateStatus.SIGNING.value,
            row.not_after >= ended_from,
        )
        found = self._session.execute(query.order_by(row.serial).limit(limit)).all()
        statuses = {int(serial, 16): status_of(when, reason) for serial, when, reason in found}
        return KnownStatuses(version, found[-1].serial if found else after, statuses)

    def count(self, issuer: str) -> int:
        """See the port."""
        row = models.CertificateRow
        query = select(func.count()).where(row.issuer == issuer, row.status != CertificateStatus.SIGNING)
        return self._session.scalar(query) or 0

    def put(self, run: int, answers: Sequence[ocsp.StoredAnswer], *, certificate: bytes) -> None:
        """See the port."""
        rows = [
            (
                answer.cert_id,
                run,
                answer.version,
                int(answer.this_update.timestamp()),
                int(answer.next_update.timestamp()),
                ocsp.shortened(answer.body, certificate),
            )
            for answer in answers
        ]
        connection = self._session.connection()
        insert = _copy if connection.dialect.name == "postgresql" else _insert
        insert(connection, rows)

    def sweep(self, runs: Sequence[int], *, after: bytes) -> bytes | None:
        """See the port."""
        row = models.OcspAnswerRow
        further = select(row.cert_id).where(row.cert_id > after).order_by(row.cert_id)
        until = self._session.scalar(further.offset(_SWEPT_AT_ONCE - 1).limit(1))
        gone = delete(row).where(row.cert_id > after, row.run.in_(runs))
        self._session.execute(gone if until is None else gone.where(row.cert_id <= until))
        return until


_Row = tuple[bytes, int, int, int, int, bytes]


def _insert(connection: Connection, rows: Sequence[_Row]) -> None:
    with closing(connection.connection.cursor()) as cursor:
        cursor.executemany(f"INSERT INTO ocsp_answer ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) {_UPSERT}", rows)  # noqa: S608


def _copy(connection: Connection, rows: Sequence[_Row]) -> None:
    """COPY knows no conflict, so the rows come into a table of the connection first, and from there all at once."""
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS incoming_answer (LIKE ocsp_answer) ON COMMIT DELETE ROWS")
        with cursor.copy(f"COPY incoming_answer ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as incoming:
            incoming.set_types(["bytea", "int8", "int8", "int8", "int8", "bytea"])
            for row in rows:
                incoming.write_row(row)
        cursor.execute(f"INSERT INTO ocsp_answer ({_COLUMNS}) SELECT {_COLUMNS} FROM incoming_answer {_UPSERT}")  # noqa: S608


class SqlAnswerStore:
    """Implements `ocsp.AnswerStore` for one issuer: committed answers, each read in one short statement.

    What is of a dropped run, or of a signer that is not in force any more, is not found: nobody has to delete it first.
    """

    def __init__(self, engine: Engine, issuer: str) -> None:
        self._engine = engine
        self._issuer = issuer
        self._filled, self._look_at = False, 0.0
        row, run, signer = models.OcspAnswerRow, models.PresignRunRow, models.CertificateRow
        query = (
            select(row.version, row.this_update, row.next_update, row.body, signer.der)
            .join(run, run.id == row.run)
            .join(signer, signer.serial == run.signer)
            .where(
                row.cert_id == bindparam("cert_id"),
                run.issuer == issuer,
                type_coerce(run.status, String) != RunStatus.DROPPED.value,
                type_coerce(signer.status, String) == CertificateStatus.ACTIVE.value,
            )
        )
        # Compiled once and given to the driver as it is: each request that is not in the cache asks.
        compiled = query.compile(dialect=engine.dialect)
        self._statement = str(compiled)
        self._parameters = compiled.construct_params({"cert_id": b""})
        self._order = compiled.positiontup

    def get(self, cert_id: bytes) -> ocsp.StoredAnswer | None:
        """See the protocol."""
        if not self._filled and not self._has_been_filled():
            return None
        values = {**self._parameters, "cert_id": cert_id}
        with closing(self._engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(self._statement, [values[name] for name in self._order] if self._order else values)
            found = cursor.fetchone()
        if found is None:
            return None
        version, this_update, next_update, body, certificate = found
        return ocsp.StoredAnswer(
            cert_id,
            ocsp.serial_in(cert_id),
            version,
            datetime.fromtimestamp(this_update, UTC),
            datetime.fromtimestamp(next_update, UTC),
            ocsp.completed(bytes(body), bytes(certificate)),
        )

    def _has_been_filled(self) -> bool:
        now = time.monotonic()
        if now >= self._look_at:
            self._filled, self._look_at = self.oldest() is not None, now + _LOOK_AGAIN
        return self._filled

    def oldest(self) -> int | None:
        """See the protocol."""
        run = models.PresignRunRow
        query = select(func.min(run.version)).where(run.issuer == self._issuer, run.status != RunStatus.DROPPED)
        with self._engine.begin() as connection:
            return connection.scalar(query)
