"""Beside the requests of one publication process: follows the status log, measures, and says that the process lives.

Nothing here is on the way of a request. What cannot be written is kept for the next time, up to a bound.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

import structlog

from ca_service.domain.propagation import Reach, seconds_since
from ca_service.telemetry.heart import Heart, at_intervals
from ca_service.workflows.ports import Services
from ca_service.workflows.propagation import record_seen
from ocsp import Changes, Responder

_log = structlog.get_logger(__name__)
_SHORTEST = 0.05
_WRITTEN_EVERY = timedelta(seconds=1)
_LOOKS = 10_000


class SeenChanges:
    """An `ocsp.Observer`: what came into force at each look at the log, until somebody takes it away."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._looks: deque[tuple[datetime, Mapping[float, int]]] = deque(maxlen=_LOOKS)

    def applied(self, changes: Changes) -> None:
        """See the port."""
        now = self._clock()
        self._looks.append((now, seconds_since(changes.moments, now)))

    def take(self) -> list[tuple[datetime, Mapping[float, int]]]:
        """All looks so far, once."""
        return [self._looks.popleft() for _ in range(len(self._looks))]


class Following:
    """One responder and its numbers; `step` is called at intervals by one thread."""

    def __init__(self, services: Services, responder: Responder, seen: SeenChanges, *, issuer: str) -> None:
        self._services, self._responder, self._seen, self._issuer = services, responder, seen, issuer
        self._told = asdict(responder.counts)
        self._unwritten: list[tuple[datetime, Mapping[float, int]]] = []
        self._heart = Heart(services, "publication")
        self._write_at = services.clock()
        self._down = False

    def step(self) -> None:
        """Follow the log; tell the numbers and write what was seen, if it is time."""
        now = self._services.clock()
        try:
            self._responder.follow()
            if now >= self._write_at:
                self._write_at = now + _WRITTEN_EVERY
                self._count()
                self._write()
                self._heart.beat_if_due()
        except Exception as error:
            # Once for each time that it goes down: a database that is away for an hour must not fill the log.
            if not self._down:
                _log.warning("the status log cannot be followed", error=type(error).__name__)
            self._down = True
        else:
            self._down = False

    def _count(self) -> None:
        counts = asdict(self._responder.counts)
        for outcome, number in counts.items():
            if number > self._told[outcome]:
                self._services.meter.ocsp_answered(outcome, number - self._told[outcome])
        self._told = counts

    def _write(self) -> None:
        looks = self._seen.take()
        for _, times in looks:
            for seconds, changes in times.items():
                self._services.meter.propagated(Reach.OCSP, seconds, changes)
        self._unwritten = [*self._unwritten, *looks][-_LOOKS:]
        if self._unwritten:
            record_seen(self._services, self._issuer, self._unwritten)
            self._unwritten = []


def follow(following: Following, *, every: float) -> None:
    """Step at this interval, in a thread that ends with the process."""
    at_intervals(following.step, every=max(every, _SHORTEST), name="following")
