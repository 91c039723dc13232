"""The processes of the storm: who changes statuses, publishes, answers, audits. Each can be killed at any time.

They are forked from a server that has imported everything and opened nothing (`forkserver`): a killed one is back in
milliseconds, and no PKCS#11 session is shared.
"""

import ctypes
import json
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

from ca_service.audit.status import Auditor, Reader
from ca_service.config import Config
from ca_service.domain.certificates import RevocationReason
from ca_service.domain.errors import DomainError
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.periodic import WORKER
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze, revoke, unfreeze
from ca_service.workflows.publish_crl import publish_if_due
from tests.ca_service.status_audit.scene import serving

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])
REVIEWER = Actor("storm", CENTRE_CODE, frozenset({Role.REVIEWER}), "cli")
BOUND = 0.5
_FINAL = (RevocationReason.KEY_COMPROMISE, RevocationReason.AFFILIATION_CHANGED, RevocationReason.UNSPECIFIED)
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Storm:
    """What blows: the CA, and how much."""

    config: Config
    changes: int
    certificates: int
    seed: int
    workers: int = 8
    publishers: int = 2
    responders: int = 2
    kill_every: float = 2.0
    revocations: float = 0.06


def start(target: Callable[..., None], *arguments: object) -> BaseProcess:
    """Start one of the processes below."""
    process = CONTEXT.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def change_statuses(storm: Storm, serials: Sequence[str], seed: int) -> None:
    """Freeze, release and revoke at random, as a reviewer by telephone; what cannot be is refused, and that is well."""
    die_with_parent()
    services, rng = Wiring(storm.config).services, random.Random(seed)
    while True:
        serial, dice = rng.choice(serials), rng.random()
        try:
            if dice < storm.revocations:
                revoke(services, REVIEWER, serial, reason="storm", crl_reason=rng.choice(_FINAL))
            elif dice < (1 + storm.revocations) / 2:
                freeze(services, REVIEWER, serial, reason="storm")
            else:
                unfreeze(services, REVIEWER, serial, reason="storm")
        except DomainError:
            continue


def publish(storm: Storm, pause: float) -> None:
    """Publish whenever a status has changed, as the worker does; the other publisher does the same."""
    die_with_parent()
    wiring = Wiring(storm.config)
    while True:
        try:
            publish_if_due(wiring.services, WORKER, "issuing")
        except DomainError as error:
            # A refused list is in the table; it is counted at the end.
            print(f"publisher: {error.kind}", flush=True)
        time.sleep(pause)


def answer(storm: Storm, told: Path) -> None:
    """Serve OCSP and lists at a port of its own, which is written to a file."""
    die_with_parent()
    with serving(Wiring(storm.config)) as url:
        told.with_suffix(".new").write_text(url)
        told.with_suffix(".new").rename(told)
        signal.pause()


def audit(storm: Storm, urls: Sequence[str], stop: Event, told: Path) -> None:
    """Audit at each new CRL number until the end; a line of JSON for each report."""
    die_with_parent()
    wiring = Wiring(storm.config)
    auditor = Auditor(Reader(wiring.database.reading), "issuing", wiring.clock, urls, BOUND)
    with told.open("w") as lines:
        for report in auditor.watch(lambda: not stop.wait(1.0)):
            lines.write(json.dumps(report.facts()) + "\n")
            lines.flush()


def die_with_parent() -> None:
    """Nothing of the storm outlives the one who made it (prctl(2), Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
