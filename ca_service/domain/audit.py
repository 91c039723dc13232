"""The audit vocabulary and the arithmetic of the hash chain; no I/O.

An entry's hash covers every field of the entry and the hash before it, so a changed, missing or swapped entry breaks
the chain at a place that can be named. Details carry identifiers and reasons, never personal data or secrets.
"""

import hashlib
import json
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
    CERTIFICATE_REVOKED = "ca:certificate:revoked"
    CERTIFICATE_ABANDONED = "ca:certificate:abandoned"
    CRL_PUBLISHED = "ca:crl:published"
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
    STAFF_SIGNED_IN = "ra:staff:signed-in"
    STAFF_REFUSED = "ra:staff:refused"
    BATCH_IMPORTED = "ra:batch:imported"
    APPLICATION_FORWARDED = "ra:application:forwarded"
    APPLICATION_RETURNED = "ra:application:returned"
    APPLICATION_RESUBMITTED = "ra:application:resubmitted"
    APPLICATION_APPROVED = "ra:application:approved"
    APPLICATION_CONFIRMED = "ra:application:confirmed"
    APPLICATION_UNMASKED = "ra:application:unmasked"
    APPLICATION_REROUTED = "ra:application:rerouted"
    HOLDER_REGISTERED = "ra:holder:registered"
    HOLDER_MOVED = "ra:holder:moved"
    HOLDER_STOPPED = "ra:holder:stopped"
    MEDIUM_REGISTERED = "media:medium:registered"
    MEDIUM_INITIALISED = "media:medium:initialised"
    MEDIUM_DISPATCHED = "media:medium:dispatched"
    MEDIUM_RECEIVED = "media:medium:received"
    MEDIUM_HANDED_OVER = "media:medium:handed-over"
    MEDIUM_HANDED_IN = "media:medium:handed-in"
    PARCEL_REDIRECTED = "media:parcel:redirected"
    CODE_ISSUED = "enrolment:code:issued"
    CODE_REFUSED = "enrolment:code:refused"
    ENROLMENT_REFUSED = "enrolment:certificate:refused"
    CHANGE_SUBMITTED = "change:case:submitted"
    CHANGE_APPROVED = "change:case:approved"
    CHANGE_REFUSED = "change:case:refused"
    CHANGE_EXECUTED = "change:case:executed"


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
