"""A holder: the person as the CA knows them after the push from the unified user directory."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ca_service.domain.applications import Contact


class HolderStatus(StrEnum):
    """Whether the person's account may be used."""

    ACTIVE = "active"
    STOPPED = "stopped"


@dataclass(frozen=True)
class SignIn:
    """The first sign-in of a person, as the relying system `system` told it."""

    holder_id: str
    system: str
    at: datetime


@dataclass(frozen=True)
class Holder:
    """`id` is opaque and stands in the certificate's subject serialNumber; `external_id` makes the push idempotent."""

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
