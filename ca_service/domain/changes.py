"""A change case (用户变更申请单): what is asked for, who decided, what was done."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine


class ChangeKind(StrEnum):
    """What the form asks for; `certificate_act` says what happens to the certificate."""

    STOP = "stop"
    RESTORE = "restore"
    UNLOCK = "unlock"
    RESET_PASSWORD = "reset-password"  # noqa: S105  the name of an act, not a secret


class CertificateAct(StrEnum):
    """What the user-management department decides for the certificate of a stopped person."""

    FREEZE = "freeze"
    REVOKE = "revoke"


class ChangeStatus(StrEnum):
    """How far a case has come."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"
    EXECUTED = "executed"


class ChangeEvent(StrEnum):
    """What can happen to a case."""

    APPROVE = "approve"
    REFUSE = "refuse"
    EXECUTE = "execute"


_S, _E = ChangeStatus, ChangeEvent

CHANGE = Machine(
    "变更申请",
    MappingProxyType(
        {
            (_S.SUBMITTED, _E.APPROVE): _S.APPROVED,
            (_S.SUBMITTED, _E.REFUSE): _S.REFUSED,
            (_S.APPROVED, _E.EXECUTE): _S.EXECUTED,
        }
    ),
)


@dataclass(frozen=True)
class Change:
    """One form. `opinion` is the unit's, needed where a certificate is concerned; the scan is kept by its hash."""

    id: str
    kind: ChangeKind
    holder_id: str
    unit_code: str
    explanation: str
    opinion: str
    transferred: bool
    scan_sha256: str
    status: ChangeStatus
    submitted_by: str
    submitted_at: datetime
    certificate_act: CertificateAct | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str = ""
    executed_by: str | None = None
    executed_at: datetime | None = None


@dataclass(frozen=True)
class AccountEvent:
    """A row of the feed for relying systems."""

    seq: int
    kind: ChangeKind
    holder_id: str
    unit_code: str
    at: datetime
    change_id: str
