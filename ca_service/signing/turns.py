"""One user of the token module at a time: who waits, in which order, how many, and for how long.

SoftHSM ended the process when threads used it at the same time, and other modules bear it differently well; so calls
come one after the other in a process. Waiting is bounded in number and in time, because a waiting request keeps a
thread from those that need no key. A call that the module never returns from cannot be ended: who comes later is
refused at once.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ca_service.domain.errors import Busy
from ca_service.domain.key_use import Use
from ca_service.workflows.ports import Meter

# So many urgent ones in a row; then one of the others, who would wait for ever in a flood of questions.
_IN_A_ROW = 4


@dataclass(frozen=True)
class Patience:
    """How many may wait in a process, and how many seconds each."""

    waiting: int = 8
    seconds: float = 5.0


@dataclass
class _Ticket:
    """A place in the line; `called` once the turn is its owner's."""

    owner: int
    called: threading.Event = field(default_factory=threading.Event)


class Turns:
    """The line before one token module. A thread that has the turn may take it again."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget who has the turn and who waits: in a forked process they are the parent's threads."""
        self._lock = threading.Lock()
        self._holder: int | None = None
        self._depth, self._since, self._in_a_row = 0, 0.0, 0
        self._urgent: deque[_Ticket] = deque()
        self._others: deque[_Ticket] = deque()

    @property
    def waiting(self) -> int:
        """How many are in the line."""
        return len(self._urgent) + len(self._others)

    @contextmanager
    def turn(self, use: Use, patience: Patience, meter: Meter) -> Iterator[None]:
        """Have the token for the block; raise Busy when too many wait, or the turn does not come in time."""
        self._enter(use, patience, meter)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, use: Use, patience: Patience, meter: Meter) -> None:
        me = threading.get_ident()
        with self._lock:
            if self._holder is None or self._holder == me:
                self._take(me)
                return
            if self.waiting >= patience.waiting:
                raise _busy(meter, "full", patience)
            if self._monotonic() - self._since > patience.seconds:
                raise _busy(meter, "stuck", patience)
            ticket = _Ticket(me)
            (self._urgent if use.urgent else self._others).append(ticket)
            meter.token_waiting(self.waiting)
        self._await(ticket, use, patience, meter)

    def _await(self, ticket: _Ticket, use: Use, patience: Patience, meter: Meter) -> None:
        began = self._monotonic()
        ticket.called.wait(patience.seconds)
        with self._lock:
            meter.token_waiting(self.waiting)
            # The turn may have come just after the time was over: then it is taken all the same.
            if not ticket.called.is_set():
                (self._urgent if use.urgent else self._others).remove(ticket)
                raise _busy(meter, "slow", patience)
        meter.token_waited(use, self._monotonic() - began)

    def _take(self, owner: int) -> None:
        if not self._depth:
            self._holder, self._since = owner, self._monotonic()
        self._depth += 1

    def _leave(self) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth:
                return
            self._holder = None
            ticket = self._next()
            if ticket is not None:
                self._take(ticket.owner)
                ticket.called.set()

    def _next(self) -> _Ticket | None:
        """The first of the urgent ones, unless the others have let enough of them pass."""
        if self._urgent and not (self._others and self._in_a_row >= _IN_A_ROW):
            self._in_a_row += 1
            return self._urgent.popleft()
        self._in_a_row = 0
        return self._others.popleft() if self._others else None


def _busy(meter: Meter, why: str, patience: Patience) -> Busy:
    meter.token_refused(why)
    return Busy(
        "当前办理的人较多，签发密钥忙，没有签发或更改任何内容。请稍候重试。",
        facts={"retry_after": max(1, round(patience.seconds))},
    )


TURNS = Turns()
"""The line of this process: all its tokens are behind one module."""

os.register_at_fork(after_in_child=TURNS.begin_anew)
