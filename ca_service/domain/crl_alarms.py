"""When the staff must be told that a CRL is not published, long before relying parties notice (its nextUpdate)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ca_service.domain.crls import CrlOutline


class AlarmKind(StrEnum):
    """What is told; the value is stored, so that each thing is told once."""

    REFUSED = "refused"  # the gate holds a list back
    LATE = "late"  # nothing was published for so long that the list in force will run out
    LAST = "last"  # a quarter of that time is left
    EXPIRED = "expired"  # relying parties refuse everybody now


@dataclass(frozen=True)
class CrlAlarm:
    """Told once: this of that list, about the number that is in force (refused: the number that was held back)."""

    name: str
    number: int
    kind: AlarmKind
    at: datetime


def overdue(latest: CrlOutline, now: datetime, *, within: timedelta) -> Sequence[AlarmKind]:
    """Which alarms about the list in force are due, the mildest first. `within`: how long before nextUpdate to begin.

    A list that is published as it should be never comes near: its successor is a fraction of its lifetime away.
    """
    left = latest.next_update - now
    found = ((AlarmKind.LATE, within), (AlarmKind.LAST, within / 4), (AlarmKind.EXPIRED, timedelta(0)))
    return [kind for kind, bound in found if left <= bound]
