"""What the workflows need from the outside, as Protocols; each docstring is the contract the adapter keeps."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol, TypeVar

from ca_service.clock import Clock
from ca_service.domain.applications import Application, Batch
from ca_service.domain.audit import AuditEntry, Tag
from ca_service.domain.campaigns import Campaign, Progress, Stage
from ca_service.domain.certificates import Certificate, Issuer, PublishedCrl, StatusEvent
from ca_service.domain.changes import AccountEvent, Change
from ca_service.domain.conflicts import ConflictCase
from ca_service.domain.drafts import Draft, DraftPart
from ca_service.domain.enrolments import Enrolment
from ca_service.domain.holders import Holder, SignIn
from ca_service.domain.media import CustodyEvent, DispatchSheet, HandOver, Medium, MediumStatus, Parcel, ParcelItem
from ca_service.domain.messages import Message
from ca_service.domain.orders import StatusOrder
from ca_service.domain.receipts import Receipt
from ca_service.domain.responsible import ResponsiblePerson
from ca_service.domain.review import Step
from ca_service.domain.roles import Actor
from ca_service.domain.second_factors import Passkey, RecoveryCode, TotpKey
from ca_service.domain.sign_in import Session
from ca_service.domain.staff import Staff
from ca_service.domain.unblocks import Release, SoPin
from ca_service.domain.unit_cases import UnitCase, UnitEvent, UnitStep
from ca_service.domain.units import Unit
from crl import Revocation

R = TypeVar("R")


@dataclass(frozen=True)
class Before:
    """In place of a value to `find`: the field is earlier than this moment."""

    moment: datetime


@dataclass(frozen=True)
class Since:
    """In place of a value to `find`: the field is this moment or later."""

    moment: datetime


class Repository(Protocol[R]):
    """Records of one kind, inside one transaction."""

    def add(self, record: R) -> None:
        """Store a new record; raise Conflict if its key, or another unique field, is taken."""

    def add_all(self, records: Iterable[R]) -> int:
        """Store many new records at once, in the order given; return how many. Raises Conflict like `add`."""

    def get(self, key: str) -> R:
        """Return the record; raise NotFound."""

    def find(
        self,
        *,
        limit: int | None = None,
        offset: int = 0,
        order: str = "",
        within: str | None = None,
        **equal: object,
    ) -> Sequence[R]:
        """Records whose named fields equal the values given (a sequence: any of them; Before, Since: a time).

        In key order, or by the field that `order` names (`-field`: falling). `within` is a unit: only what belongs to
        it or to a unit below it.
        """

    def count(self, *, within: str | None = None, **equal: object) -> int:
        """How many `find` would return."""

    def tally(self, field: str, *, within: str | None = None, **equal: object) -> Mapping[Any, int]:
        """How many `find` would return for each value of a field; values with none are left out."""

    def change(self, record: R, *, guard: Sequence[str] = (), **changed: Any) -> R:
        """Write the named fields if the stored record still has the key, status and `guard` fields of `record`.

        One guarded UPDATE; raise Conflict when somebody was first (zero rows). Returns the record as stored now.
        """

    def change_all(self, records: Sequence[R], *, guard: Sequence[str] = (), **changed: Any) -> None:
        """Write the same values to many records, each guarded as by `change`; raise Conflict if one has changed."""


class Transient(Repository[R], Protocol):
    """Records that serve for a while and are deleted: sessions and second factors, never business."""

    def remove(self, **equal: object) -> int:
        """Delete what `find` would return; return how many."""


class Tries(Protocol):
    """Counted tries, the same for all processes. A key says what is limited and for whom, as a keyed hash."""

    def count(self, key: str, *, per: timedelta, now: datetime) -> tuple[int, datetime]:
        """Count one more; return how many there are in the running window of length `per`, and when it began."""

    def forget(self, keys: Sequence[str]) -> None:
        """Begin anew for these keys."""

    def sweep(self, *, before: datetime) -> None:
        """Delete windows that began before."""


@dataclass(frozen=True)
class Below:
    """What lies below a unit: open units, and counting the unit itself, those with an information administrator now
    and how many such persons there are.
    """

    units: int
    manned: int
    administrators: int


class Units(Repository[Unit], Protocol):
    """The tree of units. `change` with another `parent_code` moves the whole subtree and refuses a loop (Conflict)."""

    def lineage(self, code: str) -> Sequence[str]:
        """Codes from the unit itself up to the centre; raise NotFound."""

    def lineages(self, codes: Iterable[str]) -> Mapping[str, Sequence[str]]:
        """The lineage of each unit named that exists."""

    def with_codes(self, codes: Sequence[str]) -> Sequence[Unit]:
        """The units of these codes, however many; unknown ones are left out."""

    def named(self, keys: Sequence[str]) -> Sequence[Unit]:
        """All open units whose name, normalised by `normalise_unit_name`, is one of the keys."""

    def similar(self, key: str, *, within: str, limit: int) -> Sequence[Unit]:
        """Some open units of a subtree whose normalised name contains the key, shortest names first."""

    def hold(self, codes: Iterable[str]) -> Mapping[str, Unit]:
        """The units as they stand, by code; unknown codes are left out. Nobody else holds or changes them until this
        transaction ends; waits for who holds one now.

        Whoever fills a unit's only place, or takes something for a unit that must not end meanwhile, holds it first.
        """

    def search(
        self, text: str, *, within: str, ended: bool = False, limit: int | None = None, offset: int = 0
    ) -> tuple[Sequence[Unit], int]:
        """The units of a subtree whose code begins with the text or whose name contains it, by code, and how many
        there are; closed and merged ones only with `ended`.
        """

    def below(self, codes: Sequence[str]) -> Mapping[str, Below]:
        """What lies below each of these units."""


class Drafts(Repository[Draft], Protocol):
    """Examined uploads with their bytes."""

    def put_part(self, draft_id: str, part: DraftPart, content: bytes) -> None:
        """Keep a part encrypted, instead of the one before."""

    def part(self, draft_id: str, part: DraftPart) -> bytes:
        """Return a part; raise NotFound."""

    def remove(self, ids: Sequence[str]) -> None:
        """Forget drafts and all their parts."""


class Issuers(Repository[Issuer], Protocol):
    """Our CA certificates and their counters."""

    def log_change(self, issuer: str, serial: str) -> int:
        """Bump the issuer's status version and append (version, serial) to its change log; return the version."""

    def changed_since(self, issuer: str, version: int) -> Sequence[str]:
        """The serials in the issuer's change log after this status version, each once."""

    def reserve_crl_number(self, issuer: str) -> int:
        """Take the next CRL number for good: it is never given again, whatever happens to the CRL."""


@dataclass(frozen=True)
class ExpiredEntry:
    """A certificate that a CRL listed until it had expired long enough."""

    serial: str
    not_after: datetime


class Crls(Repository[PublishedCrl], Protocol):
    """Reserved and published CRL numbers."""

    def oldest_current(self, issuer: str, *, at: datetime) -> PublishedCrl | None:
        """The oldest complete CRL that may still be relied on at this moment."""

    def last_refused(self, issuer: str) -> PublishedCrl | None:
        """The newest number, if its list was refused."""

    def dropped(self, issuer: str, *, expired_from: datetime, expired_before: datetime) -> Sequence[ExpiredEntry]:
        """What `entries` left out as expired at the second moment, but not yet at the first."""

    def latest(self, issuer: str) -> PublishedCrl | None:
        """The signed CRL with the highest number."""

    def entries(self, issuer: str, *, expired_before: datetime) -> Sequence[bytes]:
        """The CRL entries (DER) of all frozen and revoked certificates that had not expired at that time."""


class ProgressNumbers(Protocol):
    """The numbers of a campaign, right at the moment of asking."""

    def of(self, nodes: Sequence[str]) -> Mapping[str, Progress]:
        """The numbers of each of these units with all below it, by its code."""

    def lacking(self, stage: Stage, *, within: str, limit: int | None, offset: int) -> Sequence[Unit]:
        """Units of a subtree whose own administrator has not come so far, by code."""

    def count_lacking(self, stage: Stage, *, within: str) -> int:
        """How many `lacking` would find."""

    def by_day(self, within: str) -> Mapping[Stage, Mapping[date, int]]:
        """How many came so far on each day (Asia/Shanghai), for the stages whose moment is known."""


class Places(Protocol):
    """Where every token was at a moment."""

    def at(self, moment: datetime, *, within: str) -> Mapping[str, Mapping[MediumStatus, int]]:
        """By unit code and status, how many tokens the units of a subtree answered for."""

    def registered(self, moment: datetime) -> int:
        """How many tokens had been registered."""


class AuditLog(Protocol):
    """The append-only chain."""

    def append(
        self,
        actor: Actor,
        tag: Tag,
        subject: str,
        *,
        unit: str,
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        """Append one entry in this transaction; entries of transactions that commit are gapless and in order."""

    def append_all(self, actor: Actor, tag: Tag, subjects: Iterable[tuple[str, str]]) -> None:
        """Append an entry without detail for each (subject, unit code), in order."""

    def entries(self, *, after: int = 0) -> Iterable[AuditEntry]:
        """All entries with a greater sequence number, in order, without loading them all."""

    def head(self) -> tuple[int, bytes]:
        """Number and hash of the last entry, as the writers keep them."""


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
    def changes(self) -> Repository[Change]: ...

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
    def progress(self) -> ProgressNumbers: ...

    @property
    def audit(self) -> AuditLog: ...

    def add_account_event(self, event: AccountEvent) -> None:
        """Append to the feed of relying systems; `seq` is given by the store, gapless in commit order."""

    def account_events(self, *, after: int, limit: int) -> Sequence[AccountEvent]:
        """The feed, in order."""

    def account_events_head(self) -> int:
        """The number of the last event; 0 when there is none."""


class Documents(Protocol):
    """Scans and sheets by content hash, encrypted. Writes are durable once they return; a repeat is free."""

    def put(self, content: bytes) -> str:
        """Keep the content; return its SHA-256 in hex."""

    def get(self, sha256: str) -> bytes:
        """Return the content; raise NotFound, or Invalid when it was damaged."""


class Postponed(Exception):
    """The channel cannot take the message now; it has not gone out. The text is English, without personal data."""


class Rejected(Exception):
    """The channel will never take this message; it has not gone out."""


class Unsure(Exception):
    """Whether the message went out is not known."""


class Courier(Protocol):
    """One channel to people."""

    def send(self, message: Message) -> None:
        """Hand the message over; returning means the channel has taken it. Raises Postponed, Rejected, Unsure."""


class ListRefused(Exception):
    """A CRL must not be published; the text (English) names the rule and the serials."""


class Linted(Protocol):
    """A TBSCertificate that passed the linter; single use."""

    @property
    def tbs(self) -> bytes:
        """The DER that `issue` will sign, byte for byte."""


@dataclass(frozen=True)
class Order:
    """What to certify; `valid_for` is cut to the profile's ceiling and to the issuer's own end."""

    profile: str
    serial: str
    public_key: bytes
    common_name: str
    not_before: datetime
    valid_for: timedelta | None = None
    organization: str | None = None
    organization_identifier: str | None = None
    state: str | None = None
    locality: str | None = None
    holder_id: str | None = None
    dns_names: Sequence[str] = ()
    ip_addresses: Sequence[str] = ()


class Authority(Protocol):
    """The door to one CA key. Raises Unavailable when the key cannot be reached."""

    @property
    def certificate(self) -> bytes:
        """The CA certificate, DER."""

    def check_key(self, profile: str, public_key: bytes) -> None:
        """Raise KeyWeak for a public key (SPKI DER) that the profile does not allow."""

    def prepare(self, order: Order) -> Linted:
        """Build and lint a TBSCertificate; raise Invalid when the order breaks the profile. No key is used."""

    def issue(self, linted: Linted) -> bytes:
        """Sign what `prepare` linted, once; the certificate's TBS is proven equal to the linted one."""

    @property
    def has_deltas(self) -> bool:
        """Whether this issuer publishes delta CRLs, and says in its certificates and complete CRLs where."""

    def prepare_crl(
        self,
        *,
        number: int,
        this_update: datetime,
        next_update: datetime,
        entries: Iterable[bytes],
        base_number: int | None = None,
    ) -> bytes:
        """Build a TBSCertList (DER) in this issuer's name; with `base_number` a delta to the CRL of that number."""

    def sign_crl(self, tbs: bytes, *, previous: bytes | None, expected: Mapping[int, Revocation | None]) -> bytes:
        """Sign a complete CRL and check it against this CA and the one before, which it differs from by `expected`
        (serial -> what is said of it now, None: nothing) and by nothing else; raise ListRefused.
        """

    def sign_delta(self, tbs: bytes, *, base: bytes, complete: bytes) -> bytes:
        """Sign a delta and check that with its base it says what the complete CRL of its number says; raise
        ListRefused.
        """


class SoPinCustody(Protocol):
    """The door to the custody key. Raises Unavailable when the key cannot be read."""

    @property
    def public_key(self) -> bytes:
        """What SO PINs are sealed for (SPKI DER, P-256)."""

    def check(self, sealed: bytes, *, serial: str) -> None:
        """Raise Invalid unless this is something sealed for the custody key and this token."""

    def reseal(self, sealed: bytes, *, serial: str, reader: bytes, nonce: bytes) -> bytes:
        """Seal the same SO PIN for one run of the helper: `reader` is its key (SPKI DER). Raises Invalid."""


@dataclass(frozen=True)
class Terms:
    """The figures of the service that a configuration may set within the profiles' ceilings."""

    crl_lifetime: timedelta
    root_crl_lifetime: timedelta
    administrator_key: str
    state: str
    order_confirmation: timedelta = timedelta(hours=24)
    hold_reminder: timedelta = timedelta(days=30)
    longest_hold: timedelta = timedelta(days=90)
    confirmation: timedelta = timedelta(hours=24)
    unconfirmed_hold: timedelta = timedelta(days=7)
    renewal_window: timedelta = timedelta(days=30)
    second_factor_required: bool = True


@dataclass(frozen=True)
class Services:
    """Everything a workflow may use; made once by wiring.py and handed to each workflow as its first argument."""

    begin: Callable[[], AbstractContextManager[UnitOfWork]]
    read: Callable[[], AbstractContextManager[UnitOfWork]]
    clock: Clock
    random_bytes: Callable[[int], bytes]
    keyed_hash: Callable[[str], str]
    documents: Documents
    authority: Callable[[str], Authority]
    custody: SoPinCustody
    terms: Terms

    def new_id(self, prefix: str) -> str:
        """A short random identifier that tells nothing: the prefix and 16 hex digits."""
        return f"{prefix}{self.random_bytes(8).hex()}"
