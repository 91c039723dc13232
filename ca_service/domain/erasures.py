"""Erasure of a person's records once their time of retention is over, by two people, for good.

What is erased is everything that tells who the person was. What stays tells what the CA did: serial numbers with their
status history, opaque identifiers, who decided what and when. The hash of each certificate stays too, so that whoever
brings one can be told whether it was ours.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from ca_service.domain.applications import Contact
from ca_service.domain.audit import canonical
from ca_service.domain.lifecycle import Machine

ERASED = "（已清除）"
"""What stands in place of a name."""
NO_CONTACT = Contact("", "", "", "")
MOST_PEOPLE = 200
"""As many as two people can answer for at once."""


class ErasureStatus(StrEnum):
    """Where a case stands."""

    PROPOSED = "proposed"
    CARRIED_OUT = "carried-out"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ErasureEvent(StrEnum):
    """What can happen to a case."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


_S, _E = ErasureStatus, ErasureEvent

ERASURE = Machine(
    "档案清除",
    MappingProxyType(
        {
            (_S.PROPOSED, _E.CONFIRM): _S.CARRIED_OUT,
            (_S.PROPOSED, _E.REFUSE): _S.REFUSED,
            (_S.PROPOSED, _E.WITHDRAW): _S.WITHDRAWN,
        }
    ),
)


@dataclass(frozen=True)
class Erasure:
    """A case about some persons. `seen` is the hash of what would be erased, as it was shown when it was proposed."""

    id: str
    status: ErasureStatus
    ground: str
    seen: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str = ""


@dataclass(frozen=True)
class ErasureLine:
    """One holder of a case. `facts` say what was erased, once it was; `sha256` of them stands in the audit log."""

    erasure_id: str
    holder_id: str
    unit_code: str
    erased_at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""


@dataclass(frozen=True)
class RecordsHold:
    """Somebody said that a person's records are still needed; while one stands they are not erased."""

    id: str
    holder_id: str
    unit_code: str
    reason: str
    set_by: str
    set_at: datetime
    lifted_by: str | None = None
    lifted_at: datetime | None = None
    lift_reason: str = ""


class ChoreKind(StrEnum):
    """What is left to do once the rows are erased."""

    DOCUMENT = "document"
    MESSAGE_FILE = "message-file"
    COMPACT = "compact"


@dataclass(frozen=True)
class Chore:
    """Something outside the rows that has still to go: a document by its hash, the file of a message by its id, what
    the database has not overwritten yet. Written with the erasure, removed when it is done."""

    kind: ChoreKind
    name: str
    erasure_id: str
    since: datetime


@dataclass(frozen=True)
class Traces:
    """The keys of all rows about one person. Of `batches` and `sheets` (papers about several persons) only those whose
    other persons are erased too."""

    holders: tuple[str, ...]
    applications: tuple[str, ...] = ()
    batches: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    roster: tuple[str, ...] = ()

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Traces":
        """Read back from the facts of an erasure."""
        return cls(**{name: tuple(facts.get(name, ())) for name in cls.__dataclass_fields__})

    @classmethod
    def together(cls, all_of: Iterable["Traces"]) -> "Traces":
        """The union for several persons, each key once."""
        parts = list(all_of)
        return cls(**{n: tuple({key for one in parts for key in getattr(one, n)}) for n in cls.__dataclass_fields__})

    def named(self) -> Mapping[str, list[str]]:
        """By kind, as facts keep them."""
        return {name: list(keys) for name, keys in asdict(self).items()}


class Remains(StrEnum):
    """Why something about an erased person stays for now."""

    SHARED_BATCH = "shared-batch"
    SHARED_SHEET = "shared-sheet"
    SHARED_DOCUMENT = "shared-document"
    ROSTER = "roster"
    STAFF_ACCOUNT = "staff-account"
    SHARED_ADDRESS = "shared-address"
    AUDIT_TEXT = "audit-text"

    @property
    def chinese(self) -> str:
        """What it is and when it goes."""
        return _REMAINS[self]


_REMAINS: Mapping[Remains, str] = MappingProxyType(
    {
        Remains.SHARED_BATCH: "登记批次的电子表格和扫描件还载有其他人员，随其中最后一人清除",
        Remains.SHARED_SHEET: "派发记录单的扫描件还载有其他人员，随其中最后一人清除",
        Remains.SHARED_DOCUMENT: "同一份文件还被其他记录使用，随最后一份记录清除",
        Remains.ROSTER: "此人仍在负责人员统计表中，从表中移出后另行清除",
        Remains.STAFF_ACCOUNT: "此人有工作人员账号，账号资料另行管理",
        Remains.SHARED_ADDRESS: "发往此人与他人共用的号码或邮箱的消息，随另一人清除",
        Remains.AUDIT_TEXT: "审计记录的原因文字中写有姓名，审计记录不能更改",
    }
)


@dataclass(frozen=True)
class Remainder:
    """Something that stays. `until` is when it can go at the earliest; None: not known yet."""

    why: Remains
    what: str
    until: datetime | None = None

    def told(self) -> Mapping[str, str]:
        """Texts only, as the facts of an erasure keep it; `until` as RFC 3339, "" where it is not known."""
        until = self.until.isoformat(timespec="seconds") if self.until else ""
        return {"why": self.why.value, "what": self.what, "until": until}


class Obstacle(StrEnum):
    """Why a person's records must not be erased now."""

    ERASED = "erased"
    IN_USE = "in-use"
    TOO_EARLY = "too-early"
    LIVE_CERTIFICATE = "live-certificate"
    HELD = "held"
    APPLICATION = "application"
    CHANGE = "change"
    CONFLICT = "conflict"
    TRANSFER = "transfer"
    ORDER = "order"
    OTHER_CASE = "other-case"


@dataclass(frozen=True)
class Hindrance:
    """An obstacle as it is told."""

    kind: Obstacle
    text: str


@dataclass(frozen=True)
class PersonPlan:
    """What erasing one person means: under all the identifiers that the person ever had."""

    holder_id: str
    unit_code: str
    until: datetime | None
    traces: Traces
    documents: Sequence[str]
    remainders: Sequence[Remainder]
    hindrances: Sequence[Hindrance]


@dataclass(frozen=True)
class ErasurePlan:
    """All persons of a case."""

    people: Sequence[PersonPlan]

    @property
    def hindrances(self) -> Sequence[Hindrance]:
        """Whatever keeps any of them."""
        return [hindrance for person in self.people for hindrance in person.hindrances]

    @property
    def holders(self) -> Sequence[str]:
        """Every identifier that is erased."""
        return sorted({holder for person in self.people for holder in person.traces.holders})

    def sha256(self) -> str:
        """What two people saw: the rows and the documents that go, and what stays."""
        told = [
            [person.traces.named(), sorted(person.documents), [dict(one.told()) for one in person.remainders]]
            for person in sorted(self.people, key=lambda one: one.traces.holders)
        ]
        return hashlib.sha256(canonical(told).encode()).hexdigest()


def facts_sha256(facts: Mapping[str, Any]) -> str:
    """What the audit log keeps of the facts of an erasure."""
    return hashlib.sha256(canonical(facts).encode()).hexdigest()


def proof_text(holder_id: str, erasure_id: str) -> str:
    """What is hashed with the service's key, so that a list of erased persons is believed after a restore."""
    return f"erased/{erasure_id}/{holder_id}"
