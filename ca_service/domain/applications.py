"""An application for an account and a certificate, from the spreadsheet row to the CA's confirmation."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine


class ApplicationStatus(StrEnum):
    """Where an application stands; `at_unit` says with whom."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    CONFIRMED = "confirmed"


LIVE = tuple(status for status in ApplicationStatus if status is not ApplicationStatus.RETURNED)
"""An application in one of these takes its unit's place."""


class ApplicationEvent(StrEnum):
    """What can happen to an application."""

    FORWARD = "forward"
    RETURN = "return"
    RESUBMIT = "resubmit"
    APPROVE = "approve"
    CONFIRM = "confirm"


_S, _E = ApplicationStatus, ApplicationEvent

APPLICATION = Machine(
    "申请",
    MappingProxyType(
        {
            (_S.SUBMITTED, _E.FORWARD): _S.SUBMITTED,
            (_S.SUBMITTED, _E.RETURN): _S.RETURNED,
            (_S.RETURNED, _E.RESUBMIT): _S.SUBMITTED,
            (_S.SUBMITTED, _E.APPROVE): _S.APPROVED,
            (_S.APPROVED, _E.CONFIRM): _S.CONFIRMED,
        }
    ),
)


@dataclass(frozen=True)
class Contact:
    """The personal fields: encrypted at rest, masked on screens, never in a certificate, log or URL."""

    id_number: str
    office_phone: str
    email: str
    mobile: str


@dataclass(frozen=True)
class Batch:
    """One upload: a spreadsheet and the stamped scan that carries the same data."""

    id: str
    unit_code: str
    sheet_sha256: str
    scan_sha256: str
    uploaded_by: str
    uploaded_at: datetime


@dataclass(frozen=True)
class Application:
    """One person's row of a batch. `at_unit` is the unit that has to act now."""

    id: str
    batch_id: str
    row_number: int
    unit_code: str
    name: str
    user_type: str
    school_type: str
    address: str
    contact: Contact
    id_number_hash: str
    status: ApplicationStatus
    at_unit: str
    entered_by: str
    submitted_at: datetime
    reason: str = ""
    approved_sha256: str = ""

    def content_sha256(self) -> str:
        """Hash of exactly what a reviewer is shown; an approval is bound to it."""
        shown = [self.id, self.unit_code, self.name, self.user_type, self.school_type, self.address]
        octets = json.dumps([*shown, asdict(self.contact)], ensure_ascii=False, sort_keys=True).encode()
        return hashlib.sha256(octets).hexdigest()
