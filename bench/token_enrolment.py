"""A whole enrolment on SoftHSM with P-256, from login to confirmation: `python -m bench.token_enrolment [--quick]`.

Against the contract CA of the tests, whose share is small, so that what is measured is the helper. In process, and as
the command a person runs, whose start is part of what they wait for. The goal is that of a person: 2 s.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.table import Row, missed, show
from tests.token_provisioning.contract_ca import CODE, REFERENCE
from tests.token_provisioning.contract_server import serving
from tests.token_provisioning.ready import ready
from tests.token_provisioning.soft_token import PIN, own_copy
from token_provisioning import acts
from token_provisioning.acts import CaAddress
from token_provisioning.cli.holder import this_computer
from token_provisioning.enrolment import Codes
from token_provisioning.first_pin import HolderPins
from token_provisioning.module import Module

RUNS = 15
_QUICK_RUNS = 2
GOAL = 2.0


@dataclass(frozen=True)
class Spent:
    """Seconds of one run by the clock, and what this process and its children used of the processor."""

    clock: float
    processor: float


def timed(act: Callable[[], object], before: Callable[[], object], runs: int) -> list[Spent]:
    """Return what each run took; `before` is not counted."""
    spent = []
    for _ in range(runs):
        before()
        started, used = time.perf_counter(), sum(os.times()[:4])
        act()
        spent.append(Spent(time.perf_counter() - started, sum(os.times()[:4]) - used))
    return spent


def measure(*, quick: bool = False) -> list[Row]:
    """Median and worst, as a command and in process."""
    runs = _QUICK_RUNS if quick else RUNS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        desk, serial, ca = ready(folder, own_copy(folder))
        with serving(ca, folder) as server:
            arguments = desk.enrol_arguments(server, code=CODE, reference=REFERENCE, serial=serial)
            desk.run("enroll", *arguments)  # the first PIN is changed here

            def anew() -> None:
                ca.state = "open"
                ca.issued.clear()

            command = timed(lambda: desk.process("enroll", *arguments), anew, runs)
            with desk.inside():
                token = Module(Path(desk.module)).choose(serial)
                address, computer = CaAddress(server=server, ca_file=folder / "root.pem"), this_computer()
                pins, codes = HolderPins(current=PIN), Codes(reference=REFERENCE, authorisation_code=CODE)

                def enrol() -> None:
                    acts.enrol(token, address, computer, pins=pins, codes=codes, report=lambda _: None)

                return [row("as a command", command), row("in process", timed(enrol, anew, runs))]


def row(what: str, spent: list[Spent]) -> Row:
    """The processor's time includes that of the CA, which runs in this process."""
    clock = sorted(run.clock for run in spent)
    processor, middle = statistics.median(run.processor for run in spent), statistics.median(clock)
    value = f"median {middle:.3f} s, worst of {len(clock)} {clock[-1]:.3f} s; processor {processor:.3f} s"
    return Row(what=what, value=value, goal=f"< {GOAL:.0f} s", met=middle < GOAL)


def main(*, quick: bool = False) -> int:
    """Print the table; 1 if a goal is missed."""
    rows = measure(quick=quick)
    show("a download, whole", rows)
    return missed(rows)


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
