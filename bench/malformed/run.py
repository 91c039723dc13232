"""One run: so many requests by a seed, each judged; what was wrong is told with the number that repeats it."""

import io
import logging
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from random import Random
from time import process_time
from typing import Any, Protocol

import structlog

from bench.malformed.growth import Growth
from bench.malformed.judge import Rules, ask, objections
from bench.malformed.request import Draft, Sent
from bench.malformed.spoil import spoiled


class Side(Protocol):
    """One service: drafts of sound requests, the applications, and what was written."""

    @property
    def applications(self) -> Mapping[str, Any]:
        """WSGI callables by part."""

    def draft(self, rng: Random) -> tuple[str, Draft]:
        """A sound request and its part."""

    def untouched(self) -> AbstractContextManager[None]:
        """A block that leaves nothing in the database."""

    def wrote(self) -> Collection[str]:
        """Tables written inside the present block."""

    def rules(self, part: str) -> Rules:
        """What holds for the answers of a part."""


@dataclass(frozen=True)
class Finding:
    """An answer that must not be. `number` with the run's seed makes the same request again."""

    number: int
    sent: Sent
    words: str
    trace: str = ""

    def __str__(self) -> str:
        """For the person who mends it."""
        target = self.sent.target if len(self.sent.target) < 200 else self.sent.target[:200] + "..."
        return f"#{self.number} {self.sent.label}: {self.words}\n    {self.sent.method} {target}\n{self.trace}"


@dataclass
class Outcome:
    """What a run found and counted."""

    findings: list[Finding] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    growth: Growth = field(default_factory=Growth)
    requests: int = 0
    work: float = 0.0
    slowest: float = 0.0


def run(
    sides: Collection[Side], *, seed: int, numbers: range, look: int = 1_000,
    heartbeat: Callable[[Outcome], None] = lambda _outcome: None,
) -> Outcome:  # fmt: skip
    """Send the requests with these numbers, to the sides by their weight in the collection."""
    outcome, chosen = Outcome(), list(sides)
    began = process_time()
    with _listening() as heard:
        for number in numbers:
            rng = Random(f"{seed}-{number}")
            _one(rng.choice(chosen), rng, number, outcome, heard)
            if number % look == 0:
                outcome.growth.sample(outcome.requests)
                heartbeat(outcome)
    outcome.work = process_time() - began
    return outcome


def _one(side: Side, rng: Random, number: int, outcome: Outcome, heard: list[str]) -> None:
    part, draft = side.draft(rng)
    sent = spoiled(rng, draft)
    heard.clear()
    outcome.requests += 1
    with side.untouched():
        try:
            answer = ask(side.applications[part], sent)
        except Exception:  # whatever escapes is the finding
            outcome.findings.append(Finding(number, sent, "let an exception out", traceback.format_exc(limit=-6)))
            return
        words = objections(side.rules(part), sent, answer, side.wrote())
    outcome.statuses[answer.status] += 1
    outcome.slowest = max(outcome.slowest, answer.work)
    if answer.status < 400:
        outcome.reached.add(sent.label.rsplit(" ", 1)[0])
    if heard:
        words.append("left a traceback in the log")
    outcome.findings += [Finding(number, sent, word, "\n".join(heard)) for word in words]


@contextmanager
def _listening() -> Iterator[list[str]]:
    """The tracebacks and errors that reach either log while the block runs; other lines are dropped."""
    heard: list[str] = []
    handler = _Ear(heard)
    root, old = logging.getLogger(), structlog.get_config()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [handler]

    def note(_logger: object, method: str, event: Any) -> Any:
        if event.get("exc_info") or method in ("error", "critical", "exception"):
            heard.append(f"{event.get('event')}: {event.get('error', '')}\n{_trace(event.get('exc_info'))}")
        raise structlog.DropEvent

    structlog.configure(processors=[note], cache_logger_on_first_use=False)
    try:
        yield heard
    finally:
        root.handlers[:], root.level = before, level
        structlog.configure(**old)


def _trace(error: object) -> str:
    if not isinstance(error, BaseException):
        return traceback.format_exc(limit=-6) if error else ""
    return "".join(traceback.format_exception(error, limit=-6))


class _Ear(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        """The message with at most six frames of its traceback."""
        text = io.StringIO()
        text.write(record.getMessage())
        if record.exc_info and record.exc_info[1]:
            text.write("\n" + "".join(traceback.format_exception(record.exc_info[1], limit=-6)))
        self._heard.append(text.getvalue())
