"""What is outside the store: documents, couriers, keys; and all that a workflow is given."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ca_service.clock import Clock
from ca_service.domain.field_keys import KeyRing
from ca_service.domain.health import KeyDevice
from ca_service.domain.key_use import Use
from ca_service.domain.messages import Message
from ca_service.workflows.ports.meter import Meter, Unmeasured
from ca_service.workflows.ports.unit_of_work import UnitOfWork
from ca_service.workflows.together import Together
from crl import Revocation

_LIKE_A_NUMBER = re.compile(r"\d{8}")


class Documents(Protocol):
    """Scans and sheets by content hash, encrypted. Writes are durable once they return; a repeat is free."""

    def put(self, content: bytes) -> str:
        """Keep the content; return its SHA-256 in hex."""

    def get(self, sha256: str) -> bytes:
        """Return the content; raise NotFound, or Invalid when it was damaged."""

    def remove(self, sha256: str, *, put_before: datetime) -> bool:
        """Take a document away for good, unless somebody has put it (again) since `put_before`; return whether it is
        gone. One that is not there is gone.
        """

    def names(self) -> Iterator[str]:
        """The hashes of all documents that there are."""


class Postponed(Exception):
    """The channel cannot take the message now; it has not gone out. The text is English, without personal data."""


class Rejected(Exception):
    """The channel will never take this message; it has not gone out."""


class Unsure(Exception):
    """Whether the message went out is not known."""


class Courier(Protocol):
    """Takes messages of one channel: SMS, or e-mail. A message may be handed over twice after a crash."""

    def send(self, message: Message) -> None:
        """Hand the message over; returning means the channel has taken it. Raises Postponed, Rejected, Unsure."""


class Mirror(Protocol):
    """A place outside where the publication's files lie too. Paths are those of the URLs, without the first slash."""

    def put(self, path: str, content: bytes, *, number: int | None = None) -> None:
        """Put a file there, durably, whole or not at all. With a CRL's `number`, unless a newer one is there already.
        Raises Unavailable; a repeat is safe.
        """

    def remove(self, path: str) -> None:
        """Take a file away, if it is there; raise Unavailable."""

    def number(self, path: str) -> int:
        """The number of the CRL that is there; 0 where there is none, or something else."""


class ListRefused(Exception):
    """A CRL must not be published; the text (English) names the rule and the serials.

    `serials`: those that differ without a cause; empty where another rule was broken, which nobody can let pass.
    """

    def __init__(self, text: str, serials: Sequence[int] = ()) -> None:
        super().__init__(text)
        self.serials = serials


class Linted(Protocol):
    """A TBSCertificate that passed the linter; single use."""

    @property
    def tbs(self) -> bytes:
        """The DER that `issue` will sign, byte for byte."""

    @property
    def shard(self) -> int | None:
        """Which part of the issuer's CRL it names as the place of its status; None: the whole."""


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

    def require_key(self, use: Use) -> None:
        """Raise Unavailable, or Busy, when the key cannot sign now or is over its rate. Asked before anything is
        written for a signature, so that an outage leaves neither serials to revoke nor numbers to skip.
        """

    def check_key(self, profile: str, public_key: bytes) -> None:
        """Raise KeyWeak for a public key (SPKI DER) that the profile does not allow."""

    def prepare(self, order: Order) -> Linted:
        """Build and lint a TBSCertificate; raise Invalid when the order breaks the profile. No key is used."""

    def issue(self, linted: Linted) -> bytes:
        """Sign what `prepare` linted, once; the certificate's TBS is proven equal to the linted one."""

    @property
    def has_deltas(self) -> bool:
        """Whether this issuer publishes delta CRLs, and says in its certificates and complete CRLs where."""

    def shard_url(self, shard: int) -> str:
        """Where this part of the issuer's CRL is published, as its certificates say."""

    def prepare_crl(
        self,
        *,
        shard: int | None = None,
        number: int,
        this_update: datetime,
        next_update: datetime,
        entries: Iterable[bytes],
        base_number: int | None = None,
    ) -> bytes:
        """Build a TBSCertList (DER) in this issuer's name, of all its certificates or those of one shard; with
        `base_number` a delta to the CRL of that number.
        """

    def sign_crl(self, tbs: bytes, *, previous: bytes | None, expected: Mapping[int, Revocation | None]) -> bytes:
        """Sign a complete CRL and check it against this CA and the one before, which it differs from by `expected`
        (serial -> what is said of it now, None: nothing) and by nothing else; raise ListRefused. Without one before it
        must say what is expected, and nothing else.
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


class FieldKeys(Protocol):
    """The ring of the keys that seal personal data; each change is whole and durable when the call returns."""

    def state(self) -> KeyRing:
        """Which key seals, which only open; names and dates, never the secrets."""

    def announce(self, secret: bytes) -> KeyRing:
        """Add a key (32 octets) that every process can open with from now on and nobody seals with; raise Conflict."""

    def switch(self, at: datetime) -> KeyRing:
        """Let the announced key seal, and the current one only open; raise Conflict where none is announced."""

    def remove(self, key_id: str) -> KeyRing:
        """Forget a retired key for good."""


class SealedData(Protocol):
    """Rows and documents that are sealed with field keys."""

    def reseal(self, limit: int) -> Iterator[int]:
        """Seal anew what is not sealed with the current key; yield the number after each transaction of at most
        `limit` rows and after each document. What others write meanwhile is kept. Can be broken off anywhere.
        """

    def left(self) -> int:
        """How many values are sealed with another key than the current one."""


@dataclass(frozen=True)
class Terms:
    """The figures of the service that a configuration may set within the profiles' ceilings."""

    crl_lifetime: timedelta
    root_crl_lifetime: timedelta
    administrator_key: str
    state: str
    crl_interval: timedelta = timedelta(hours=1)
    crl_pause: timedelta = timedelta(seconds=1)
    crl_alarm: timedelta = timedelta(hours=8)
    root_crl_alarm: timedelta = timedelta(days=30)
    crl_shards: int = 0
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
    meter: Meter = field(default_factory=Unmeasured)
    together: Together = field(default_factory=Together)
    devices: Callable[[], Sequence[KeyDevice]] = tuple

    def new_id(self, prefix: str) -> str:
        """A short random identifier that tells nothing: the prefix and 16 hex digits.

        Those of persons stand in certificates, whose profile refuses what looks like a telephone or ID number.
        """
        while _LIKE_A_NUMBER.search(text := self.random_bytes(8).hex()):
            continue
        return f"{prefix}{text}"
