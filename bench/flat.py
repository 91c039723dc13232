"""Does an act cost the same beside a thousand certificates, applications and audit entries as beside a million?

The acts of bench/flat_acts.py at each fullness, on SQLite and on PostgreSQL, in milliseconds of processor time (this
process and PostgreSQL's) and of the clock, as a Markdown table; the last columns are the fullest beside the emptiest.
Not flat by nature: a board counts its subtree, which grows too. `python -m bench.flat [--quick]`; the whole takes a
quarter of an hour and 12 GB. `--sqlite` or `--postgresql` measures one database only; the quick mode takes SQLite.
"""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from bench.bulk import settled
from bench.flat_acts import IMPORTED, Act, Acts
from bench.flat_fill import fill, pattern
from bench.founded import founded
from bench.issuing_world import people
from bench.moved import placed
from ca_service.wiring import Wiring

SIZES, _QUICK_SIZES = (1_000, 10_000, 100_000, 1_000_000), (50, 500)
REPEATS, _QUICK_REPEATS = 60, 2
_WARM = 5  # of each act; and of all acts, before the first fullness
_GOAL = 1.3


@dataclass(frozen=True)
class Cost:
    """The mean cost of an act at one fullness, in milliseconds."""

    act: str
    filled: int
    cpu: float
    clock: float


def main(*, quick: bool = False) -> int:
    """Print a table for each database; 1 if an act is dearer beside many than the goal says."""
    named = [name for name in ("sqlite", "postgresql") if f"--{name}" in sys.argv]
    chosen = named or (["sqlite"] if quick else ["sqlite", "postgresql"])
    sizes, repeats = (_QUICK_SIZES, _QUICK_REPEATS) if quick else (SIZES, REPEATS)
    missed = 0
    for database in chosen:
        # A process for each: a token library knows one place of its tokens.
        command = [sys.executable, "-m", "bench.flat", "--child", database, ",".join(map(str, sizes)), str(repeats)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        costs = [Cost(**line) for line in json.loads(done.stdout.splitlines()[-1])]
        missed |= show(database, costs, sizes)
    return missed


def show(database: str, costs: Sequence[Cost], sizes: Sequence[int]) -> int:
    """Print the table of a database; 1 if an act of the goal is not flat."""
    print(f"== cost of one act on {database}, CPU ms / clock ms beside so many")
    print("| act |", " | ".join(f"{size:,}" for size in sizes), "| CPU ratio | clock ratio |")
    print("|---|" + "---:|" * (len(sizes) + 2))
    missed = 0
    for act in dict.fromkeys(cost.act for cost in costs):
        row = [cost for cost in costs if cost.act == act]
        ratio = row[-1].cpu / row[0].cpu
        missed |= ratio > _GOAL and not act.startswith("board")
        cells = [f"{cost.cpu:.2f} / {cost.clock:.2f}" for cost in row]
        print(f"| {act} |", " | ".join(cells), f"| {ratio:.2f} | {row[-1].clock / row[0].clock:.2f} |")
    return int(missed)


def child(database: str, sizes: Sequence[int], repeats: int) -> None:
    """Measure on one database; the last line on standard output is the list of costs."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    on_postgres = database == "postgresql"
    with founded() as base, placed(base, on_postgres=on_postgres, durable=True) as place:
        wiring, config = Wiring(place.config), place.config
        rounds = len(sizes)
        bodies = people(config, 1 + _WARM + rounds * repeats)
        acts = Acts(wiring, config.folder, bodies[1:])
        acts.prepare(schools=(1 + rounds) * (2 * repeats + 3 * IMPORTED))
        acts.issue(bodies[0])  # the pattern of those that are filled in
        like = pattern(wiring)
        costs, stored = list[Cost](), 0
        for size in sizes:
            began = time.monotonic()
            fill(wiring, range(stored, size), like, wiring.clock())
            settled(wiring.database.engine, size - stored)
            print(f"{size:,} filled in {time.monotonic() - began:.0f} s", file=sys.stderr)
            if not stored:
                list(_measured(acts, size, _WARM, time.process_time))
            costs += _measured(acts, size, repeats, lambda: _processor_seconds(place.postmaster))
            stored = size
        wiring.database.engine.dispose()
    print(json.dumps([asdict(cost) for cost in costs]))


def _measured(acts: Acts, size: int, repeats: int, spent: Callable[[], float]) -> Iterator[Cost]:
    """The cost of each act, after a few that fill the caches."""
    for name, each in acts.each(size, repeats):
        warm = min(_WARM, len(each) - 1)
        for act in each[:warm]:
            act()
        yield Cost(name, size, *(1000 * value for value in _mean(each[warm:], spent)))


def _mean(acts: Sequence[Act], spent: Callable[[], float]) -> tuple[float, float]:
    started, worked = time.perf_counter(), spent()
    for act in acts:
        act()
    return (spent() - worked) / len(acts), (time.perf_counter() - started) / len(acts)


def _processor_seconds(server: int | None) -> float:
    """Of this process and, if there is one, of the database server's processes, to the nanosecond."""
    own = time.process_time()
    return own if server is None else own + sum(_run_times(server).values()) / 1e9


def _run_times(server: int) -> Mapping[str, int]:
    """Nanoseconds on a processor of each process of a PostgreSQL server."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return {one: int(Path(f"/proc/{one}/schedstat").read_text().split()[0]) for one in (str(server), *children)}


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(sys.argv[2], [int(size) for size in sys.argv[3].split(",")], int(sys.argv[4]))
        sys.exit()
    sys.exit(main(quick="--quick" in sys.argv))
