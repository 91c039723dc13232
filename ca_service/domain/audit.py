"""The audit vocabulary and the arithmetic of the hash chain; no I/O.

An entry's hash covers every field of the entry and the hash before it, so a changed, missing or swapped entry breaks
the chain at a place that can be named. Details carry identifiers and reasons, never personal data or secrets.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

GENESIS = bytes(32)


class Tag(StrEnum):
    """source:subject:act. A closed set: retired tags stay here as comments."""

    CEREMONY = "ca:ceremony:completed"
    CERTIFICATE_INTENT = "ca:certificate:intent"
    CERTIFICATE_ISSUED = "ca:certificate:issued"
    CERTIFICATE_CONFIRMED = "ca:certificate:confirmed"
    CERTIFICATE_FROZEN = "ca:certificate:frozen"
    CERTIFICATE_UNFROZEN = "ca:certificate:unfrozen"
    CERTIFICATE_OUTDATED = "ca:certificate:outdated"
    CERTIFICATE_SUPERSEDED = "ca:certificate:superseded"
    ORDER_CONFIRMED = "ca:order:confirmed"
    ORDER_ESCALATED = "ca:order:escalated"
    CERTIFICATE_REVOKED = "ca:certificate:revoked"
    CERTIFICATE_ABANDONED = "ca:certificate:abandoned"
    CRL_PUBLISHED = "ca:crl:published"
    OCSP_PRESIGNED = "ca:ocsp:presigned"
    BACKUP_TAKEN = "ca:backup:taken"
    DATABASE_RESTORED = "ca:database:restored"
    DRILL_COPIED = "ca:drill:copied"
    FIELD_KEY_ANNOUNCED = "ca:field-key:announced"
    FIELD_KEY_SWITCHED = "ca:field-key:switched"
    FIELD_KEY_RESEALED = "ca:field-key:resealed"
    FIELD_KEY_REMOVED = "ca:field-key:removed"
    CAMPAIGN_SET = "ra:campaign:set"
    CAMPAIGN_EXPORTED = "ra:campaign:exported"
    SIGN_IN_REPORTED = "relying:holder:first-sign-in"
    UNITS_IMPORTED = "ra:units:imported"
    UNIT_REGISTERED = "ra:unit:registered"
    UNIT_CORRECTED = "ra:unit:corrected"
    UNIT_MOVED = "ra:unit:moved"
    UNIT_CASE_PROPOSED = "ra:unit-case:proposed"
    UNIT_CASE_DONE = "ra:unit-case:carried-out"
    UNIT_CASE_REFUSED = "ra:unit-case:refused"
    UNIT_CASE_WITHDRAWN = "ra:unit-case:withdrawn"
    ROSTER_CHANGED = "ra:roster:changed"
    ROSTER_IMPORTED = "ra:roster:imported"
    ROSTER_UNMASKED = "ra:roster:unmasked"
    ROSTER_EXPORTED = "ra:roster:exported"
    STAFF_ADDED = "ra:staff:added"
    STAFF_DISABLED = "ra:staff:disabled"
    STAFF_ENABLED = "ra:staff:enabled"
    STAFF_CHANGED = "ra:staff:changed"
    STAFF_RESET = "ra:staff:reset"
    PROPOSAL_MADE = "ra:proposal:made"
    PROPOSAL_CONFIRMED = "ra:proposal:confirmed"
    PROPOSAL_REFUSED = "ra:proposal:refused"
    PROPOSAL_WITHDRAWN = "ra:proposal:withdrawn"
    PROPOSAL_EXPIRED = "ra:proposal:expired"
    PROPOSAL_USED = "ra:proposal:used"
    STAFF_IDENTIFIED = "ra:staff:identified"
    STAFF_CERTIFIED = "ra:staff:certified"
    STAFF_PASSWORD_CHANGED = "ra:staff:password-changed"  # noqa: S105  the name of an act
    STAFF_SECOND_FACTOR_ADDED = "ra:staff:second-factor-added"
    STAFF_SECOND_FACTOR_REMOVED = "ra:staff:second-factor-removed"
    STAFF_RECOVERY_CODES_MADE = "ra:staff:recovery-codes-made"
    STAFF_SESSIONS_ENDED = "ra:staff:sessions-ended"
    STAFF_SIGNED_IN = "ra:staff:signed-in"
    STAFF_REFUSED = "ra:staff:refused"
    BATCH_EXAMINED = "ra:batch:examined"
    ACT_REFUSED = "ra:act:refused"
    BATCH_IMPORTED = "ra:batch:imported"
    BATCH_REFUSED = "ra:batch:refused"
    BATCH_SHEET_EXPORTED = "ra:batch:sheet-exported"
    BATCH_UNDONE = "ra:batch:undone"
    APPLICATION_FORWARDED = "ra:application:forwarded"
    APPLICATION_RETURNED = "ra:application:returned"
    APPLICATION_MENDED = "ra:application:mended"
    APPLICATION_RESUBMITTED = "ra:application:resubmitted"
    APPLICATION_APPROVED = "ra:application:approved"
    APPLICATION_CONFIRMED = "ra:application:confirmed"
    APPLICATION_SCANNED = "ra:application:scan-attached"
    APPLICATION_UNMASKED = "ra:application:unmasked"
    PUSH_RECEIVED = "ra:push:received"
    APPLICATION_REOPENED = "ra:application:reopened"
    REVIEW_REFUSED = "ra:review:refused"
    CONFLICT_OPENED = "ra:conflict:opened"
    CONFLICT_DECIDED = "ra:conflict:decided"
    CONFLICT_LAPSED = "ra:conflict:lapsed"
    HOLDER_REGISTERED = "ra:holder:registered"
    HOLDER_CHANGED = "ra:holder:changed"
    HOLDER_UNMASKED = "ra:holder:unmasked"
    APPLICATION_REROUTED = "ra:application:rerouted"
    HOLDER_MOVED = "ra:holder:moved"
    HOLDER_STOPPED = "ra:holder:stopped"
    MEDIUM_REGISTERED = "media:medium:registered"
    MEDIUM_INITIALISED = "media:medium:initialised"
    MEDIUM_DISPATCHED = "media:medium:dispatched"
    MEDIUM_RECEIVED = "media:medium:received"
    MEDIUM_HANDED_OVER = "media:medium:handed-over"
    MEDIUM_HANDED_IN = "media:medium:handed-in"
    MEDIUM_GIVEN_BACK = "media:medium:given-back"
    MEDIUM_ALLOCATED = "media:medium:allocated"
    MEDIUM_RELEASED = "media:medium:released"
    MEDIUM_LOST = "media:medium:lost"
    MEDIUM_DAMAGED = "media:medium:damaged"
    MEDIUM_LOCKED = "media:medium:locked"
    MEDIUM_FOUND = "media:medium:found"
    MEDIUM_DESTROYED = "media:medium:destroyed"
    UNBLOCK_RELEASED = "media:unblock:released"
    UNBLOCK_ASKED_AGAIN = "media:unblock:asked-again"
    UNBLOCK_REFUSED = "media:unblock:refused"
    UNBLOCK_CONFIRMED = "media:unblock:confirmed"
    SO_PIN_HANDED_OUT = "media:so-pin:handed-out"
    PARCEL_SETTLED = "media:parcel:settled"
    SHEET_PREPARED = "media:sheet:prepared"
    SHEET_PRINTED = "media:sheet:printed"
    SHEET_SIGNED = "media:sheet:signed"
    SHEET_SHOWN = "media:sheet:shown"
    RECORD_EXPORTED = "media:record:exported"
    MESSAGE_RESENT = "delivery:message:resent"
    PARCEL_REDIRECTED = "media:parcel:redirected"
    CODE_ISSUED = "enrolment:code:issued"
    CODE_REFUSED = "enrolment:code:refused"
    RENEWAL_BEGUN = "enrolment:renewal:begun"
    ENROLMENT_REFUSED = "enrolment:certificate:refused"
    CHANGE_SUBMITTED = "change:case:submitted"
    CHANGE_FORWARDED = "change:case:forwarded"
    CHANGE_RETURNED = "change:case:returned"
    CHANGE_RESUBMITTED = "change:case:resubmitted"
    CHANGE_REOPENED = "change:case:reopened"
    CHANGE_SCANNED = "change:case:scan-attached"
    CHANGE_UNMASKED = "change:case:unmasked"
    CHANGE_APPROVED = "change:case:approved"
    CHANGE_REFUSED = "change:case:refused"
    CHANGE_EXECUTED = "change:case:executed"
    TRANSFER_OPENED = "change:transfer:opened"
    TRANSFER_PAIRED = "change:transfer:successor-named"
    TRANSFER_DONE = "change:transfer:executed"
    TRANSFER_ABANDONED = "change:transfer:abandoned"
    COMPROMISE_DECLARED = "ca:compromise:declared"
    COMPROMISE_WITHDRAWN = "ca:compromise:withdrawn"
    COMPROMISE_CONFIRMED = "ca:compromise:confirmed"
    ISSUER_FOUNDED = "ca:issuer:founded"
    KEY_SPLIT = "ca:key:split"
    KEY_UNLOCKED = "ca:key:unlocked"
    KEY_BACKED_UP = "ca:key:backed-up"
    KEY_RESTORED = "ca:key:restored"
    KEY_LOCKED = "ca:key:locked"
    ISSUER_ACTIVATED = "ca:issuer:activated"
    COMPROMISE_ENDED = "ca:compromise:ca-revoked"
    CRL_REFUSED = "ca:crl:refused"
    CRL_ALARM = "ca:crl:alarm"
    CRL_OVERRIDE_PROPOSED = "ca:crl:override-proposed"
    CRL_OVERRIDE_WITHDRAWN = "ca:crl:override-withdrawn"
    CRL_OVERRIDDEN = "ca:crl:overridden"
    FEED_READ = "relying:feed:read"
    AUDIT_EXPORTED = "audit:log:exported"
    ERASURE_PROPOSED = "ra:erasure:proposed"
    ERASURE_REFUSED = "ra:erasure:refused"
    ERASURE_WITHDRAWN = "ra:erasure:withdrawn"
    ERASURE_DONE = "ra:erasure:carried-out"
    ERASURE_REPEATED = "ra:erasure:repeated"
    ERASURE_SWEPT = "ra:erasure:swept"
    HOLDER_ERASED = "ra:holder:erased"
    RECORDS_HELD = "ra:holder:records-held"
    RECORDS_RELEASED = "ra:holder:records-released"


@dataclass(frozen=True)
class AuditEntry:
    """Who did what, for which unit, about what, when; `seq` counts from 1 without a gap.

    All fields but `seq` are text and octets as they are stored, so that what is hashed is what is kept: `at` is
    ISO 8601 in UTC with microseconds, `tag` a value of Tag, `detail` canonical JSON.
    """

    seq: int
    at: str
    tag: str
    actor: str
    via: str
    unit_code: str
    subject: str
    detail: str
    previous: bytes
    hash: bytes = b""

    def sealed(self) -> "AuditEntry":
        """Return the entry with its hash filled in."""
        return replace(self, hash=self.digest())

    def digest(self) -> bytes:
        """SHA-256 over the hash before and the JSON array of all other fields."""
        fields = [
            self.seq,
            self.at,
            self.tag,
            self.actor,
            self.via,
            self.unit_code,
            self.subject,
            self.detail,
        ]
        return hashlib.sha256(self.previous + canonical(fields).encode()).digest()


def canonical(value: object) -> str:
    """JSON with sorted keys, no blanks, characters as they are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def timestamp(at: datetime) -> str:
    """The one form of a time in the chain."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


class ChainBroken(Exception):
    """The entry `at` does not fit the `count` entries before it, the last of which has the hash `link`."""

    def __init__(self, at: int, why: str, *, count: int, link: bytes) -> None:
        super().__init__(f"第 {at} 条：{why}")
        self.at = at
        self.why = why
        self.count = count
        self.link = link


def linked(entries: Iterable[AuditEntry], *, after: tuple[int, bytes] = (0, GENESIS)) -> Iterator[AuditEntry]:
    """Hand on each entry whose number, link and hash fit; raise ChainBroken at the first that does not.

    `after` is the number and hash of the entry before the first one.
    """
    count, link = after
    for entry in entries:
        if entry.seq != count + 1:
            why = f"缺少第 {count + 1} 条，第 {count} 条之后是第 {entry.seq} 条"
            raise ChainBroken(count + 1, why, count=count, link=link)
        if entry.previous != link:
            raise ChainBroken(entry.seq, "与前一条的链接被改动", count=count, link=link)
        if entry.digest() != entry.hash:
            raise ChainBroken(entry.seq, "内容或哈希被改动", count=count, link=link)
        count, link = entry.seq, bytes(entry.hash)
        yield entry
