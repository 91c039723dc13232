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
    def units(self) -> Units:
        """The tree of units, those that were closed or merged included; key: the code."""

    @property
    def unit_cases(self) -> Repository[UnitCase]:
        """Mergers, renames and the like that one administrator proposed and another one decides."""

    @property
    def unit_events(self) -> Repository[UnitEvent]:
        """The history of each unit, never changed once written."""

    @property
    def unit_steps(self) -> Repository[UnitStep]:
        """What a decided unit case touched, thing by thing."""

    @property
    def responsible(self) -> Repository[ResponsiblePerson]:
        """Versions of the roster of responsible people; the contact is encrypted."""

    @property
    def staff(self) -> Repository[Staff]:
        """Accounts of the console, kept when they are disabled; key: the login."""

    @property
    def proposals(self) -> Repository[Proposal]:
        """Acts on accounts and keys that one administrator proposed and another one decides."""

    @property
    def drafts(self) -> Drafts:
        """Uploads that were examined and not taken yet, encrypted, for seven days."""

    @property
    def sessions(self) -> Transient[Session]:
        """Signed-in browsers of the staff; key: the keyed hash of the cookie."""

    @property
    def totp_keys(self) -> Transient[TotpKey]:
        """Authenticators of the accounts; the shared secret is encrypted."""

    @property
    def recovery_codes(self) -> Transient[RecoveryCode]:
        """What opens an account without its second factor, each once; as keyed hashes only."""

    @property
    def passkeys(self) -> Transient[Passkey]:
        """WebAuthn credentials of the accounts, public halves only; key: the credential ID as base64url."""

    @property
    def tries(self) -> Tries:
        """Counters of what may be tried so many times: sign-ins and codes, the same for all processes."""

    @property
    def batches(self) -> Repository[Batch]:
        """Uploads that were taken, each with the hashes of its spreadsheet and scan."""

    @property
    def applications(self) -> Repository[Application]:
        """Registrations of persons, whatever became of them; the contact is encrypted."""

    @property
    def holders(self) -> Repository[Holder]:
        """Persons whom the directory has pushed, under an opaque identifier; the contact is encrypted."""

    @property
    def receipts(self) -> Repository[Receipt]:
        """What was answered to each push; a body that a directory repeats finds its own here."""

    @property
    def media(self) -> Repository[Medium]:
        """Tokens, from their registration to their destruction; key: the serial number."""

    @property
    def parcels(self) -> Repository[Parcel]:
        """Shipments of tokens between units, arrived ones included."""

    @property
    def parcel_items(self) -> Repository[ParcelItem]:
        """Which tokens a parcel lists, and how each arrived."""

    @property
    def hand_overs(self) -> Repository[HandOver]:
        """Rows of the dispatch record: which token was prepared for, and given to, which person."""

    @property
    def sheets(self) -> Repository[DispatchSheet]:
        """Printed dispatch sheets, with the hash of the signed scan once it came back."""

    @property
    def places(self) -> Places:
        """Where tokens are or were: counted from `media` and `custody`, not stored beside them."""

    @property
    def custody(self) -> Repository[CustodyEvent]:
        """Every step of every token, only appended; the last one agrees with the row in `media`."""

    @property
    def enrolments(self) -> Repository[Enrolment]:
        """Downloads and renewals of certificates; codes and sessions are kept as keyed hashes only."""

    @property
    def releases(self) -> Repository[Release]:
        """Unblockings of a PIN that a change form allowed; codes are kept as keyed hashes only."""

    @property
    def so_pins(self) -> Transient[SoPin]:
        """SO PINs that a token may have, sealed for the custody key: the store cannot read them."""

    @property
    def issuers(self) -> Issuers:
        """The root and every issuing CA with its status version and CRL number; key: the name."""

    @property
    def certificates(self) -> Repository[Certificate]:
        """Every serial that was ever intended, also where no signature followed; none is removed."""

    @property
    def status_events(self) -> Repository[StatusEvent]:
        """Each step of a certificate with the ground it was taken on, only appended."""

    @property
    def orders(self) -> Repository[StatusOrder]:
        """Emergency freezes and the like that one officer has done and a second one confirms."""

    @property
    def crls(self) -> Crls:
        """Lists as they were published, and what the next one is made of."""

    @property
    def crl_overrides(self) -> Repository[CrlOverride]:
        """Permissions to publish a list in spite of differences that the gate refuses."""

    @property
    def crl_alarms(self) -> Repository[CrlAlarm]:
        """What was told about a list already, so that it is told once."""

    @property
    def compromises(self) -> Repository[Compromise]:
        """Reports that an issuing key is no longer ours alone; an open one stops the issuing."""

    @property
    def presign_runs(self) -> Transient[PresignRun]:
        """How far the signing of OCSP answers ahead has come, and which process does it."""

    @property
    def ocsp_answers(self) -> OcspAnswers:
        """OCSP answers that were signed ahead, as DER."""

    @property
    def changes(self) -> Repository[Change]:
        """Change forms (用户变更申请单), whatever became of them; the paper is encrypted."""

    @property
    def transfers(self) -> Repository[Transfer]:
        """Hand-overs from an administrator who leaves to the one who comes."""

    @property
    def steps(self) -> Repository[Step]:
        """Acts of reviewers on applications and change forms, each with the hash of what was shown."""

    @property
    def conflicts(self) -> Repository[ConflictCase]:
        """Pairs of live applications with the same ID number, decided ones included."""

    @property
    def messages(self) -> Repository[Message]:
        """The outbox of SMS and e-mail; address and text are encrypted."""

    @property
    def campaigns(self) -> Repository[Campaign]:
        """The plans with their dates; the days are those of Asia/Shanghai."""

    @property
    def sign_ins(self) -> Repository[SignIn]:
        """The first sign-in of each person, as relying systems reported it."""

    @property
    def erasing(self) -> Erasing:
        """Everything about erasing persons after their retention has ended."""

    @property
    def lags(self) -> Transient[Lag]:
        """Measurements of how long changes of status took to be seen; old ones are removed."""

    @property
    def leases(self) -> Transient[Lease]:
        """Which process does what only one may do at a time, and until when."""

    @property
    def pulses(self) -> Transient[Pulse]:
        """Processes of the service that were heard of lately."""

    @property
    def progress(self) -> ProgressNumbers:
        """Counts for the board of a campaign, over a unit's subtree."""

    @property
    def audit(self) -> AuditLog:
        """The hash chain of audit entries, only appended."""

    @property
    def audit_tree(self) -> AuditTree:
        """Complete subtrees of the Merkle tree over the audit log, and its signed checkpoints."""

    def add_account_event(self, event: AccountEvent) -> None:
        """Append to the feed of relying systems; `seq` is given by the store, gapless in commit order."""

    def account_events(self, *, after: int, limit: int) -> Sequence[AccountEvent]:
        """The feed, in order."""

    def account_events_head(self) -> int:
        """The number of the last event; 0 when there is none."""
