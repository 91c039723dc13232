"""A line before the token, held up as long as a test wants."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from ca_service.domain.key_use import Use
from ca_service.signing.turns import Patience, Turns
from ca_service.workflows.ports import Unmeasured

PATIENT = Patience(waiting=100, seconds=60)


class Told(Unmeasured):
    """A meter that remembers what the line did."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self.waited: list[Use] = []
        self.lengths: list[int] = []

    def token_waiting(self, waiting: int) -> None:
        self.lengths.append(waiting)

    def token_waited(self, use: Use, seconds: float) -> None:
        self.waited.append(use)

    def token_refused(self, why: str) -> None:
        self.refused[why] += 1


class Line:
    """Threads that come one after the other while the turn is taken, and the order in which they get it."""

    def __init__(self, turns: Turns, meter: Told) -> None:
        self.turns, self.meter = turns, meter
        self.order: list[str] = []
        self._threads: list[threading.Thread] = []

    def come(self, name: str, use: Use) -> None:
        """Somebody comes and waits."""
        before = self.turns.waiting
        self._threads.append(threading.Thread(target=self._wait, args=(name, use)))
        self._threads[-1].start()
        while self.turns.waiting == before:
            self._threads[-1].join(0.001)

    def _wait(self, name: str, use: Use) -> None:
        with self.turns.turn(use, PATIENT, self.meter):
            self.order.append(name)

    def done(self) -> list[str]:
        """The order, once all had their turn."""
        for thread in self._threads:
            thread.join(60)
        return self.order


@contextmanager
def taken(turns: Turns, meter: Told) -> Iterator[Line]:
    """The turn is another's until the block ends."""
    inside, out = threading.Event(), threading.Event()

    def hold() -> None:
        with turns.turn(Use.OTHER, PATIENT, meter):
            inside.set()
            out.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(60)
    try:
        yield Line(turns, meter)
    finally:
        out.set()
        holder.join(60)
