"""One transaction over all repositories, on SQLite (WAL) or PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
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
from ca_service.domain.errors import Invalid, Unavailable
from ca_service.domain.health import Pulse
from ca_service.domain.holders import Holder, SignIn
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
from ca_service.store import models
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

    @contextmanager
    def begin(self) -> Iterator[SqlUnitOfWork]:
        """A writing transaction: commits when the block ends well, else rolls back. Raises Unavailable."""
        with self._transaction(self.engine) as uow:
            yield uow

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        """A transaction that writes nothing and never waits for a writer on SQLite."""
        with self._transaction(self.reading) as uow:
            yield uow

    @contextmanager
    def connected(self, *, writing: bool) -> Iterator[Connection]:
        """A transaction for what is done to rows as they lie there, whatever they mean."""
        with (self.engine if writing else self.reading).begin() as connection:
            yield connection

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[SqlUnitOfWork]:
        with told_as_ours(), Session(engine, expire_on_commit=False) as session, session.begin():
            uow = SqlUnitOfWork(session, sealer=self._sealer, clock=self._clock)
            yield uow
        # Behind the commit: an entry that was rolled back is none.
        for tag, entries in uow.audit.written.items():
            self._meter.audited(tag.value, entries)


@contextmanager
def told_as_ours() -> Iterator[None]:
    """Errors of the database as domain errors: a value that it cannot take is the asker's to mend, all else is ours."""
    try:
        yield
    except DataError as error:
        raise Invalid(
            "提交的内容中有数据库无法保存的值（过长、超出范围或含有不能保存的字符），未作任何更改。请更正后重试。"
        ) from error
    except (DBAPIError, PoolTimeout) as error:
        kind = type(error.orig if isinstance(error, DBAPIError) else error).__name__
        raise Unavailable(
            f"数据库当前无法完成此操作（{kind}），未作任何更改。"
            "请检查数据库是否在运行、磁盘是否可写，然后重试；可运行 educa doctor 查看原因。"
        ) from error


def connect(url: str) -> Engine:
    """An engine whose transactions start as this service needs them.

    SQLite: a writer takes its lock at BEGIN (no upgrade deadlocks), commits are synced to disk (synchronous=FULL): a
    serial must not be forgotten by a power cut after its certificate was signed. An error of the database names the
    statement and never the values, which may be a person's: it ends up in a log.
    """
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True)
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
