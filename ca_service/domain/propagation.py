"""How long a change of status takes to get out: from its line in the status log to where relying parties look."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil


class Reach(StrEnum):
    """Where a change has arrived."""

    OCSP = "ocsp"  # one responder answers by it
    CRL = "crl"  # it is in a published complete list
    DELTA = "delta"  # it is in a published delta


PROMISED = timedelta(seconds=1)
"""Within which a responder has to answer by a change; what `status_staleness_seconds` may be at most."""

KEPT = timedelta(days=7)
_STEP = 0.01


@dataclass(frozen=True)
class Lag:
    """So many changes of an issuer arrived together, each after so many seconds (rounded up to a hundredth)."""

    id: str
    issuer: str
    reach: Reach
    seen_at: datetime
    seconds: float
    changes: int


def seconds_since(moments: Iterable[datetime], seen_at: datetime) -> Mapping[float, int]:
    """How many changes took how long. Many that arrive at once make few different times.

    A clock that runs behind the one that wrote the log would see into the future: that counts as no time at all.
    """
    waited = (max(0.0, (seen_at - moment).total_seconds()) for moment in moments)
    return Counter(round(ceil(round(seconds / _STEP, 6)) * _STEP, 2) for seconds in waited)


@dataclass(frozen=True)
class Spread:
    """Of so many changes half, 99 of 100, and all had arrived after so many seconds."""

    changes: int
    half: float
    p99: float
    worst: float


def spread(times: Mapping[float, int]) -> Spread | None:
    """The spread of the times; None when nothing arrived. A percentile is a time that was measured, never between."""
    total = sum(times.values())
    if not total:
        return None
    ordered = sorted(times.items())
    return Spread(total, _reached(ordered, total * 0.5), _reached(ordered, total * 0.99), ordered[-1][0])


def _reached(ordered: Sequence[tuple[float, int]], wanted: float) -> float:
    arrived = 0
    for seconds, changes in ordered:
        arrived += changes
        if arrived >= wanted:
            return seconds
    return ordered[-1][0]


def by_minute(lags: Iterable[Lag]) -> Mapping[datetime, Spread]:
    """The spread of each minute in which something arrived."""
    minutes: dict[datetime, Counter[float]] = {}
    for lag in lags:
        minute = lag.seen_at.replace(second=0, microsecond=0)
        minutes.setdefault(minute, Counter())[lag.seconds] += lag.changes
    found = {minute: spread(times) for minute, times in sorted(minutes.items())}
    return {minute: one for minute, one in found.items() if one is not None}
