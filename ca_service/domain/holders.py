"""A holder: the person as the CA knows them after the push from the unified user directory."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from ca_service.domain.applications import Contact
from ca_service.domain.audit import canonical


class HolderStatus(StrEnum):
    """Whether the person's account may be used."""

    ACTIVE = "active"
    STOPPED = "stopped"
    ERASED = "erased"  # after retention: an identifier without a person (domain/erasures.py)


@dataclass(frozen=True)
class SignIn:
    """The first sign-in of a person, as the relying system `system` told it."""

    holder_id: str
    system: str
    at: datetime


@dataclass(frozen=True)
class Holder:
    """`id` is opaque and stands in the certificate's subject serialNumber; `external_id` makes the push idempotent.

    `approved_in` is the application or change case in which these data were approved, `approved_sha256` the hash of
    what was shown there; both are empty for a person pushed from a directory that reviews by itself.
    """

    id: str
    external_id: str
    unit_code: str
    name: str
    user_type: str
    contact: Contact
    id_number_hash: str
    status: HolderStatus
    registered_at: datetime
    pushed_sha256: str
    approved_sha256: str = ""
    approved_in: str = ""

    def content_sha256(self) -> str:
        """The hash of the data as a push would carry them now."""
        return pushed_sha256(self.external_id, self.unit_code, self.name, self.user_type, self.contact)


def pushed_sha256(external_id: str, unit_code: str, name: str, user_type: str, contact: Contact) -> str:
    """What two pushes must have in common to be the same push."""
    fields = {"external_id": external_id, "unit_code": unit_code, "name": name, "user_type": user_type}
    return hashlib.sha256(canonical({**fields, "contact": asdict(contact)}).encode()).hexdigest()
