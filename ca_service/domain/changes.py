"""A change case (用户变更申请单): what is asked for, its way up the tree, who decided, what was done."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.applications import content_sha256
from ca_service.domain.lifecycle import Machine


class ChangeKind(StrEnum):
    """What the form asks for; `acts_for` says what that means for the certificate."""

    STOP = "stop"
    RESTORE = "restore"
    UNLOCK = "unlock"
    RESET_PASSWORD = "reset-password"  # noqa: S105  the name of an act, not a secret
    INFORMATION_CHANGE = "information-change"


class CertificateAct(StrEnum):
    """What the user-management department decides for the person's certificate."""

    FREEZE = "freeze"
    REVOKE = "revoke"
    REPLACE = "replace"  # good until its holder has renewed it on the same token


class ChangeStatus(StrEnum):
    """How far a case has come; `at_unit` says with whom it lies."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    REFUSED = "refused"
    EXECUTED = "executed"


UNDER_WAY = (ChangeStatus.SUBMITTED, ChangeStatus.APPROVED)
"""A case in one of these keeps a second one of its kind for the same person away."""


class ChangeEvent(StrEnum):
    """What can happen to a case."""

    FORWARD = "forward"
    RETURN = "return"
    RESUBMIT = "resubmit"
    APPROVE = "approve"
    REFUSE = "refuse"
    REOPEN = "reopen"
    EXECUTE = "execute"
    ATTACH = "attach"


_S, _E = ChangeStatus, ChangeEvent

CHANGE = Machine(
    "变更申请",
    MappingProxyType(
        {
            (_S.SUBMITTED, _E.FORWARD): _S.SUBMITTED,
            (_S.SUBMITTED, _E.RETURN): _S.RETURNED,
            (_S.RETURNED, _E.RESUBMIT): _S.SUBMITTED,
            (_S.SUBMITTED, _E.APPROVE): _S.APPROVED,
            (_S.SUBMITTED, _E.REFUSE): _S.REFUSED,
            (_S.SUBMITTED, _E.ATTACH): _S.SUBMITTED,
            (_S.RETURNED, _E.ATTACH): _S.RETURNED,
            # A case that can no longer be carried out is closed with the reason, or looked at again when its content
            # is no longer what was approved.
            (_S.APPROVED, _E.REFUSE): _S.REFUSED,
            (_S.APPROVED, _E.REOPEN): _S.SUBMITTED,
            (_S.APPROVED, _E.EXECUTE): _S.EXECUTED,
        }
    ),
)


class Particular(StrEnum):
    """What an information change may change.

    Not the ID number and not the user type: another number is another person, another type another kind of account, and
    both are a stop and a new application. UNIT_NAME is never typed: it is what the unit of UNIT is called.
    """

    NAME = "name"
    UNIT = "unit"
    UNIT_NAME = "unit_name"
    OFFICE_PHONE = "office_phone"
    MOBILE = "mobile"
    EMAIL = "email"


CERTIFIED = frozenset({Particular.NAME, Particular.UNIT, Particular.UNIT_NAME})
"""What stands in a certificate: where one of these changes, the old certificate must not live on."""


class Signature(StrEnum):
    """The signature blocks that are filled before the form reaches the user-management department."""

    APPLICANT = "applicant"
    DEPARTMENT = "department"
    UNIT = "unit-stamp"


@dataclass(frozen=True)
class Paper:
    """What the form says of the person: personal, so encrypted at rest and masked like the rest.

    `before` are the person's data when the form was entered, all of them by field name; `after` only what is to
    change. `signed` are the dates (ISO 8601) in the signature blocks. `certified`: holds a certificate (是/否).
    """

    before: Mapping[str, str]
    after: Mapping[str, str] = field(default_factory=dict)
    login_account: str = ""
    certified: bool = False
    signed: Mapping[str, str] = field(default_factory=dict)

    def wanted(self) -> Mapping[str, str]:
        """The data as they shall be."""
        return {**self.before, **self.after}

    def touches_certificate(self) -> bool:
        """Whether something changes that stands in certificates."""
        return bool(CERTIFIED & set(self.after))


# How far a case has come is no part of what is decided about.
_PROGRESS = frozenset(
    {
        "status", "at_unit", "certificate_act", "decided_by", "decided_at", "decision_reason", "executed_by",
        "executed_at", "approved_sha256",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One form. `opinion` is the unit's, needed where a certificate is concerned; the scan is kept by its hash.

    `paper` is absent in cases from before it was kept. `decision_reason` is the last reviewer's, also of a return.
    """

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
    at_unit: str = ""
    approved_sha256: str = ""
    paper: Paper | None = None

    def shown_sha256(self) -> str:
        """The hash of exactly what a reviewer is shown; a decision is bound to it."""
        return content_sha256(self, besides=_PROGRESS)

    def printed_sha256(self) -> str:
        """The hash of what the printed form shows; the signatures are written on it afterwards."""
        paper = replace(self.paper, signed={}) if self.paper else None
        return content_sha256(replace(self, paper=paper), besides=_PROGRESS | {"scan_sha256", "opinion"})

    def approval_sha256(self) -> str:
        """The hash of what was approved: what was shown, and what is to happen to the certificate."""
        return content_sha256(self, besides=_PROGRESS - {"certificate_act"})

    @property
    def is_as_approved(self) -> bool:
        """Whether it still is what was approved."""
        return self.approval_sha256() == self.approved_sha256


def acts_for(kind: ChangeKind, paper: Paper | None, *, handed_over: bool = False) -> frozenset[CertificateAct]:
    """What may be decided for the live certificate of the person; empty where the case does not end or hold it.

    A certificate whose name or unit is no longer true is replaced on the same token, or revoked at once
    (affiliationChanged) where that cannot wait; then the person gets another token.
    `handed_over`: the stop belongs to a hand-over, and who hands over does not come back.
    """
    if kind is ChangeKind.STOP and handed_over:
        return frozenset({CertificateAct.REVOKE})
    if kind is ChangeKind.STOP:
        return frozenset({CertificateAct.FREEZE, CertificateAct.REVOKE})
    if kind is ChangeKind.INFORMATION_CHANGE and paper is not None and paper.touches_certificate():
        return frozenset({CertificateAct.REVOKE, CertificateAct.REPLACE})
    return frozenset()


class AccountEventKind(StrEnum):
    """What relying systems are told: the kinds of forms, and what happens to whole units."""

    STOP = "stop"
    RESTORE = "restore"
    UNLOCK = "unlock"
    RESET_PASSWORD = "reset-password"  # noqa: S105  the name of an act, not a secret
    INFORMATION_CHANGE = "information-change"
    UNIT_CHANGE = "unit-change"


FIRST_KINDS = frozenset(AccountEventKind) - {AccountEventKind.UNIT_CHANGE}
"""What every reader knows. A kind that came later is told only to those who ask for it."""


@dataclass(frozen=True)
class AccountEvent:
    """A row of the feed for relying systems; `change_id` is the form or the unit's case.

    For an information change and a unit change `unit_code` is the unit after it. In a unit change the person stays
    where they are and the unit became another one: certificates that name `from_unit` speak for the new one.
    """

    seq: int
    kind: AccountEventKind
    holder_id: str
    unit_code: str
    at: datetime
    change_id: str
    from_unit: str = ""

    def told_to(self, known: frozenset[AccountEventKind]) -> AccountEventKind:
        """The kind as a reader that knows these is told it.

        Another unit by an information change is the careful reading: the old certificate opens nothing any more.
        """
        return self.kind if self.kind in known else AccountEventKind.INFORMATION_CHANGE
