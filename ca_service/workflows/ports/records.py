"""What single kinds of records can do besides; each docstring is the contract the adapter keeps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from ca_service.domain.audit import AuditEntry, Tag
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.campaigns import Progress, Stage
from ca_service.domain.certificates import Issuer
from ca_service.domain.crls import CrlLine, CrlOutline, CrlShard, PublishedCrl
from ca_service.domain.drafts import Draft, DraftPart
from ca_service.domain.media import MediumStatus
from ca_service.domain.roles import Actor
from ca_service.domain.units import Unit
from ca_service.workflows.ports.repository import Repository


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

    def changed_since(self, line: CrlLine, version: int, *, limit: int | None = None) -> Sequence[str]:
        """The serials in the issuer's change log after this status version, each once: those that the line lists."""

    def logged(self, line: CrlLine, *, after: int, upto: int) -> Sequence[datetime]:
        """When those changes of these versions that the line lists were logged, in order; those from before clocks were
        kept are left out.
        """

    def hold(self, issuer: str) -> Issuer:
        """The issuer as it stands. Until this transaction ends nobody else changes a status of its certificates or
        takes one of its CRL numbers; waits for who does so now.
        """

    def reserve_crl_number(self, line: CrlLine) -> int:
        """Take the line's next CRL number for good: it is never given again, whatever happens to the CRL."""


@dataclass(frozen=True)
class ExpiredEntry:
    """A certificate that a CRL listed until it had expired long enough."""

    serial: str
    not_after: datetime


@dataclass(frozen=True)
class Standing:
    """The newest published CRL of a line without its octets, and whether the number after it was refused."""

    number: int
    status_version: int
    this_update: datetime
    next_update: datetime
    has_delta: bool
    refused: bool


class Crls(Repository[PublishedCrl], Protocol):
    """Reserved and published CRL numbers, by the name of their line."""

    def lines(self, issuer: str) -> Sequence[CrlLine]:
        """What is published of this issuer: the complete list, then each shard that was ever opened."""

    def shards(self, issuer: str) -> Sequence[CrlShard]:
        """The shards of this issuer that were opened, by number."""

    def open_shards(self, shards: Sequence[CrlShard]) -> None:
        """Open shards for good; raise Conflict when one of them is open."""

    def skip_numbers(self, issuer: str, step: int) -> None:
        """Let the numbers of all shards of this issuer go on so much later."""

    def outlines(self, name: str) -> tuple[CrlOutline | None, CrlOutline | None]:
        """The newest number whatever became of it, and the newest that was published; without the lists, so cheap."""

    def octets(self, name: str, number: int, *, delta: bool) -> bytes | None:
        """A published list, or the delta of its number; None where there is none."""

    def oldest_current(self, name: str, *, at: datetime) -> PublishedCrl | None:
        """The oldest complete CRL that may still be relied on at this moment."""

    def standing(self, name: str) -> Standing | None:
        """How the line's list stands; None before the first."""

    def last_this_update(self, name: str) -> datetime | None:
        """thisUpdate of the line's newest number, published or not."""

    def last_refused(self, name: str) -> PublishedCrl | None:
        """The newest number, if its list was refused."""

    def dropped(self, line: CrlLine, *, settled: datetime, before: datetime | None) -> Sequence[ExpiredEntry]:
        """What `entries` leaves out as expired with this `settled`, and did not with the one before."""

    def latest(self, name: str) -> PublishedCrl | None:
        """The published CRL with the highest number."""

    def entries(self, line: CrlLine, *, settled: datetime | None) -> Sequence[bytes]:
        """The CRL entries (DER) of the line's frozen and revoked certificates, without those that may be dropped
        (`crl.may_drop`) since a regular list of the moment `settled`.
        """


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
    """The chain of entries: appended to under one lock, so in commit order; nothing changes or removes one."""

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

    def append_all(
        self,
        actor: Actor,
        tag: Tag,
        subjects: Iterable[tuple[str, str]],
        *,
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        """Append an entry with this detail for each (subject, unit code), in order."""

    def entries(self, *, after: int = 0) -> Iterable[AuditEntry]:
        """All entries with a greater sequence number, in order, without loading them all."""

    def find(
        self, wanted: AuditFilter, *, below: int | None = None, above: int | None = None, limit: int
    ) -> Sequence[AuditEntry]:
        """The newest entries that fit, newest first: of all, of those with a smaller number than `below`, or (if
        `above` is given) the oldest ones with a greater number than that.
        """

    def head(self) -> tuple[int, bytes]:
        """Number and hash of the last entry, as the writers keep them."""
