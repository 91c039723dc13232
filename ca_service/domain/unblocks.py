"""PIN unblock (解锁): a release for one token and its holder, and the SO PINs that the token may have."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine

RELEASE_LIFETIME = timedelta(hours=24)
MAX_TRIES = 5
MAX_SO_PINS = 8
"""How many sealed SO PINs one answer may carry; a token that may have more has to come back."""

UNBLOCK_CONTEXT = b"educa-unblock-v1\0"


class ReleaseStatus(StrEnum):
    """How far a release has come. Expiry is a date, not a status."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    BLOCKED = "blocked"
    VOIDED = "voided"


class ReleaseEvent(StrEnum):
    """What can happen to a release."""

    CONFIRM = "confirm"
    BLOCK = "block"
    VOID = "void"


_S, _E = ReleaseStatus, ReleaseEvent
UNDER_WAY = (_S.OPEN, _S.BLOCKED)
"""Neither done nor replaced: another code may be given instead."""

RELEASE = Machine(
    "解锁",
    MappingProxyType(
        {
            (_S.OPEN, _E.CONFIRM): _S.CONFIRMED,
            (_S.OPEN, _E.BLOCK): _S.BLOCKED,
            (_S.OPEN, _E.VOID): _S.VOIDED,
            (_S.BLOCKED, _E.VOID): _S.VOIDED,
        }
    ),
)


@dataclass(frozen=True)
class Release:
    """Made by executing the change form `change_id`; the code and the session are kept as keyed hashes only.

    `asked_by` is who asked for another code in place of this one.
    """

    id: str
    serial: str
    holder_id: str
    unit_code: str
    change_id: str
    code_hash: str
    status: ReleaseStatus
    tries_left: int
    released_by: str
    released_at: datetime
    expires_at: datetime
    session_hash: str | None = None
    session_expires_at: datetime | None = None
    nonce: bytes | None = None
    confirmed_at: datetime | None = None
    asked_by: str | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True)
class SoPin:
    """One SO PIN that a token may have, sealed for the custody key; of one token the highest `seq` is the newest.

    `session_hash` is of the session it was handed in by; empty for the one that came from the centre.
    """

    serial: str
    seq: int
    sealed: bytes = field(repr=False)
    session_hash: str = ""
