"""A process says at intervals that it lives, so that the status page knows who is there."""

import os
import socket
import threading
from collections.abc import Callable

import structlog

from ca_service.domain.errors import DomainError
from ca_service.domain.health import PULSE, Pulse
from ca_service.workflows.health import beat
from ca_service.workflows.ports import Services

_log = structlog.get_logger(__name__)


class Heart:
    """The pulse of this process; used by one thread."""

    def __init__(self, services: Services, part: str) -> None:
        now = services.clock()
        self._services = services
        self._pulse = Pulse(services.new_id("P"), part, now, now, f"{socket.gethostname()[:80]}, {os.getpid()}")
        self._due = now

    @property
    def name(self) -> str:
        """How the store knows this process."""
        return self._pulse.id

    def beat_if_due(self) -> bool:
        """Tell the database, if it is time; raises Unavailable. Says whether it was."""
        now = self._services.clock()
        if now < self._due:
            return False
        self._due = now + PULSE
        self._pulse = beat(self._services, self._pulse)
        return True


def beating(services: Services, part: str) -> None:
    """Beat in a thread that ends with the process, where nothing else of it runs at intervals."""
    heart = Heart(services, part)

    def step() -> None:
        try:
            heart.beat_if_due()
        except DomainError as error:
            _log.warning("pulse not told", part=part, kind=error.kind)

    at_intervals(step, every=1.0, name="heart")


def at_intervals(step: Callable[[], None], *, every: float, name: str) -> None:
    """Call `step`, which must not raise, at this interval in a thread that ends with the process."""
    pause = threading.Event()

    def run() -> None:
        while not pause.wait(every):
            step()

    threading.Thread(target=run, name=name, daemon=True).start()
