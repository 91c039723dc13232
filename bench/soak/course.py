"""The run: everybody acts, a process dies every now and then, the primary dies once."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle

from cryptography import x509

from bench.soak.console import OddAnswerError, Person
from bench.soak.journal import Journal
from bench.soak.loads import Downloader, Importer, Officer, Relying, Visitors
from bench.soak.machines import PARTS, Machine, running, wait_for
from bench.soak.memory import Memory
from bench.soak.plan import Plan
from bench.soak.stage import OFFICERS, POOL, VISITORS, Stage
from bench.soak.wire import NotServedError, Wire, every
from tests.ca_service.postgres_pair import Pair

_SAMPLED_EVERY = 2.0


@dataclass
class Course:
    """One run and what was seen of it."""

    plan: Plan
    stage: Stage
    pair: Pair
    journal: Journal = field(default_factory=Journal)
    memory: Memory = field(default_factory=Memory)
    kills: int = 0
    failed_over: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self, then: Callable[[], None]) -> None:
        """Let it run; `then` is called at the end, while everything still serves."""
        with running(self.stage.machines):
            serials = self._first_certificates()
            with self._acting(self._actors(serials)):
                self._strike(time.monotonic())
            # The last death may have been a moment ago.
            for one in self.stage.machines:
                wait_for(one)
            then()

    def _first_certificates(self) -> Sequence[str]:
        """What officers and relying systems deal with; downloaded over the wire too."""
        people = self.stage.equipped[: OFFICERS * POOL]
        first = Downloader(self._wire("console"), self.journal, iter(people))
        for _ in people:
            first.act()
        return [self.journal.downloads[person.holder] for person in people]

    def _strike(self, began: float) -> None:
        """Kill and sample until the time is over. The second machine lives through: it shows what memory does."""
        struck, steady = self.stage.machines
        parts = cycle(PARTS)
        kill_at, sample_at = began + self.plan.kill_every, began
        while (now := time.monotonic()) < began + self.plan.seconds:
            if now >= sample_at:
                sample_at = now + _SAMPLED_EVERY
                steady.sample(self.memory)
            if not self.failed_over and now >= began + self.plan.seconds / 2:
                self._fail_over()
            if now >= kill_at:
                kill_at = now + self.plan.kill_every
                self._kill(struck, next(parts))
            self._revive()
            time.sleep(0.1)

    def _kill(self, struck: Machine, part: str) -> None:
        struck.kill(part)
        struck.start(part)
        self.kills += 1

    def _revive(self) -> None:
        for one in self.stage.machines:
            for part in one.ended():
                self.journal.is_wrong(f"{one.name} {part} ended by itself: {one.log(part)[-300:]}")
                one.start(part)

    def _fail_over(self) -> None:
        """The primary is killed; whoever watches over it takes a moment to notice."""
        self.pair.primary.kill()
        time.sleep(self.plan.without_primary)
        self.pair.promote()
        self.failed_over = True

    @contextmanager
    def _acting(self, actors: Sequence[tuple[float, Callable[[], None]]]) -> Iterator[None]:
        threads = [threading.Thread(target=self._act, args=actor, daemon=True) for actor in actors]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _act(self, pace: float, act: Callable[[], None]) -> None:
        def noted() -> None:
            try:
                act()
            except (OddAnswerError, NotServedError, ValueError) as error:
                self.journal.is_wrong(f"{type(error).__name__}: {error}")

        every(pace, noted, self._stop.wait)

    def _actors(self, serials: Sequence[str]) -> Sequence[tuple[float, Callable[[], None]]]:
        plan, stage, seed = self.plan, self.stage, self.plan.seed
        numbers = iter(range(1, 10_000))
        officers = []
        for own in range(OFFICERS):
            person = self._person(f"officer-{own}", next(numbers))
            person.sign_in()
            mine = serials[own * POOL : (own + 1) * POOL]
            officers.append(Officer(person, self._relying(serials, seed + own), self.journal, mine, seed + own))
        clerk, *reviewers = (self._person(name, next(numbers)) for name in ("clerk", "reviewer-league", "reviewer"))
        for person in (clerk, *reviewers):
            person.sign_in()
        visitors = [self._person(f"visitor-{number}", next(numbers)) for number in range(VISITORS)]
        later = iter(stage.equipped[OFFICERS * POOL :])
        return [
            *((plan.status_every, officer.act) for officer in officers),
            *(
                (plan.ocsp_every, self._relying(serials, seed + 10 + one, first=one, brief=False).ask)
                for one in range(2)
            ),
            *((plan.crl_every, self._relying(serials, seed + 20 + one, first=one).fetch) for one in range(2)),
            (plan.download_every, Downloader(self._wire("console"), self.journal, later).act),
            (plan.sign_in_every, Visitors(visitors, self.journal).act),
            (plan.import_every, Importer(clerk, reviewers, self.journal, iter(stage.schools)).act),
        ]

    def _wire(self, part: str, *, first: int = 0, brief: bool = True) -> Wire:
        """A client whose home is the first or the second machine."""
        addresses = [getattr(one, part) for one in self.stage.machines]
        tls = ssl.create_default_context(cafile=self.stage.root) if part == "console" else None
        return Wire(self.journal, [addresses[first], addresses[1 - first]], tls, brief)

    def _person(self, login: str, number: int) -> Person:
        return Person(self._wire("console", first=number % 2), login, number)

    def _relying(self, serials: Sequence[str], seed: int, *, first: int = 0, brief: bool = True) -> Relying:
        issuing = x509.load_der_x509_certificate(self.stage.issuing)
        return Relying(self._wire("publication", first=first, brief=brief), self.journal, issuing, serials, seed)
