"""Pre-signing a million answers: what `educa ocsp presign` does, on a founded CA (SQLite, key in SoftHSM), on one core.

Beside the library with its key in memory, and pyca's builder in a loop, which read and write nothing. Run from the
repository's root: `python -m bench.ocsp_presign [--quick]`.
"""

import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import ocsp
from bench.founded import founded
from bench.ocsp_app import served
from bench.ocsp_nonce import peer_rate
from bench.ocsp_world import World, make
from bench.table import Row, missed, show
from ca_service import periodic, presigning
from ca_service.config import Config
from ca_service.domain.presigned import PresignRun
from ca_service.store.answers import SqlAnswerStore
from ca_service.wiring import Wiring
from ca_service.workflows.presign import presign
from ocsp.signer import certificate_facts

_PARTS = 10
_GOAL = 15_000


def _issue(world: World, config: Config) -> Wiring:
    """Let a founded CA have issued the certificates of the world."""
    database = sqlite3.connect(config.path(Path("educa.db")))
    database.execute("PRAGMA synchronous=OFF")
    database.execute("ATTACH ? AS world", (str(world.folder / "ca.db"),))
    columns = ", ".join(row[1] for row in database.execute("PRAGMA table_info(certificate)"))
    database.execute(f"INSERT INTO certificate ({columns}) SELECT {columns} FROM world.certificate")
    database.commit()
    database.close()
    return Wiring(config)


def _resident() -> float:
    """Memory of this process in MiB, as it is now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


@dataclass(frozen=True)
class Measured:
    """A run of the service on one core: answers a second, also by the clock in each tenth, memory (MiB) after each."""

    answers: int
    rate: float
    by_the_clock: Sequence[float]
    memory: Sequence[float]
    octets_each: float
    reads: float


def _service(folder: Path, count: int) -> Measured:
    """Sign ahead for the world in the folder, then read from the store."""
    marks, memory = [(time.perf_counter(), 0)], [_resident()]

    def tell(run: PresignRun) -> None:
        if run.answers * _PARTS >= len(marks) * count:
            marks.append((time.perf_counter(), run.answers))
            memory.append(_resident())

    with founded() as config:
        wiring = _issue(World(folder, count), config)
        plan, signer = presigning.plan(wiring, "issuing"), presigning.answer_signer(wiring, "issuing")
        # The token is opened before the time is taken.
        signer.certificate()
        space, cpu = _space(config), time.process_time()
        marks[0] = time.perf_counter(), 0
        done = presign(wiring.services, periodic.WORKER, plan, signer, tell=tell)
        rate = done.answers / (time.process_time() - cpu)
        reads = _reads(World(folder, min(count, 20_000)), wiring)
        octets = (_space(config) - space) / done.answers
    clock = [(after[1] - before[1]) / (after[0] - before[0]) for before, after in pairwise(marks)]
    return Measured(done.answers, rate, clock, memory, octets, reads)


def _space(config: Config) -> int:
    return sum(path.stat().st_size for path in config.folder.glob("educa.db*"))


def _library_rate(world: World, count: int) -> float:
    issuer = served(world.folder)
    started, made = time.process_time(), 0
    serials = sorted(world.serials[:count])
    for batch in ocsp.presign(issuer, serials, clock=lambda: datetime.now(UTC), validity=timedelta(days=1)):
        made += len(batch)
    return made / (time.process_time() - started)


def _reads(world: World, wiring: Wiring) -> float:
    """Answers a second out of the store, each another one, on one core; none may be missing."""
    store = SqlAnswerStore(wiring.database.reading, "issuing")
    facts = certificate_facts(wiring.ca_certificates()["issuing"])
    writer = ocsp.CertIdWriter(facts, ocsp.HashAlgorithm.SHA1)
    names = [writer.write(serial).raw for serial in world.serials]
    started = time.process_time()
    found = sum(store.get(name) is not None for name in names)
    return found / (time.process_time() - started) if found == len(names) else 0


def measure(*, quick: bool = False) -> list[Row]:
    """Sign a million answers ahead (quick: two thousand)."""
    count = 2_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, get_context("spawn")) as apart:
        world = make(Path(folder), count)
        peer = peer_rate(world, seconds=0.2 if quick else 3, nonce=None)
        library = _library_rate(world, count // 5)
        # A process knows one place of SoftHSM's tokens, and whoever runs this may have used another.
        run = apart.submit(_service, world.folder, count).result()
    grown = max(run.memory[2:]) - run.memory[1]
    clock = run.by_the_clock
    return [
        Row(
            what=f"{run.answers:,} answers, key in SoftHSM, read from and stored in SQLite",
            value=f"{run.rate:9,.0f}/s a core; by the clock {min(clock):,.0f} to {max(clock):,.0f}/s",
            goal=f">= {_GOAL:,}/s a core",
            met=run.rate >= _GOAL and run.answers >= count,
        ),
        Row(what=f"{count // 5:,} by the library, key in memory, nothing stored", value=f"{library:9,.0f}/s a core"),
        Row(
            what="pyca's builder, key in memory, no reading or writing",
            value=f"{peer:9,.0f}/s   ratio ours : pyca {run.rate / peer:.2f} whole, {library / peer:.2f} library",
        ),
        Row(
            what="answers read from the store, one by one",
            value=f"{run.reads:9,.0f}/s a core",
            goal="none missing",
            met=run.reads > 0,
        ),
        Row(what="space in the database", value=f"{run.octets_each:9,.0f} octets an answer"),
        Row(
            what="memory after each tenth",
            value=f"{run.memory[1]:.0f} MiB, grown by at most {grown:.1f} MiB",
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
