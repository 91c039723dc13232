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
    WITHDRAWN = "withdrawn"


LIVE = (ApplicationStatus.SUBMITTED, ApplicationStatus.APPROVED, ApplicationStatus.CONFIRMED)
"""An application in one of these takes its unit's place."""


class ApplicationEvent(StrEnum):
    """What can happen to an application."""

    FORWARD = "forward"
    RETURN = "return"
    RESUBMIT = "resubmit"
    APPROVE = "approve"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"


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
            # Only with its whole batch (undo), and only before a reviewer has sent any of it on.
            (_S.SUBMITTED, _E.WITHDRAW): _S.WITHDRAWN,
            (_S.RETURNED, _E.WITHDRAW): _S.WITHDRAWN,
        }
    ),
)


class BatchStatus(StrEnum):
    """Whether an upload stands."""

    TAKEN = "taken"
    UNDONE = "undone"


class BatchEvent(StrEnum):
    """What can happen to a batch as a whole."""

    UNDO = "undo"


BATCH = Machine("批次", MappingProxyType({(BatchStatus.TAKEN, BatchEvent.UNDO): BatchStatus.UNDONE}))


class Source(StrEnum):
    """How a batch came in: an uploaded spreadsheet, or one person typed into the form page."""

    SHEET = "sheet"
    FORM = "form"


@dataclass(frozen=True)
class Contact:
    """The personal fields: encrypted at rest, masked on screens, never in a certificate, log or URL."""

    id_number: str
    office_phone: str
    email: str
    mobile: str


@dataclass(frozen=True)
class Batch:
    """One upload: a spreadsheet and the stamped scan that carries the same data.

    A form page makes its one-row spreadsheet itself. `report_sha256` names the document that says what became of
    each row, `sheet_name` the file as its uploader called it (for showing only).
    """

    id: str
    unit_code: str
    sheet_sha256: str
    scan_sha256: str
    uploaded_by: str
    uploaded_at: datetime
    status: BatchStatus = BatchStatus.TAKEN
    source: Source = Source.SHEET
    sheet_name: str = ""
    report_sha256: str = ""


@dataclass(frozen=True)
class Application:
    """One person's row of a batch. `at_unit` is the unit that has to act now.

    `mended_by` is who corrected it after a return: like `entered_by` they answer for it and never review it.
    `scan_sha256` is the form of this person alone; empty means the batch's scan.
    """

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
    wants_certificate: bool = True
    existing_account: str = ""
    remarks: str = ""
    mended_by: str = ""
    scan_sha256: str = ""

    def content_sha256(self) -> str:
        """Hash of exactly what a reviewer is shown; an approval is bound to it."""
        shown: list[object] = [self.id, self.unit_code, self.name, self.user_type, self.school_type, self.address]
        shown.append(asdict(self.contact))
        # Fields that came later stand in the hash where they are filled in, so approvals before them still hold.
        later = {name: getattr(self, name) for name, unsaid in _LATER.items() if getattr(self, name) != unsaid}
        if later:
            shown.append(later)
        octets = json.dumps(shown, ensure_ascii=False, sort_keys=True).encode()
        return hashlib.sha256(octets).hexdigest()


_LATER = MappingProxyType({"wants_certificate": True, "existing_account": "", "remarks": "", "scan_sha256": ""})
