"""The self-download of a certificate: the codes, and what they may still be used for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine

CODE_LIFETIME = timedelta(days=14)
MAX_TRIES = 5
SESSION_LIFETIME = timedelta(minutes=15)

# The signed messages name their purpose, so that a signature made for one step is worth nothing in the other.
BINDING_CONTEXT = b"educa-enrolment-v1\0"
RENEWAL_CONTEXT = b"educa-renewal-v1\0"
CONFIRM_CONTEXT = b"educa-confirm-v1\0"


class EnrolmentStatus(StrEnum):
    """How far a download has come."""

    OPEN = "open"
    ISSUED = "issued"
    CONFIRMED = "confirmed"
    BLOCKED = "blocked"
    VOIDED = "voided"


class EnrolmentEvent(StrEnum):
    """What can happen to a download."""

    ISSUE = "issue"
    CONFIRM = "confirm"
    BLOCK = "block"
    VOID = "void"


_S, _E = EnrolmentStatus, EnrolmentEvent

ENROLMENT = Machine(
    "证书下载",
    MappingProxyType(
        {
            (_S.OPEN, _E.ISSUE): _S.ISSUED,
            (_S.ISSUED, _E.CONFIRM): _S.CONFIRMED,
            (_S.OPEN, _E.BLOCK): _S.BLOCKED,
            (_S.ISSUED, _E.BLOCK): _S.BLOCKED,
            (_S.OPEN, _E.VOID): _S.VOIDED,
            (_S.ISSUED, _E.VOID): _S.VOIDED,
            (_S.BLOCKED, _E.VOID): _S.VOIDED,
        }
    ),
)


@dataclass(frozen=True)
class Enrolment:
    """Codes are kept as keyed hashes only; `key_sha256` is of the SPKI that the certificate is, or shall be, for.

    A renewal (更新) has no codes: `renews` is the serial of the certificate whose key opens it.
    """

    id: str
    holder_id: str
    medium_serial: str
    reference_hash: str
    code_hash: str
    status: EnrolmentStatus
    tries_left: int
    issued_by: str
    issued_at: datetime
    expires_at: datetime
    session_hash: str | None = None
    session_expires_at: datetime | None = None
    nonce: bytes | None = None
    challenge: bytes | None = None
    key_sha256: str | None = None
    certificate_serial: str | None = None
    renews: str | None = None
