"""One process of the CA on a copy: it starts as `educa serve` does, does one thing, and may be struck.

What it signs and answers goes to the drill through a pipe before anything else can happen: what was written to a pipe
stays when the writer is killed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection

from ca_service import periodic
from ca_service.clock import system_clock
from ca_service.config import Config
from ca_service.domain.errors import DomainError
from ca_service.drill.acts import ACTS, Act, Case, Desk
from ca_service.drill.asking import asked
from ca_service.drill.blows import BLOWS, KILL, Target
from ca_service.drill.copying import equip, require_copy
from ca_service.drill.people import found_unit
from ca_service.drill.places import Places
from ca_service.drill.struck import StruckWiring
from ca_service.drill.witness import described
from ca_service.telemetry.logs import to_standard_error
from ca_service.workflows.mirror import Mirroring
from ca_service.workflows.recover import close_interrupted

_AT_ONCE = timedelta(0)


@dataclass(frozen=True)
class Job:
    """What a process shall do: prepare an act (no case yet), or do it; struck at place number `strike` (0: nowhere)."""

    act: str
    number: str
    case: Case | None = None
    blow: str = ""
    strike: int = 0
    ahead: timedelta = timedelta(0)


@dataclass(frozen=True)
class Ended:
    """How a process ended that was not killed.

    `refusals`: kinds of errors that were told, in order. `crash`: the type of an error that is none of the service's.
    `undone`: why the act has not come to its end. `case`: None where it could not be prepared.
    `ocsp`: what the responder says at the end of each certificate that it is about.
    """

    case: Case | None = None
    places: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    crash: str = ""
    undone: str = ""
    ocsp: Mapping[str, str] = field(default_factory=dict)


def prepare_copy(config: Config, line: Connection) -> None:
    """The life of the process that makes tokens and key of a new copy."""
    try:
        equip(config)
    except DomainError as error:
        line.send(("failed", str(error)))
    else:
        line.send(("equipped",))


def run(config: Config, job: Job, line: Connection) -> None:
    """The whole life of the process."""
    to_standard_error()
    require_copy(config)
    places = Places(job.strike, lambda: _blow(job, target, line), lambda place: line.send(("struck", place)))
    wiring = StruckWiring(
        config,
        places,
        clock=lambda: system_clock() + job.ahead,
        signed=lambda tbs: line.send(("signed", hashlib.sha256(tbs).hexdigest(), described(tbs))),
    )
    target = Target(config, wiring.database)
    desk = Desk(wiring.services, places, lambda tag, subject: line.send(("answered", tag.value, subject)))
    close_interrupted(wiring.services, periodic.WORKER, patience=_AT_ONCE)
    line.send(("ended", _worked(wiring, desk, target, job)))


def _blow(job: Job, target: Target, line: Connection) -> None:
    """Strike; where the fault itself fails the act is not to be blamed."""
    try:
        BLOWS[job.blow].strike(target)
    except Exception as error:  # reported, whatever it is
        line.send(("missed", str(error) if isinstance(error, DomainError) else type(error).__name__))


def _worked(wiring: StruckWiring, desk: Desk, target: Target, job: Job) -> Ended:
    act = ACTS[job.act]
    if job.case is None:
        return _prepared(act, desk, job.number)
    refusals: list[str] = []
    desk.places.armed = True
    crash = _attempted(act, desk, job.case, refusals)
    desk.places.armed = False
    if desk.places.struck and job.blow != KILL:
        BLOWS[job.blow].heal(target)
        # As the worker does a minute later.
        close_interrupted(wiring.services, periodic.WORKER, patience=_AT_ONCE)
        crash = crash or _attempted(act, desk, job.case, refusals)
    _mirror(wiring)
    undone = act.done(desk, job.case)
    # Before its notBefore the responder's certificate is good for nothing, rightly.
    serials = _serials(desk, job.case) if job.ahead >= _AT_ONCE else ()
    return Ended(job.case, desk.places.names, refusals, crash, undone, asked(wiring, serials))


def _serials(desk: Desk, case: Case) -> Sequence[str]:
    """Of all certificates of the person that were ever signed."""
    with desk.services.read() as uow:
        found = uow.certificates.find(holder_id=case.who.holder)
    return [one.serial for one in found]


def _prepared(act: Act, desk: Desk, number: str) -> Ended:
    try:
        found_unit(desk.services)
        return Ended(act.prepare(desk, number))
    except DomainError as error:
        return Ended(undone=str(error))


def _attempted(act: Act, desk: Desk, case: Case, refusals: list[str]) -> str:
    """Do the act; note a refusal. Return the type of an error that a client must never see."""
    try:
        act.act(desk, case)
    except DomainError as error:
        refusals.append(error.kind)
    except Exception as error:  # reported as a violation, whatever it is
        return f"{type(error).__module__}.{type(error).__qualname__}"
    return ""


def _mirror(wiring: StruckWiring) -> None:
    mirror = wiring.mirror()
    if mirror is not None:
        Mirroring(wiring.services, mirror).refresh()
