"""Keeping what was measured of propagation, so that all processes' measurements are one."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from ca_service.domain.propagation import KEPT, Lag, Reach, seconds_since
from ca_service.workflows.ports import Before, Services, UnitOfWork


def record_seen(services: Services, issuer: str, seen: Iterable[tuple[datetime, Mapping[float, int]]]) -> None:
    """Keep what a responder has seen: for each look at the log, when it was, and how many changes took how long."""
    lags = [lag for at, times in seen for lag in _lags(services, issuer, Reach.OCSP, at, times)]
    if lags:
        with services.begin() as uow:
            uow.lags.add_all(lags)


def note_published(
    services: Services, uow: UnitOfWork, issuer: str, moments: Iterable[datetime], reaches: Iterable[Reach]
) -> Mapping[float, int]:
    """Keep, with the transaction that publishes, how long the changes of a list took; return how many took how long."""
    at = services.clock()
    times = seconds_since(moments, at)
    uow.lags.add_all(lag for reach in reaches for lag in _lags(services, issuer, reach, at, times))
    return times


def prune(services: Services) -> int:
    """Forget what is older than anybody looks at: lags after a week, processes after an hour of silence."""
    old = services.clock() - KEPT
    with services.read() as uow:
        if not uow.lags.count(seen_at=Before(old)):
            return 0
    with services.begin() as uow:
        return uow.lags.remove(seen_at=Before(old))


def _lags(services: Services, issuer: str, reach: Reach, at: datetime, times: Mapping[float, int]) -> Iterable[Lag]:
    for seconds, changes in times.items():
        yield Lag(services.new_id("L"), issuer, reach, at, seconds, changes)
