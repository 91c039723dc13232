"""What the workflows need from the outside, as Protocols; each docstring is the contract the adapter keeps."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from ca_service.clock import Clock
from ca_service.domain.applications import Application, Batch
from ca_service.domain.audit import AuditEntry, Tag
from ca_service.domain.certificates import Certificate, Issuer, PublishedCrl
from ca_service.domain.changes import AccountEvent, Change
from ca_service.domain.enrolments import Enrolment
from ca_service.domain.holders import Holder
from ca_service.domain.media import CustodyEvent, Medium, Parcel
from ca_service.domain.messages import Message
from ca_service.domain.responsible import ResponsiblePerson
from ca_service.domain.roles import Actor
from ca_service.domain.staff import Staff
from ca_service.domain.unit_cases import UnitCase, UnitEvent, UnitStep
from ca_service.domain.units import Unit

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

    def hold(self, codes: Iterable[str]) -> None:
        """Let nobody else hold these units until this transaction ends; waits for who holds one now.

        Who adds anything to a unit holds it before looking whether it may; so does who ends or changes it.
        """

    def search(
        self, text: str, *, within: str, ended: bool = False, limit: int | None = None, offset: int = 0
    ) -> tuple[Sequence[Unit], int]:
        """The units of a subtree whose code begins with the text or whose name contains it, by code, and how many
        there are; closed and merged ones only with `ended`.
        """

    def below(self, codes: Sequence[str]) -> Mapping[str, Below]:
        """What lies below each of these units."""


class Issuers(Repository[Issuer], Protocol):
    """Our CA certificates and their counters."""

    def log_change(self, issuer: str, serial: str) -> int:
        """Bump the issuer's status version and append (version, serial) to its change log; return the version."""

    def reserve_crl_number(self, issuer: str) -> int:
        """Take the next CRL number for good: it is never given again, whatever happens to the CRL."""


class Crls(Repository[PublishedCrl], Protocol):
    """Reserved and published CRL numbers."""

    def latest(self, issuer: str) -> PublishedCrl | None:
        """The signed CRL with the highest number."""

    def entries(self, issuer: str, *, expired_before: datetime) -> Sequence[bytes]:
        """The CRL entries (DER) of all frozen and revoked certificates that had not expired at that time."""


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
    def batches(self) -> Repository[Batch]: ...

    @property
    def applications(self) -> Repository[Application]: ...

    @property
    def holders(self) -> Repository[Holder]: ...

    @property
    def media(self) -> Repository[Medium]: ...

    @property
    def parcels(self) -> Repository[Parcel]: ...

    @property
    def custody(self) -> Repository[CustodyEvent]: ...

    @property
    def enrolments(self) -> Repository[Enrolment]: ...

    @property
    def issuers(self) -> Issuers: ...

    @property
    def certificates(self) -> Repository[Certificate]: ...

    @property
    def crls(self) -> Crls: ...

    @property
    def changes(self) -> Repository[Change]: ...

    @property
    def messages(self) -> Repository[Message]: ...

    @property
    def audit(self) -> AuditLog: ...

    def add_account_event(self, event: AccountEvent) -> None:
        """Append to the feed of relying systems; `seq` is given by the store, gapless in commit order."""

    def account_events(self, *, after: int, limit: int) -> Sequence[AccountEvent]:
        """The feed, in order."""


class Documents(Protocol):
    """Scans and sheets by content hash, encrypted. Writes are durable once they return; a repeat is free."""

    def put(self, content: bytes) -> str:
        """Keep the content; return its SHA-256 in hex."""

    def get(self, sha256: str) -> bytes:
        """Return the content; raise NotFound, or Invalid when it was damaged."""


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

    def prepare_crl(
        self, *, number: int, this_update: datetime, next_update: datetime, entries: Iterable[bytes]
    ) -> bytes:
        """Build a TBSCertList (DER) in this issuer's name."""

    def sign_crl(self, tbs: bytes, *, previous: bytes | None) -> bytes:
        """Sign and check a CRL against this CA and the one before; raise StateUnknown when the check fails."""


@dataclass(frozen=True)
class Terms:
    """The figures of the service that a configuration may set within the profiles' ceilings."""

    crl_lifetime: timedelta
    root_crl_lifetime: timedelta
    administrator_key: str
    state: str


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
    terms: Terms

    def new_id(self, prefix: str) -> str:
        """A short random identifier that tells nothing: the prefix and 16 hex digits."""
        return f"{prefix}{self.random_bytes(8).hex()}"
