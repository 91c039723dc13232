"""An application for an account and a certificate, from the spreadsheet row to the CA's confirmation."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from ca_service.domain.audit import canonical, timestamp
from ca_service.domain.lifecycle import Machine

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


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
    REOPEN = "reopen"
    WITHDRAW = "withdraw"
    ATTACH = "attach"


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
            # What lies there is no longer what was approved: the centre looks at it again before anything is pushed.
            (_S.APPROVED, _E.REOPEN): _S.SUBMITTED,
            # The stamped form comes back as a scan; what a reviewer was shown before is stale then.
            (_S.SUBMITTED, _E.ATTACH): _S.SUBMITTED,
            (_S.RETURNED, _E.ATTACH): _S.RETURNED,
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
    approved_path: str = ""
    wants_certificate: bool = True
    existing_account: str = ""
    remarks: str = ""
    mended_by: str = ""
    scan_sha256: str = ""

    def printed_sha256(self, unit_name: str) -> str:
        """The hash of what the printed form shows: a print from before a change is told by it from a later one."""
        return content_sha256(self, besides=_PROGRESS | {"scan_sha256"}, unit_name=unit_name)


UnitPath = tuple[tuple[str, str], ...]
"""Code and name of each unit from the centre down to the applicant's own."""

# How far a review has come is no part of what is reviewed.
_PROGRESS = frozenset({"status", "at_unit", "reason", "approved_sha256", "approved_path", "mended_by"})


@dataclass(frozen=True)
class Shown:
    """Exactly what a reviewer is shown of an application: every field, the stamped scan, where its unit stands."""

    application: Application
    path: UnitPath
    scan_sha256: str

    def sha256(self) -> str:
        """What an approval is bound to. It covers the telephone numbers, so nobody can guess it from the rest."""
        return content_sha256(self.application, besides=_PROGRESS, path=path_text(self.path), scan=self.scan_sha256)


def content_sha256(record: "DataclassInstance", *, besides: frozenset[str], **more: str) -> str:
    """SHA-256 of a record's fields by name. Empty fields do not count, so that a field added later changes no hash."""
    fields: dict[str, object] = {**asdict(record), **more}
    shown = {name: value for name, value in fields.items() if name not in besides and value}
    octets = json.dumps(shown, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain).encode()
    return hashlib.sha256(octets).hexdigest()


def _plain(value: object) -> str:
    return timestamp(value) if isinstance(value, datetime) else str(value)


def path_text(path: UnitPath) -> str:
    """The one form in which a path is hashed and kept."""
    return canonical(path)


def parse_path(text: str) -> UnitPath:
    """Read what `path_text` wrote; an approval from before paths were kept has none."""
    return tuple((code, name) for code, name in json.loads(text)) if text else ()
