"""What the OCSP responder asks the database: implements `ocsp.StatusSource` for one issuer."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, String, bindparam, select, type_coerce

from ca_service.domain.certificates import CertificateStatus, RevocationReason
from ca_service.store import models
from ocsp import Changes, Good, Revoked, Status

# A cache that is further behind than this drops everything instead of reading a long log.
_LOG_WINDOW = 10_000


class SqlStatusSource:
    """Reads committed state only; every call is one short transaction."""

    def __init__(self, engine: Engine, issuer: str) -> None:
        self._engine = engine
        self._issuer = issuer
        self._one = _OneStatus(engine, issuer)

    def version(self) -> int:
        """See the protocol."""
        query = select(models.IssuerRow.status_version).where(models.IssuerRow.name == self._issuer)
        with self._engine.begin() as connection:
            return int(connection.scalar(query) or 0)

    def changes_since(self, version: int) -> Changes:
        """See the protocol. The log holds every version once, so its length tells whether it is complete."""
        log, issuer = models.StatusLogRow, models.IssuerRow
        current = select(issuer.status_version).where(issuer.name == self._issuer)
        since = select(log.serial, log.at).where(log.issuer == self._issuer, log.version > version)
        since = since.order_by(log.version)
        with self._engine.begin() as connection:
            # Under READ COMMITTED a change may commit between the two reads: the list is cut at the version read first.
            now = int(connection.scalar(current) or 0)
            rows = connection.execute(since.where(log.version <= now).limit(_LOG_WINDOW + 1)).all()
        complete = version <= now and len(rows) == now - version
        moments = [at for _, at in rows if at is not None]
        return Changes(now, [int(serial, 16) for serial, _ in rows] if complete else None, moments)

    def status(self, serials: Sequence[int]) -> Mapping[int, Status]:
        """See the protocol. A serial whose signature is not recorded yet counts as never issued."""
        if len(serials) == 1:
            return self._one.read(serials[0])
        row = models.CertificateRow
        query = select(row.serial, row.revoked_at, row.reason).where(
            row.serial.in_([f"{serial:x}" for serial in serials]),
            row.issuer == self._issuer,
            row.status != CertificateStatus.SIGNING,
        )
        with self._engine.begin() as connection:
            return {int(serial, 16): status_of(when, reason) for serial, when, reason in connection.execute(query)}


class _OneStatus:
    """The statement of nearly every OCSP request, compiled once and given to the driver: a tenth of the usual cost."""

    def __init__(self, engine: Engine, issuer: str) -> None:
        row = models.CertificateRow
        # Compared as text: the driver gets the values as they are, without the types' conversion.
        query = select(row.revoked_at, row.reason).where(
            row.serial == bindparam("serial"),
            row.issuer == issuer,
            type_coerce(row.status, String) != CertificateStatus.SIGNING.value,
        )
        compiled = query.compile(dialect=engine.dialect)
        self._engine = engine
        self._statement = str(compiled)
        self._parameters = compiled.construct_params({"serial": ""})
        self._order = compiled.positiontup
        self._when = _converter(row.revoked_at.type, engine)
        self._reason = _converter(row.reason.type, engine)

    def read(self, serial: int) -> Mapping[int, Status]:
        """The status of one serial number; empty if it was never issued."""
        values = {**self._parameters, "serial": f"{serial:x}"}
        with closing(self._engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(self._statement, [values[name] for name in self._order] if self._order else values)
            found = cursor.fetchone()
        return {} if found is None else {serial: status_of(self._when(found[0]), self._reason(found[1]))}


def _converter(kind: Any, engine: Engine) -> Callable[[Any], Any]:
    """What makes a value of this column type of what the driver returns."""
    convert: Callable[[Any], Any] | None = kind.dialect_impl(engine.dialect).result_processor(engine.dialect, None)
    return convert or (lambda value: value)


_GOOD = Good()


def status_of(when: datetime | None, reason: RevocationReason | None) -> Status:
    """What a row of a certificate says in an answer."""
    return _GOOD if when is None else Revoked(when, None if reason is None else int(reason))
