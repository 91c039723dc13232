"""One transaction on the store: everything that is in it, or nothing."""

from collections.abc import Sequence
from typing import Protocol

from ca_service.domain.applications import Application, Batch
from ca_service.domain.campaigns import Campaign
from ca_service.domain.certificates import Certificate, StatusEvent
from ca_service.domain.changes import AccountEvent, Change
from ca_service.domain.compromises import Compromise
from ca_service.domain.conflicts import ConflictCase
from ca_service.domain.crl_alarms import CrlAlarm
from ca_service.domain.crl_overrides import CrlOverride
from ca_service.domain.enrolments import Enrolment
from ca_service.domain.health import Pulse
from ca_service.domain.holders import Holder, SignIn
from ca_service.domain.leases import Lease
from ca_service.domain.media import CustodyEvent, DispatchSheet, HandOver, Medium, Parcel, ParcelItem
from ca_service.domain.messages import Message
from ca_service.domain.orders import StatusOrder
from ca_service.domain.presigned import PresignRun
from ca_service.domain.propagation import Lag
from ca_service.domain.proposals import Proposal
from ca_service.domain.receipts import Receipt
from ca_service.domain.responsible import ResponsiblePerson
from ca_service.domain.review import Step
from ca_service.domain.second_factors import Passkey, RecoveryCode, TotpKey
from ca_service.domain.sign_in import Session
from ca_service.domain.staff import Staff
from ca_service.domain.transfers import Transfer
from ca_service.domain.unblocks import Release, SoPin
from ca_service.domain.unit_cases import UnitCase, UnitEvent, UnitStep
from ca_service.workflows.ports.answers import OcspAnswers
from ca_service.workflows.ports.audit_tree import AuditTree
from ca_service.workflows.ports.erasing import Erasing
from ca_service.workflows.ports.records import AuditLog, Crls, Drafts, Issuers, Places, ProgressNumbers, Units
from ca_service.workflows.ports.repository import Repository, Transient, Tries


class UnitOfWork(Protocol):
    """One transaction over all repositories."""

    @property
    def units(self) -> Units: ...

    @property
    def unit_cases(self) -> Repository[UnitCase]: ...

    @property
    def unit_events(self) -> Repository[UnitEvent]: ...

    @property
    def unit_steps(self) -> Repository[UnitStep]: ...

    @property
    def responsible(self) -> Repository[ResponsiblePerson]: ...

    @property
    def staff(self) -> Repository[Staff]: ...

    @property
    def proposals(self) -> Repository[Proposal]: ...

    @property
    def drafts(self) -> Drafts: ...

    @property
    def sessions(self) -> Transient[Session]: ...

    @property
    def totp_keys(self) -> Transient[TotpKey]: ...

    @property
    def recovery_codes(self) -> Transient[RecoveryCode]: ...

    @property
    def passkeys(self) -> Transient[Passkey]: ...

    @property
    def tries(self) -> Tries: ...

    @property
    def batches(self) -> Repository[Batch]: ...

    @property
    def applications(self) -> Repository[Application]: ...

    @property
    def holders(self) -> Repository[Holder]: ...

    @property
    def receipts(self) -> Repository[Receipt]: ...

    @property
    def media(self) -> Repository[Medium]: ...

    @property
    def parcels(self) -> Repository[Parcel]: ...

    @property
    def parcel_items(self) -> Repository[ParcelItem]: ...

    @property
    def hand_overs(self) -> Repository[HandOver]: ...

    @property
    def sheets(self) -> Repository[DispatchSheet]: ...

    @property
    def places(self) -> Places: ...

    @property
    def custody(self) -> Repository[CustodyEvent]: ...

    @property
    def enrolments(self) -> Repository[Enrolment]: ...

    @property
    def releases(self) -> Repository[Release]: ...

    @property
    def so_pins(self) -> Transient[SoPin]: ...

    @property
    def issuers(self) -> Issuers: ...

    @property
    def certificates(self) -> Repository[Certificate]: ...

    @property
    def status_events(self) -> Repository[StatusEvent]: ...

    @property
    def orders(self) -> Repository[StatusOrder]: ...

    @property
    def crls(self) -> Crls: ...

    @property
    def crl_overrides(self) -> Repository[CrlOverride]: ...

    @property
    def crl_alarms(self) -> Repository[CrlAlarm]: ...

    @property
    def compromises(self) -> Repository[Compromise]: ...

    @property
    def presign_runs(self) -> Transient[PresignRun]: ...

    @property
    def ocsp_answers(self) -> OcspAnswers: ...

    @property
    def changes(self) -> Repository[Change]: ...

    @property
    def transfers(self) -> Repository[Transfer]: ...

    @property
    def steps(self) -> Repository[Step]: ...

    @property
    def conflicts(self) -> Repository[ConflictCase]: ...

    @property
    def messages(self) -> Repository[Message]: ...

    @property
    def campaigns(self) -> Repository[Campaign]: ...

    @property
    def sign_ins(self) -> Repository[SignIn]: ...

    @property
    def erasing(self) -> Erasing: ...

    @property
    def lags(self) -> Transient[Lag]: ...

    @property
    def leases(self) -> Transient[Lease]: ...

    @property
    def pulses(self) -> Transient[Pulse]: ...

    @property
    def progress(self) -> ProgressNumbers: ...

    @property
    def audit(self) -> AuditLog: ...

    @property
    def audit_tree(self) -> AuditTree: ...

    def add_account_event(self, event: AccountEvent) -> None:
        """Append to the feed of relying systems; `seq` is given by the store, gapless in commit order."""

    def account_events(self, *, after: int, limit: int) -> Sequence[AccountEvent]:
        """The feed, in order."""

    def account_events_head(self) -> int:
        """The number of the last event; 0 when there is none."""
