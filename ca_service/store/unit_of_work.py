"""One transaction over all repositories, on SQLite (WAL) or PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session

from ca_service.clock import Clock
from ca_service.domain.applications import Application, Batch, Contact
from ca_service.domain.campaigns import Campaign
from ca_service.domain.certificates import Certificate, StatusEvent
from ca_service.domain.changes import AccountEvent, Change, Paper
from ca_service.domain.compromises import Compromise
from ca_service.domain.conflicts import ConflictCase
from ca_service.domain.crl_alarms import CrlAlarm
from ca_service.domain.crl_overrides import CrlOverride
from ca_service.domain.health import Pulse
from ca_service.domain.holders import Holder, SignIn
from ca_service.domain.leases import Lease
from ca_service.domain.media import CustodyEvent, DispatchSheet, HandOver, Medium, ParcelItem
from ca_service.domain.messages import Letter, Message
from ca_service.domain.orders import StatusOrder
from ca_service.domain.presigned import PresignRun
from ca_service.domain.propagation import Lag
from ca_service.domain.receipts import Receipt
from ca_service.domain.responsible import OfficeContact, ResponsiblePerson
from ca_service.domain.review import Step
from ca_service.domain.second_factors import Passkey, RecoveryCode, TotpKey, TotpSecret
from ca_service.domain.sign_in import Session as SignedIn
from ca_service.domain.transfers import Transfer
from ca_service.domain.unblocks import Release, SoPin
from ca_service.domain.unit_cases import UnitCase, UnitEvent, UnitStep
from ca_service.store import models, outages
from ca_service.store.answers import SqlOcspAnswers
from ca_service.store.audit_tree import SqlAuditTree
from ca_service.store.crls import SqlCrls, SqlIssuers
from ca_service.store.drafts import SqlDrafts
from ca_service.store.places import SqlPlaces
from ca_service.store.progress import SqlProgress
from ca_service.store.repositories import (
    SqlAccountEvents,
    SqlAuditLog,
    SqlEnrolments,
    SqlParcels,
)
from ca_service.store.repository import SqlRepository
from ca_service.store.sealing import Sealer
from ca_service.store.sign_in import SqlStaff, SqlTransient, SqlTries
from ca_service.store.unit_tree import SqlUnits
from ca_service.workflows.ports import Meter, Unmeasured

_READ_ONLY = "educa_read_only"
# A server that was cut off holds on to the transaction, and with it to the lock, until somebody ends it.
_WAIT_FOR_LOCK = text(f"SET LOCAL lock_timeout = '{outages.RESOLVED_WITHIN:.0f}s'")
_log = structlog.get_logger(__name__)


class SqlUnitOfWork:
    """Implements `workflows.ports.UnitOfWork` on one session."""

    def __init__(self, session: Session, *, sealer: Sealer, clock: Clock) -> None:
        self.units = SqlUnits(session)
        self.unit_cases = SqlRepository(session, UnitCase, models.UnitCaseRow, noun="单位变更")
        self.unit_events = SqlRepository(session, UnitEvent, models.UnitEventRow, noun="单位历史")
        self.unit_steps = SqlRepository(session, UnitStep, models.UnitStepRow, noun="单位变更明细")
        self.responsible = SqlRepository(
            session,
            ResponsiblePerson,
            models.ResponsibleRow,
            noun="负责人员",
            sealed=("contact", OfficeContact, sealer),
        )
        self.drafts = SqlDrafts(session, sealer)
        self.staff = SqlStaff(session)
        self.sessions = SqlTransient(session, SignedIn, models.SessionRow, noun="登录")
        self.totp_keys = SqlTransient(
            session, TotpKey, models.TotpKeyRow, noun="动态验证码", sealed=("secret", TotpSecret, sealer)
        )
        self.recovery_codes = SqlTransient(session, RecoveryCode, models.RecoveryCodeRow, noun="恢复码")
        self.passkeys = SqlTransient(session, Passkey, models.PasskeyRow, noun="通行密钥")
        self.tries = SqlTries(session)
        self.batches = SqlRepository(session, Batch, models.BatchRow, noun="批次")
        self.applications = SqlRepository(
            session, Application, models.ApplicationRow, noun="申请", sealed=("contact", Contact, sealer)
        )
        self.holders = SqlRepository(
            session, Holder, models.HolderRow, noun="持证人", sealed=("contact", Contact, sealer)
        )
        self.receipts = SqlRepository(session, Receipt, models.ReceiptRow, noun="推送回执")
        self.media = SqlRepository(session, Medium, models.MediumRow, noun="介质", place="at_unit")
        self.parcels = SqlParcels(session)
        self.parcel_items = SqlRepository(session, ParcelItem, models.ParcelItemRow, noun="包裹清单")
        self.hand_overs = SqlRepository(session, HandOver, models.HandOverRow, noun="派发记录")
        self.sheets = SqlRepository(session, DispatchSheet, models.DispatchSheetRow, noun="派发记录单")
        self.places = SqlPlaces(session)
        self.custody = SqlRepository(session, CustodyEvent, models.CustodyRow, noun="流转记录")
        self.enrolments = SqlEnrolments(session)
        self.releases = SqlRepository(session, Release, models.ReleaseRow, noun="解锁")
        self.so_pins = SqlTransient(session, SoPin, models.SoPinRow, noun="管理 PIN")
        self.issuers = SqlIssuers(session, clock)
        self.certificates = SqlRepository(session, Certificate, models.CertificateRow, noun="证书")
        self.status_events = SqlRepository(session, StatusEvent, models.StatusEventRow, noun="证书履历")
        self.orders = SqlRepository(session, StatusOrder, models.StatusOrderRow, noun="应急处置")
        self.crls = SqlCrls(session)
        self.crl_overrides = SqlRepository(session, CrlOverride, models.CrlOverrideRow, noun="CRL 强制发布")
        self.crl_alarms = SqlRepository(session, CrlAlarm, models.CrlAlarmRow, noun="CRL 告警")
        self.compromises = SqlRepository(session, Compromise, models.CompromiseRow, noun="密钥泄露处置")
        self.presign_runs = SqlTransient(session, PresignRun, models.PresignRunRow, noun="预签")
        self.ocsp_answers = SqlOcspAnswers(session)
        self.changes = SqlRepository(
            session, Change, models.ChangeRow, noun="变更申请", sealed=("paper", Paper, sealer)
        )
        self.transfers = SqlRepository(session, Transfer, models.TransferRow, noun="交接")
        self.steps = SqlRepository(session, Step, models.StepRow, noun="审核步骤", place="from_unit")
        self.conflicts = SqlRepository(session, ConflictCase, models.ConflictRow, noun="重复登记", place="at_unit")
        self.messages = SqlRepository(
            session, Message, models.MessageRow, noun="消息", sealed=("letter", Letter, sealer)
        )
        self.campaigns = SqlRepository(session, Campaign, models.CampaignRow, noun="实施计划")
        self.sign_ins = SqlRepository(session, SignIn, models.SignInRow, noun="首次登录")
        self.lags = SqlTransient(session, Lag, models.LagRow, noun="测量值")
        self.leases = SqlTransient(session, Lease, models.LeaseRow, noun="租约")
        self.pulses = SqlTransient(session, Pulse, models.PulseRow, noun="进程")
        self.progress = SqlProgress(session)
        self.audit = SqlAuditLog(session, clock)
        self.audit_tree = SqlAuditTree(session)
        self._account_events = SqlAccountEvents(session)

    def add_account_event(self, event: AccountEvent) -> None:
        """See the port."""
        self._account_events.append(event)

    def account_events(self, *, after: int, limit: int) -> Sequence[AccountEvent]:
        """See the port."""
        return self._account_events.after(after, limit)

    def account_events_head(self) -> int:
        """See the port."""
        return self._account_events.head()


class Database:
    """An engine and the two ways to open a transaction on it."""

    def __init__(self, url: str, *, sealer: Sealer, clock: Clock, meter: Meter | None = None) -> None:
        self.engine = connect(url)
        self.reading = self.engine.execution_options(**{_READ_ONLY: True})
        self._sealer = sealer
        self._clock = clock
        self._meter = meter or Unmeasured()
        self._patience = outages.Patience(outages.PATIENCE)

    @contextmanager
    def begin(self) -> Iterator[SqlUnitOfWork]:
        """A writing transaction: commits when the block ends well, else rolls back.

        Raises Unavailable: nothing was done. Raises OutcomeUnknown: it broke off in the commit, and cannot be asked.
        """
        with self._transaction(self.engine) as uow:
            yield uow

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        """A transaction that writes nothing and never waits for a writer on SQLite."""
        with self._transaction(self.reading) as uow:
            yield uow

    @contextmanager
    def connected(self, *, writing: bool) -> Iterator[Connection]:
        """A transaction for what is done to rows as they lie there, whatever they mean. Raises as `begin` does."""
        try:
            with (self.engine if writing else self.reading).begin() as connection:
                yield connection
        except outages.FAILURES as error:
            raise (outages.unknown() if outages.is_unknown(error) else outages.unavailable(error)) from error

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[SqlUnitOfWork]:
        with Session(engine, expire_on_commit=False) as session:
            try:
                self._patience.wait_for(lambda: _begun(session))
                uow = SqlUnitOfWork(session, sealer=self._sealer, clock=self._clock)
                yield uow
                session.flush()
            except outages.FAILURES as error:
                raise outages.unavailable(error) from error
            if engine is not self.reading:
                self._commit(session, uow)
        # Behind the commit: an entry that was rolled back is none.
        for tag, entries in uow.audit.written.items():
            self._meter.audited(tag.value, entries)

    def _commit(self, session: Session, uow: SqlUnitOfWork) -> None:
        """Commit; raise Unavailable where that was rolled back, OutcomeUnknown where nobody can tell.

        A connection that breaks here has said nothing. The audit entry tells: it was committed with all the rest, or
        not at all. Where it stands the caller is answered as if nothing had been. A process that dies while it asks
        leaves a client without an answer, as one that dies behind its commit does.
        """
        try:
            session.commit()
        except outages.FAILURES as error:
            if not outages.is_unknown(error):
                raise outages.unavailable(error) from error
            _log.warning("a commit was broken off", audited=uow.audit.last is not None)
            if not self._stands(uow):
                raise outages.unavailable(error) from error

    def _stands(self, uow: SqlUnitOfWork) -> bool:
        """Whether the last audit entry of a transaction is in the log; raise OutcomeUnknown."""
        last, found = uow.audit.last, False

        def ask() -> None:
            nonlocal found
            with Session(self.engine) as session, session.begin():
                session.execute(_WAIT_FOR_LOCK)
                found = last is not None and SqlAuditLog(session, self._clock).holds(last)

        try:
            if last is None:
                raise outages.unknown()
            outages.Patience(outages.RESOLVED_WITHIN).wait_for(ask)
        except outages.FAILURES as error:
            raise outages.unknown() from error
        return found


def _begun(session: Session) -> None:
    """Connect, where that can fail for a while. On SQLite the first statement begins, which may wait for a writer."""
    session.rollback()
    if session.get_bind().dialect.name != "sqlite":
        session.connection()


def connect(url: str) -> Engine:
    """An engine whose transactions start as this service needs them.

    SQLite: a writer takes its lock at BEGIN (no upgrade deadlocks), commits are synced to disk (synchronous=FULL): a
    serial must not be forgotten by a power cut after its certificate was signed. An error of the database names the
    statement and never the values, which may be a person's: it ends up in a log.
    """
    if make_url(url).get_backend_name() != "sqlite":
        options = outages.connection_options(make_url(url))
        engine = create_engine(
            url, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True, connect_args=options
        )
        outages.drop_what_goes_away(engine)
        return engine
    engine = create_engine(url, connect_args={"timeout": 15}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get(_READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
