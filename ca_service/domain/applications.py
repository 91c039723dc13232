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


LIVE = tuple(status for status in ApplicationStatus if status is not ApplicationStatus.RETURNED)
"""An application in one of these takes its unit's place."""


class ApplicationEvent(StrEnum):
    """What can happen to an application."""

    FORWARD = "forward"
    RETURN = "return"
    RESUBMIT = "resubmit"
    APPROVE = "approve"
    CONFIRM = "confirm"
    REOPEN = "reopen"


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
    approved_path: str = ""


UnitPath = tuple[tuple[str, str], ...]
"""Code and name of each unit from the centre down to the applicant's own."""

# How far a review has come is no part of what is reviewed.
_PROGRESS = frozenset({"status", "at_unit", "reason", "approved_sha256", "approved_path"})


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
