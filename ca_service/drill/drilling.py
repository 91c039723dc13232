"""The drill: each fault at each place of each act, and after each what must hold.

    prepare -> (a process that is struck) -> a process that starts, closes what was left, and does the act again -> look

The processes are forks of a server that has everything imported: each is a real process with connections, sessions
and a death of its own, and starts in a fraction of a second.
"""

import multiprocessing
import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from ca_service.audit.status import Auditor, Reader
from ca_service.audit.status.replay import replay
from ca_service.clock import system_clock
from ca_service.config import Config
from ca_service.domain.errors import Unavailable
from ca_service.drill import child, evidence
from ca_service.drill.acts import ACTS, Case
from ca_service.drill.blows import BLOWS, KILL
from ca_service.drill.child import Ended, Job
from ca_service.drill.copying import require_copy
from ca_service.drill.invariants import Invariant, Violation, violations
from ca_service.drill.witness import Witness
from ca_service.store.engines import connect

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["ca_service.drill.child"])
CLOCK_BACK, CLOCK_FORWARD, AUDIT, PREPARE = "clock-back", "clock-forward", "audit", "prepare"
_CLOCK_ACTS = ("issue", "freeze", "publish")


def names() -> Sequence[str]:
    """All scenarios, in the order in which they are drilled; what moves the clock forward comes last."""
    return [*(f"{blow}-{act}" for blow in BLOWS for act in ACTS), CLOCK_BACK, CLOCK_FORWARD]


class Unprepared(Exception):
    """After the faults so far the CA cannot do what comes before an act; the text (Chinese) says why."""


def sampled(places: int, sample: int | None, chance: random.Random) -> Sequence[int]:
    """So many of the places 1 to `places`, in their order; all where that is not limited."""
    every = range(1, places + 1)
    return list(every) if sample is None or sample >= places else sorted(chance.sample(every, sample))


@dataclass(frozen=True)
class Outcome:
    """One fault: what was done where, what was seen, what does not hold."""

    scenario: str
    place: str
    seen: str
    violations: Sequence[Violation] = ()


@dataclass(frozen=True)
class Run:
    """What a process told: how it ended, the place where it was struck, why it could not be."""

    ended: Ended | None = None
    struck: str = ""
    missed: str = ""


@dataclass
class Drill:
    """A drill on a copy. `sample`: how many places of each scenario, chosen by the seed; all where None."""

    config: Config
    seed: int = 0
    sample: int | None = None
    witness: Witness = field(default_factory=Witness)
    _ahead: timedelta = timedelta(0)
    _known: set[Violation] = field(default_factory=set)

    def __post_init__(self) -> None:
        require_copy(self.config)
        self._engine: Engine = connect(self.config.database_url)
        self.since = evidence.baseline(self._engine)
        self._chance = random.Random(self.seed)  # noqa: S311  a choice that can be repeated

    def run(self, scenarios: Sequence[str]) -> Iterator[Outcome]:
        """Drill these scenarios in the order of `names`; one outcome for each fault."""
        for name in names():
            if name not in scenarios:
                continue
            try:
                yield from self._scenario(name)
                yield self._audited(name)
            except Unprepared as error:
                yield Outcome(name, PREPARE, "", [Violation(Invariant.FINISHED, f"此后不能再办理：{error}")])

    def _scenario(self, name: str) -> Iterator[Outcome]:
        blow, _, act = name.partition("-")
        return self._with_clock(name) if name in (CLOCK_BACK, CLOCK_FORWARD) else self._at_places(name, act, blow)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _at_places(self, scenario: str, act: str, blow: str) -> Iterator[Outcome]:
        undisturbed = self._process(Job(act, "", self._prepared(act)))
        yield Outcome(scenario, "", _seen(undisturbed), [*self.look(), *self._faults(undisturbed)])
        for strike in sampled(len(undisturbed.places) if undisturbed else 0, self.sample, self._chance):
            yield self._struck(scenario, Job(act, "", self._prepared(act), blow, strike))

    def _struck(self, scenario: str, job: Job) -> Outcome:
        first = self._run(job)
        ended = self._process(replace(job, strike=0, blow="")) if job.blow == KILL else first.ended
        found = [*self.look(), *self._faults(ended)]
        if not first.struck:
            found.append(Violation(Invariant.FINISHED, f"没有到达第 {job.strike} 个位置，未演练"))
        if first.missed:
            found.append(Violation(Invariant.FINISHED, f"未能施加故障：{first.missed}"))
        if first.struck and (first.ended is None) is not (job.blow == KILL):
            found.append(Violation(Invariant.ORDERLY, "进程意外结束，或没有被杀死"))
        return Outcome(scenario, first.struck, _seen(first.ended), found)

    def _with_clock(self, scenario: str) -> Iterator[Outcome]:
        for act in _CLOCK_ACTS:
            away = timedelta(minutes=self._chance.randint(30, 2 * 24 * 60))
            shift = -away if scenario == CLOCK_BACK else away
            case = self._prepared(act)
            moved = self._process(Job(act, "", case, ahead=shift))
            right = self._process(Job(act, "", case))
            last = right
            if scenario == CLOCK_FORWARD:
                # What was dated ahead stands: the time has to come before the CA goes on.
                self._ahead = max(self._ahead, shift) + timedelta(minutes=1)
                last = self._process(Job(act, "", case, ahead=self._ahead))
            found = [*self.look(), *self._faults(last), *_crashes(moved, right)]
            hours = f"{shift.total_seconds() / 3600:+.1f} h"
            yield Outcome(scenario, f"{act}: {hours}", f"{_seen(moved)}; {_seen(right)}", found)

    def _audited(self, scenario: str) -> Outcome:
        """The independent auditor of certificate status, as of a new list."""
        published = self._process(Job("publish", "", self._prepared("publish"), ahead=self._ahead))
        report = Auditor(Reader(self._engine), evidence.current_issuer(self._engine), system_clock).newest()
        found = [Violation(Invariant.STATUS_AGREES, f"{one.check} {one.serial}") for one in report.disagreements]
        return Outcome(scenario, AUDIT, _seen(published), [*found, *self._faults(published)])

    def _prepared(self, act: str) -> Case:
        """What an act begins with; raise Unprepared where the CA is no longer able to bring it about."""
        ended = self._process(Job(act, secrets.token_hex(4)))
        if ended is None or ended.case is None:
            raise Unprepared(ended.undone if ended else "进程意外结束")
        return ended.case

    def _process(self, job: Job) -> Ended | None:
        """Let a process do a job; None where it was killed."""
        return self._run(job).ended

    def _run(self, job: Job) -> Run:
        """The same with all that it told of the fault; what it signed and answered goes to the witness."""
        run = Run()
        for message in heard(child.run, self.config, job):
            if message[0] in ("ended", "struck", "missed"):
                run = replace(run, **{message[0]: message[1]})
            self.witness.hear(message)
        return run

    def _faults(self, ended: Ended | None) -> Iterator[Violation]:
        """What is wrong with how a process ended that was not to be killed, and with what it told by OCSP."""
        if ended is None:
            yield Violation(Invariant.ORDERLY, "进程意外结束")
            return
        yield from _crashes(ended)
        if ended.undone:
            yield Violation(Invariant.FINISHED, ended.undone)
        _, lives = Reader(self._engine).lives("", list(ended.ocsp))
        for serial, told in ended.ocsp.items():
            history = str(replay(lives[serial]).word)
            if told != history:
                yield Violation(Invariant.STATUS_AGREES, f"证书 {serial}：OCSP 答复 {told}，履历为 {history}")

    def look(self) -> Sequence[Violation]:
        """What does not hold any more since the last look: what was broken once is still there at every later one."""
        self.witness.look(evidence.on_disk(self.config.folder / "mirror"))
        found = violations(evidence.read(self._engine, self.since), self.witness)
        new = [violation for violation in found if violation not in self._known]
        self._known.update(new)
        return new


def heard(life: Callable[..., None], *arguments: object) -> Iterator[tuple[Any, ...]]:
    """Start a process; yield what it says until it has ended, however it ended."""
    here, there = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=life, args=(*arguments, there))
    process.start()
    # The last writing end must be the process's own: its death ends the pipe.
    there.close()
    said = []
    with here, suppress(EOFError):
        while True:
            said.append(here.recv())
    process.join()
    yield from said


def equip(config: Config) -> None:
    """Give a new copy its tokens and key; raise Unavailable."""
    said = list(heard(child.prepare_copy, config))
    if said != [("equipped",)]:
        raise Unavailable(str(said[0][1]) if said else "演练副本的软件密钥设备未能建立：进程意外结束。")


def _seen(ended: Ended | None) -> str:
    """What a client saw, in one word or in the kinds of refusals."""
    if ended is None:
        return "killed"
    return ", ".join(ended.refusals) or "done"


def _crashes(*processes: Ended | None) -> Iterator[Violation]:
    for ended in processes:
        if ended is None or ended.crash:
            yield Violation(Invariant.ORDERLY, f"出现了不可读的错误：{ended.crash if ended else '进程意外结束'}")
