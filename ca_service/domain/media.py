"""A token (UKEY介质): its custody from the centre to the person. At any time it is in exactly one known place."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine

OVERDUE_AFTER = timedelta(days=10)
"""A parcel that is under way for longer is overdue."""


class MediumStatus(StrEnum):
    """Where a token stands; `at_unit`, `parcel_id` or `holder_id` say with whom."""

    BLANK = "blank"
    INITIALISED = "initialised"
    ALLOCATED = "allocated"
    IN_TRANSIT = "in-transit"
    AT_UNIT = "at-unit"
    HANDED_OVER = "handed-over"
    IN_USE = "in-use"
    LOCKED = "locked"
    RETURNED = "returned"
    DAMAGED = "damaged"
    LOST = "lost"
    DESTROYED = "destroyed"


class MediumEvent(StrEnum):
    """What can happen to a token."""

    INITIALISE = "initialise"
    ALLOCATE = "allocate"
    RELEASE = "release"
    DISPATCH = "dispatch"
    RECEIVE = "receive"
    RECALL = "recall"
    HAND_OVER = "hand-over"
    ACTIVATE = "activate"
    LOCK = "lock"
    UNBLOCK = "unblock"
    HAND_IN = "hand-in"
    GIVE_BACK = "give-back"
    REPORT_DAMAGED = "report-damaged"
    REPORT_LOST = "report-lost"
    FIND = "find"
    DESTROY = "destroy"


_S, _E = MediumStatus, MediumEvent
IN_STOCK = (_S.INITIALISED, _S.AT_UNIT)
"""Lies at a unit and is promised to nobody."""
WITH_PERSON = (_S.HANDED_OVER, _S.IN_USE, _S.LOCKED)
"""In the hands of its holder."""
_REPORTABLE = (_S.BLANK, *IN_STOCK, _S.ALLOCATED, _S.IN_TRANSIT, *WITH_PERSON, _S.RETURNED)
# One that is under way is called broken by whoever takes the parcel in.
_BREAKABLE = tuple(state for state in _REPORTABLE if state is not _S.IN_TRANSIT)
# A token that may still hold a live key is handed in or reported before it is destroyed.
_DESTROYABLE = (_S.BLANK, _S.RETURNED, _S.DAMAGED)

MEDIUM = Machine(
    "介质",
    MappingProxyType(
        {
            (_S.BLANK, _E.INITIALISE): _S.INITIALISED,
            (_S.RETURNED, _E.INITIALISE): _S.INITIALISED,
            **{(state, _E.ALLOCATE): _S.ALLOCATED for state in IN_STOCK},
            (_S.ALLOCATED, _E.RELEASE): _S.AT_UNIT,
            **{(state, _E.DISPATCH): _S.IN_TRANSIT for state in (*IN_STOCK, _S.ALLOCATED)},
            (_S.IN_TRANSIT, _E.RECEIVE): _S.AT_UNIT,
            (_S.IN_TRANSIT, _E.RECALL): _S.AT_UNIT,
            **{(state, _E.HAND_OVER): _S.HANDED_OVER for state in (*IN_STOCK, _S.ALLOCATED)},
            (_S.HANDED_OVER, _E.ACTIVATE): _S.IN_USE,
            **{(state, _E.LOCK): _S.LOCKED for state in (_S.HANDED_OVER, _S.IN_USE)},
            (_S.LOCKED, _E.UNBLOCK): _S.IN_USE,
            **{(state, _E.HAND_IN): _S.RETURNED for state in WITH_PERSON},
            # To whom it was taken from, with the key and the certificate on it: workflows/returned.py says when.
            (_S.RETURNED, _E.GIVE_BACK): _S.HANDED_OVER,
            **{(state, _E.REPORT_DAMAGED): _S.DAMAGED for state in _BREAKABLE},
            **{(state, _E.REPORT_LOST): _S.LOST for state in _REPORTABLE},
            (_S.LOST, _E.FIND): _S.RETURNED,
            **{(state, _E.DESTROY): _S.DESTROYED for state in _DESTROYABLE},
        }
    ),
)


ENDS_A_PROMISE = frozenset({_E.RELEASE, _E.RECALL, _E.REPORT_DAMAGED, _E.REPORT_LOST})
"""What a token that was promised to a person is not given to them after."""


@dataclass(frozen=True)
class Medium:
    """One token. `binding_key` is the SubjectPublicKeyInfo (DER) of the key made on it at the centre.

    `at_unit` is the unit that answers for it: while it is under way, the sender. `holder_id` is the person whom it is
    promised to, or who has it.
    """

    serial: str
    model: str
    status: MediumStatus
    at_unit: str
    registered_at: datetime
    holder_id: str | None = None
    parcel_id: str | None = None
    binding_key: bytes | None = None
    firmware: str = ""

    @property
    def place(self) -> str:
        """The one place: a parcel, a person, or a unit, by its identifier."""
        if self.status is MediumStatus.IN_TRANSIT and self.parcel_id is not None:
            return self.parcel_id
        if self.status in WITH_PERSON and self.holder_id is not None:
            return self.holder_id
        return self.at_unit


class ParcelStatus(StrEnum):
    """Whether a parcel is under way, has been received, or was received with differences that are still open."""

    SENT = "sent"
    RECEIVED = "received"
    DISPUTED = "disputed"


class ParcelEvent(StrEnum):
    """What can happen to a parcel."""

    RECEIVE = "receive"
    DISPUTE = "dispute"
    SETTLE = "settle"


PARCEL = Machine(
    "包裹",
    MappingProxyType(
        {
            (ParcelStatus.SENT, ParcelEvent.RECEIVE): ParcelStatus.RECEIVED,
            (ParcelStatus.SENT, ParcelEvent.DISPUTE): ParcelStatus.DISPUTED,
            (ParcelStatus.DISPUTED, ParcelEvent.SETTLE): ParcelStatus.RECEIVED,
        }
    ),
)


@dataclass(frozen=True)
class Parcel:
    """Tokens that travel together from one unit to another. Courier and seal number are kept with the receipt."""

    id: str
    from_unit: str
    to_unit: str
    courier_number: str
    status: ParcelStatus
    sent_by: str
    sent_at: datetime
    seal_number: str = ""
    received_by: str | None = None
    received_at: datetime | None = None
    receipt_note: str = ""

    def overdue(self, at: datetime) -> bool:
        """Whether it is under way for too long."""
        return self.status is ParcelStatus.SENT and at - self.sent_at > OVERDUE_AFTER


class Arrival(StrEnum):
    """What became of one token of a parcel."""

    UNDERWAY = "underway"
    RECEIVED = "received"
    MISSING = "missing"
    DAMAGED = "damaged"
    EXTRA = "extra"
    RECALLED = "recalled"
    LOST = "lost"


@dataclass(frozen=True)
class ParcelItem:
    """One token of a parcel: on its list, or (EXTRA) found in it without being on the list."""

    parcel_id: str
    serial: str
    arrival: Arrival


@dataclass(frozen=True)
class HandOver:
    """A row of the dispatch record (电子证书派发记录单): prepared for a person, then handed over, or taken back.

    `handed_over_at` is empty until the person has the token; `sheet_id` names the sheet that was signed for it.
    """

    id: str
    serial: str
    holder_id: str
    unit_code: str
    from_unit: str
    by: str
    prepared_at: datetime
    handed_over_at: datetime | None = None
    sheet_id: str | None = None
    cancelled: bool = False


class SheetStatus(StrEnum):
    """Whether the signed sheet has come back."""

    PREPARED = "prepared"
    SIGNED = "signed"


@dataclass(frozen=True)
class DispatchSheet:
    """A printed sheet of hand-overs; `scan_sha256` is the signed one."""

    id: str
    unit_code: str
    status: SheetStatus
    prepared_by: str
    prepared_at: datetime
    scan_sha256: str = ""
    signed_at: datetime | None = None


@dataclass(frozen=True)
class CustodyEvent:
    """One step of a token's history; `seq` orders them within the token, `status` and `at_unit` are those after it."""

    serial: str
    seq: int
    event: MediumEvent
    from_place: str
    to_place: str
    by: str
    at: datetime
    status: MediumStatus
    at_unit: str
    note: str = ""
