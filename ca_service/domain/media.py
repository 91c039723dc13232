"""A token (UKEY介质): its custody from the centre to the person. At any time it is in exactly one known place."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine


class MediumStatus(StrEnum):
    """Where a token stands; `at_unit` or `holder_id` say with whom."""

    BLANK = "blank"
    INITIALISED = "initialised"
    IN_TRANSIT = "in-transit"
    AT_UNIT = "at-unit"
    HANDED_OVER = "handed-over"
    IN_USE = "in-use"
    RETURNED = "returned"
    DAMAGED = "damaged"
    LOST = "lost"


class MediumEvent(StrEnum):
    """What can happen to a token."""

    INITIALISE = "initialise"
    DISPATCH = "dispatch"
    RECEIVE = "receive"
    HAND_OVER = "hand-over"
    ACTIVATE = "activate"
    HAND_IN = "hand-in"
    REPORT_DAMAGED = "report-damaged"
    REPORT_LOST = "report-lost"


_S, _E = MediumStatus, MediumEvent
_REPORTABLE = (_S.BLANK, _S.INITIALISED, _S.IN_TRANSIT, _S.AT_UNIT, _S.HANDED_OVER, _S.IN_USE, _S.RETURNED)

MEDIUM = Machine(
    "介质",
    MappingProxyType(
        {
            (_S.BLANK, _E.INITIALISE): _S.INITIALISED,
            (_S.INITIALISED, _E.DISPATCH): _S.IN_TRANSIT,
            (_S.AT_UNIT, _E.DISPATCH): _S.IN_TRANSIT,
            (_S.IN_TRANSIT, _E.RECEIVE): _S.AT_UNIT,
            (_S.INITIALISED, _E.HAND_OVER): _S.HANDED_OVER,
            (_S.AT_UNIT, _E.HAND_OVER): _S.HANDED_OVER,
            (_S.HANDED_OVER, _E.ACTIVATE): _S.IN_USE,
            (_S.HANDED_OVER, _E.HAND_IN): _S.RETURNED,
            (_S.IN_USE, _E.HAND_IN): _S.RETURNED,
            **{(state, _E.REPORT_DAMAGED): _S.DAMAGED for state in _REPORTABLE},
            **{(state, _E.REPORT_LOST): _S.LOST for state in _REPORTABLE},
        }
    ),
)


@dataclass(frozen=True)
class Medium:
    """One token. `binding_key` is the SubjectPublicKeyInfo (DER) of the key made on it at the centre."""

    serial: str
    model: str
    status: MediumStatus
    at_unit: str
    registered_at: datetime
    holder_id: str | None = None
    parcel_id: str | None = None
    binding_key: bytes | None = None


class ParcelStatus(StrEnum):
    """Whether a parcel is under way or has been received."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True)
class Parcel:
    """Tokens that travel together from one unit to another; `courier_number` is kept with the receipt."""

    id: str
    from_unit: str
    to_unit: str
    courier_number: str
    status: ParcelStatus
    sent_by: str
    sent_at: datetime
    received_by: str | None = None
    received_at: datetime | None = None


@dataclass(frozen=True)
class CustodyEvent:
    """One step of a token's history; `seq` orders them within the token."""

    serial: str
    seq: int
    event: MediumEvent
    from_place: str
    to_place: str
    by: str
    at: datetime
