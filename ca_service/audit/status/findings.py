"""What one source says of one serial number, and what is reported where two of them differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple


class Word(NamedTuple):
    """What is said of a certificate: since when it is revoked and why (CRLReason, None: unspecified); or that it is
    good, which in a CRL is said by not listing it (`at` is None)."""

    at: datetime | None = None
    reason: int | None = None

    def __str__(self) -> str:
        """As it stands in a report."""
        if self.at is None:
            return "good"
        return f"revoked {shown(self.at)} {REASONS.get(self.reason or 0, self.reason)}"


GOOD = Word()
HOLD, REMOVE_FROM_CRL = 6, 8
NEVER_ISSUED = Word(datetime(1970, 1, 1, tzinfo=UTC), HOLD)
"""RFC 6960 section 2.2: how a responder calls a serial number that was never issued revoked."""

REASONS: Mapping[int, str] = {
    0: "unspecified",
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    HOLD: "certificateHold",
    REMOVE_FROM_CRL: "removeFromCRL",
    9: "privilegeWithdrawn",
    10: "aACompromise",
}
"""RFC 5280 section 5.3.1."""


class Check(StrEnum):
    """What was compared. A closed set; docs/operations.md says of each what to do."""

    TABLE = "table"  # the certificate's row is not what its history leads to
    STORED_ENTRY = "stored-entry"  # the CRL entry kept in the row says something else
    STEP = "step"  # a step that cannot follow the one before
    RELEASE = "release-after-revoke"
    STEP_TIME = "step-time"
    DATE_MOVED = "date-moved"  # a revocation date is another one than before, or earlier than a list that lacks it
    GROUND = "ground"
    CHANGE_LOG = "change-log"
    AUDIT_LOG = "audit-log"
    LIST_FORM = "list-form"  # signature, number, times, issuer of a complete CRL
    LIST = "list"
    LIST_ORDER = "list-order"
    DELTA_FORM = "delta-form"
    DELTA = "delta"
    COPY = "published-copy"  # what is fetched is not the list in the table
    ANSWER_FORM = "answer-form"
    ANSWER = "answer"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Disagreement:
    """Who says what of which serial, and since when it stands so: the moment of the last change, or of the list.

    `serial` is empty where a list as a whole is meant, `number` None where no list is.
    """

    check: Check
    issuer: str
    said: Mapping[str, str] = field(hash=False)
    serial: str = ""
    number: int | None = None
    since: datetime | None = None

    def facts(self) -> dict[str, Any]:
        """What `json.dumps` takes; what is not known is null."""
        return {
            "check": self.check.value,
            "issuer": self.issuer,
            "serial": self.serial or None,
            "number": self.number,
            "since": shown(self.since) if self.since else None,
            "said": dict(self.said),
        }


def shown(moment: datetime) -> str:
    """A time in UTC, to the second unless it has a fraction."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
