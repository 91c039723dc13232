"""Pre-signing: answers a second on one core, from the status in SQLite into another SQLite table, and the memory.

Beside pyca's builder in a loop, which reads and writes nothing. Run from the repository's root:
`python -m bench.ocsp_presign [--quick]`.
"""

import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import ocsp
from bench.ocsp_app import served
from bench.ocsp_nonce import peer_rate
from bench.ocsp_world import make
from bench.table import Row, missed, show

_PARTS = 10


class TableStore:
    """A store of answers in one SQLite table; what a service would do, with as little as that needs."""

    def __init__(self, path: Path) -> None:
        """Make the table."""
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute(
            "CREATE TABLE answer"
            " (cert_id BLOB PRIMARY KEY, serial TEXT, version INTEGER, until TEXT, body BLOB) WITHOUT ROWID"
        )

    def put(self, answers: Sequence[ocsp.StoredAnswer]) -> None:
        """Keep these answers."""
        rows = [
            (answer.cert_id, f"{answer.serial:x}", answer.version, answer.next_update.isoformat(), answer.body)
            for answer in answers
        ]
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)", rows)
        self._database.execute("COMMIT")


def _resident() -> float:
    """Memory of this process in MiB, as it is now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def measure(*, quick: bool = False) -> list[Row]:
    """Pre-sign a million answers (quick: two thousand), in ten parts whose times and memory are looked at."""
    count = 2_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        world = make(Path(folder), count)
        issuer, store = served(world.folder), TableStore(world.folder / "answers.db")
        peer = peer_rate(world, seconds=0.2 if quick else 3, nonce=None)
        made = 0
        marks, memory = [(0.0, 0)], [_resident()]
        started, cpu, storing = time.perf_counter(), time.process_time(), 0.0
        for batch in ocsp.presign(
            issuer, sorted(world.serials), clock=lambda: datetime.now(UTC), validity=timedelta(days=2)
        ):
            made += len(batch)
            signed = time.process_time()
            store.put(batch)
            storing += time.process_time() - signed
            if made * _PARTS >= len(marks) * count:
                marks.append((time.perf_counter() - started, made))
                memory.append(_resident())
        spent = time.process_time() - cpu
    rates = [(after[1] - before[1]) / (after[0] - before[0]) for before, after in pairwise(marks)]
    rate, grown = made / (spent - storing), max(memory[2:]) - memory[1]
    goal = 15_000
    return [
        Row(
            what=f"{made:,} answers signed, per core",
            value=f"{rate:9,.0f}/s",
            goal=f">= {goal:,}/s a core",
            met=rate >= goal and made == count,
        ),
        Row(
            what="with their way into a table",
            value=f"{made / spent:9,.0f}/s a core; by the clock {min(rates):,.0f} to {max(rates):,.0f}/s",
        ),
        Row(
            what="pyca's builder, no reading or writing", value=f"{peer:9,.0f}/s   ratio ours : pyca {rate / peer:.2f}"
        ),
        Row(
            what="memory after each tenth",
            value=f"{memory[1]:.0f} MiB, grown by at most {grown:.1f} MiB",
            goal="flat",
            met=grown < 16,
        ),
    ]


def main(*, quick: bool = False) -> int:
    """Print the table; 1 if a goal is missed."""
    rows = measure(quick=quick)
    show("OCSP, pre-signing", rows)
    return missed(rows)


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
