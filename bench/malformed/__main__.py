"""`python -m bench.malformed --requests 100000`: every endpoint of CA and registry under malformed requests.

Each request is made by the seed and its number alone: `--only NUMBER` makes one again and prints what it was. The
mass is asked of the WSGI applications as a server would ask them; what is wrong as octets goes over real sockets.
"""

import argparse
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog
from argon2 import PasswordHasher

from bench.founded import founded
from bench.malformed import wire
from bench.malformed.ca_side import CaSide
from bench.malformed.registry_side import registry_side
from bench.malformed.run import Outcome, Side, run
from bench.malformed.samples import open_session
from bench.moved import placed
from bench.table import Row, missed, show
from ca_service import passwords
from ca_service.config import Config
from ca_service.wiring import Wiring
from tests.ca_service import postgres
from tests.ca_service.authorisation.world import build

_SLOPE = 300.0
"""Octets by which a request may make the process larger: what allocators do, not what a leak does."""
_SEED = 20261124


def main() -> int:
    """Run, print the table and the first finding of each kind; 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--sockets", type=int, default=2_000, help="requests that are wrong as octets, over sockets")
    parser.add_argument("--only", type=int)
    parser.add_argument("--postgres", action="store_true", help="both databases on a PostgreSQL of the bench's own")
    given = parser.parse_args()
    numbers = range(given.requests) if given.only is None else range(given.only, given.only + 1)
    with sides(on_postgres=given.postgres) as (built, config, folder):
        outcome = run(built, seed=given.seed, numbers=numbers, heartbeat=_heartbeat)
        # The servers' own lines would stand between those of the table.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        with wire.doors(config, folder) as doors:
            heard = wire.run(doors, seed=given.seed, requests=0 if given.only is not None else given.sockets)
    _tell(outcome)
    print("\n".join(heard.findings))
    rows = [*table(outcome), *wire_table(heard)]
    show("malformed requests", rows)
    return missed(rows)


@contextmanager
def sides(*, on_postgres: bool = False) -> Iterator[tuple[list[Side], Config, Path]]:
    """The CA three times, since it has so many more endpoints, and the registry once; configuration and folder."""
    # Argon2id takes 64 MiB and a tenth of a second on purpose; here thousands of passwords are typed.
    passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with tempfile.TemporaryDirectory(prefix="educa-malformed-") as name, founded() as config, ExitStack() as stack:
        folder, place = Path(name), stack.enter_context(placed(config, on_postgres=on_postgres))
        used, database = place.config, postgres.create(place.server, "registry") if place.server else ""
        world = build(used, folder)
        samples = open_session(Wiring(used))
        registry = stack.enter_context(registry_side(folder, database))
        ca = CaSide(world, samples)
        yield [ca, ca, ca, registry], used, folder
        world.store.close()


def table(outcome: Outcome) -> list[Row]:
    """The figures and whether each is what it has to be."""
    slope = outcome.growth.per_request()
    rate = outcome.requests / outcome.work if outcome.work else 0.0
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(outcome.statuses.items()))
    return [
        Row(what="requests", value=f"{outcome.requests} ({rate:.0f} a second of one processor)"),
        Row(what="answers by status", value=statuses),
        Row(what="endpoints that took one", value=str(len(outcome.reached))),
        Row(what="slowest answer, cpu", value=f"{outcome.slowest * 1000:.0f} ms"),
        Row(what="growth", value=f"{slope:.0f} octets a request, {outcome.growth.megabytes():.0f} MB in the end",
            goal=f"< {_SLOPE:.0f}", met=slope < _SLOPE),
        Row(what="findings", value=str(len(outcome.findings)), goal="0", met=not outcome.findings),
    ]  # fmt: skip


def wire_table(heard: wire.Heard) -> list[Row]:
    """The same of the requests over sockets; "none" is a connection that was closed without a word."""
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(heard.statuses.items()))
    return [
        Row(what="over sockets, answers by status", value=statuses),
        Row(what="findings there", value=str(len(heard.findings)), goal="0", met=not heard.findings),
    ]


def _heartbeat(outcome: Outcome) -> None:
    print(
        f"{outcome.requests} requests, {len(outcome.findings)} findings, {outcome.growth.megabytes():.0f} MB",
        file=sys.stderr, flush=True,
    )  # fmt: skip


def _tell(outcome: Outcome) -> None:
    """One finding of each kind, by where the traceback ends, with how many there are."""
    kinds = Counter(_kind(finding.words, finding.trace) for finding in outcome.findings)
    told = set()
    for finding in outcome.findings:
        kind = _kind(finding.words, finding.trace)
        if kind not in told:
            told.add(kind)
            print(f"{kinds[kind]} x {finding}\n")


def _kind(words: str, trace: str) -> str:
    lines = [line for line in trace.splitlines() if line.strip()]
    files = [line for line in lines if line.lstrip().startswith("File ")]
    return f"{words.partition(':')[0]} {files[-1] if files else ''} {lines[-1][:80] if lines else ''}"


if __name__ == "__main__":
    sys.exit(main())
