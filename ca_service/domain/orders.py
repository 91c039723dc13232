"""An order (应急处置): one officer acts on a certificate at once, as by telephone; a second confirms it later.

What was done stays done: the second officer, or the time that runs out, changes nothing of the certificate, least of
all by releasing it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine


class OrderAct(StrEnum):
    """What one officer may do at once and a second one looks at afterwards."""

    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    REVOKE = "revoke"


class OrderStatus(StrEnum):
    """Whether the second officer has looked at it."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    ESCALATED = "escalated"


class OrderEvent(StrEnum):
    """What can happen to an order."""

    CONFIRM = "confirm"
    ESCALATE = "escalate"


_S, _E = OrderStatus, OrderEvent

ORDER = Machine(
    "应急处置",
    MappingProxyType(
        {
            (_S.OPEN, _E.CONFIRM): _S.CONFIRMED,
            (_S.OPEN, _E.ESCALATE): _S.ESCALATED,
            (_S.ESCALATED, _E.CONFIRM): _S.CONFIRMED,
        }
    ),
)


@dataclass(frozen=True)
class StatusOrder:
    """`confirm_by` is when an order without a second officer is escalated."""

    id: str
    serial: str
    unit_code: str
    act: OrderAct
    reason: str
    ordered_by: str
    ordered_at: datetime
    confirm_by: datetime
    status: OrderStatus
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
