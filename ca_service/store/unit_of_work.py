"""All repositories on one transaction."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeVar

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
from ca_service.domain.proposals import Proposal
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
from ca_service.store.erasing import SqlErasing
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

R = TypeVar("R")
_Sealed = tuple[str, type[Any]]


def _records(
    record: type[R], row: type[models.Base], noun: str, *, sealed: _Sealed | None = None, place: str = "unit_code"
) -> "cached_property[SqlRepository[R]]":
    return cached_property(
        lambda uow: SqlRepository(uow.session, record, row, noun=noun, sealed=uow.sealed(sealed), place=place)
    )


def _transient(
    record: type[R], row: type[models.Base], noun: str, *, sealed: _Sealed | None = None
) -> "cached_property[SqlTransient[R]]":
    return cached_property(lambda uow: SqlTransient(uow.session, record, row, noun=noun, sealed=uow.sealed(sealed)))


class SqlUnitOfWork:
    """Implements `workflows.ports.UnitOfWork` on one session. A repository is made when it is first asked for: most
    transactions use a few.
    """

    unit_cases = _records(UnitCase, models.UnitCaseRow, "单位变更")
    unit_events = _records(UnitEvent, models.UnitEventRow, "单位历史")
    unit_steps = _records(UnitStep, models.UnitStepRow, "单位变更明细")
    responsible = _records(ResponsiblePerson, models.ResponsibleRow, "负责人员", sealed=("contact", OfficeContact))
    proposals = _records(Proposal, models.ProposalRow, "双人确认事项")
    sessions = _transient(SignedIn, models.SessionRow, "登录")
    totp_keys = _transient(TotpKey, models.TotpKeyRow, "动态验证码", sealed=("secret", TotpSecret))
    recovery_codes = _transient(RecoveryCode, models.RecoveryCodeRow, "恢复码")
    passkeys = _transient(Passkey, models.PasskeyRow, "通行密钥")
    batches = _records(Batch, models.BatchRow, "批次")
    applications = _records(Application, models.ApplicationRow, "申请", sealed=("contact", Contact))
    holders = _records(Holder, models.HolderRow, "持证人", sealed=("contact", Contact))
    receipts = _records(Receipt, models.ReceiptRow, "推送回执")
    media = _records(Medium, models.MediumRow, "介质", place="at_unit")
    parcel_items = _records(ParcelItem, models.ParcelItemRow, "包裹清单")
    hand_overs = _records(HandOver, models.HandOverRow, "派发记录")
    sheets = _records(DispatchSheet, models.DispatchSheetRow, "派发记录单")
    custody = _records(CustodyEvent, models.CustodyRow, "流转记录")
    releases = _records(Release, models.ReleaseRow, "解锁")
    so_pins = _transient(SoPin, models.SoPinRow, "管理 PIN")
    certificates = _records(Certificate, models.CertificateRow, "证书")
    status_events = _records(StatusEvent, models.StatusEventRow, "证书履历")
    orders = _records(StatusOrder, models.StatusOrderRow, "应急处置")
    crl_overrides = _records(CrlOverride, models.CrlOverrideRow, "CRL 强制发布")
    crl_alarms = _records(CrlAlarm, models.CrlAlarmRow, "CRL 告警")
    compromises = _records(Compromise, models.CompromiseRow, "密钥泄露处置")
    presign_runs = _transient(PresignRun, models.PresignRunRow, "预签")
    changes = _records(Change, models.ChangeRow, "变更申请", sealed=("paper", Paper))
    transfers = _records(Transfer, models.TransferRow, "交接")
    steps = _records(Step, models.StepRow, "审核步骤", place="from_unit")
    conflicts = _records(ConflictCase, models.ConflictRow, "重复登记", place="at_unit")
    messages = _records(Message, models.MessageRow, "消息", sealed=("letter", Letter))
    campaigns = _records(Campaign, models.CampaignRow, "实施计划")
    sign_ins = _records(SignIn, models.SignInRow, "首次登录")
    lags = _transient(Lag, models.LagRow, "测量值")
    leases = _transient(Lease, models.LeaseRow, "租约")
    pulses = _transient(Pulse, models.PulseRow, "进程")

    def __init__(self, session: Session, *, sealer: Sealer, clock: Clock) -> None:
        self.session = session
        self._sealer = sealer
        self._clock = clock

    def sealed(self, field: _Sealed | None) -> tuple[str, type[Any], Sealer] | None:
        """The field that is kept encrypted, with what encrypts it."""
        return None if field is None else (*field, self._sealer)

    @cached_property
    def units(self) -> SqlUnits:
        """See the port."""
        return SqlUnits(self.session)

    @cached_property
    def drafts(self) -> SqlDrafts:
        """See the port."""
        return SqlDrafts(self.session, self._sealer)

    @cached_property
    def staff(self) -> SqlStaff:
        """See the port."""
        return SqlStaff(self.session)

    @cached_property
    def tries(self) -> SqlTries:
        """See the port."""
        return SqlTries(self.session)

    @cached_property
    def parcels(self) -> SqlParcels:
        """See the port."""
        return SqlParcels(self.session)

    @cached_property
    def places(self) -> SqlPlaces:
        """See the port."""
        return SqlPlaces(self.session)

    @cached_property
    def enrolments(self) -> SqlEnrolments:
        """See the port."""
        return SqlEnrolments(self.session)

    @cached_property
    def issuers(self) -> SqlIssuers:
        """See the port."""
        return SqlIssuers(self.session, self._clock)

    @cached_property
    def crls(self) -> SqlCrls:
        """See the port."""
        return SqlCrls(self.session)

    @cached_property
    def ocsp_answers(self) -> SqlOcspAnswers:
        """See the port."""
        return SqlOcspAnswers(self.session)

    @cached_property
    def erasing(self) -> SqlErasing:
        """See the port."""
        return SqlErasing(self.session, self._sealer)

    @cached_property
    def progress(self) -> SqlProgress:
        """See the port."""
        return SqlProgress(self.session)

    @cached_property
    def audit(self) -> SqlAuditLog:
        """See the port."""
        return SqlAuditLog(self.session, self._clock)

    @cached_property
    def audit_tree(self) -> SqlAuditTree:
        """See the port."""
        return SqlAuditTree(self.session)

    @cached_property
    def _account_events(self) -> SqlAccountEvents:
        return SqlAccountEvents(self.session)

    def add_account_event(self, event: AccountEvent) -> None:
        """See the port."""
        self._account_events.append(event)

    def account_events(self, *, after: int, limit: int) -> Sequence[AccountEvent]:
        """See the port."""
        return self._account_events.after(after, limit)

    def account_events_head(self) -> int:
        """See the port."""
        return self._account_events.head()
