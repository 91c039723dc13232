"""A roster from bytes to registered applications, the database included: `python -m bench.roster_import [--large]`.

Each case is a process of its own, so that its peak memory is its own. `--large` imports 500,000 rows, as one sheet
under raised limits and as sheets of 20,000, the largest that is accepted, and compares with 12,000 rows in proportion.
On a loaded machine the second of the two proportions, of the importing process's CPU seconds, is the one to look at.
PostgreSQL is Debian's with its durability off; each import is one transaction, so that this spares one sync.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.roster_data import write_roster_file
from tests.ca_service import postgres

ROWS, LARGE, LARGEST_SHEET = 12_000, 500_000, 20_000
_CHILD = "bench.roster_import_child"


@dataclass(frozen=True)
class Case:
    """What one process imports: sheets of `rows` rows each, into a fresh database that knows the units of all."""

    name: str
    database: str
    sheets: Sequence[Path]
    rows: int


def main() -> None:
    """Print a row for each case."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", action="store_true", help="500,000 rows too; takes minutes")
    large = parser.parse_args().large
    with tempfile.TemporaryDirectory(prefix="educa-bench-") as name, _postgres() as server:
        folder = Path(name)
        sys.stdout.write(f"{'case':36}{'rows':>9}{'seconds':>9}{'CPU s':>8}{'peak MiB':>10}{'of proportional':>17}\n")
        usual = _sheets(folder, ROWS, ROWS)
        for database in ("sqlite", "postgresql"):
            seconds = _run(Case("one sheet", database, usual, ROWS), folder, server, None)
            if large:
                one, many = _sheets(folder, LARGE, LARGE), _sheets(folder, LARGE, LARGEST_SHEET)
                _run(Case("sheets of 20,000", database, many, LARGE), folder, server, seconds)
                _run(Case("one sheet, raised limits", database, one, LARGE), folder, server, seconds)


def _sheets(folder: Path, total: int, each: int) -> Sequence[Path]:
    paths = []
    for number, first in enumerate(range(0, total, each)):
        path = folder / f"roster-{total}-{each}-{number}.xlsx"
        if not path.exists():
            write_roster_file(path, first=first, rows=each)
        paths.append(path)
    return paths


def _run(case: Case, folder: Path, server: str, usual: tuple[float, float] | None) -> tuple[float, float]:
    """Run a case, print its row, return its seconds by the clock and of the CPU; `usual`: those of 12,000 rows."""
    place = Path(tempfile.mkdtemp(dir=folder))
    url = f"sqlite:///{place / 'bench.db'}"
    if case.database == "postgresql":
        url = postgres.create(server, place.name.lower())
    command = [sys.executable, "-m", _CHILD, url, str(place), str(case.rows), *map(str, case.sheets)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    took = (float(figures["seconds"]), float(figures["cpu"]))
    times = case.rows / ROWS
    share = " / ".join(f"{now / (then * times):.2f}" for now, then in zip(took, usual, strict=True)) if usual else "–"
    sys.stdout.write(
        f"{case.database + ', ' + case.name:36}{case.rows:>9,}{took[0]:>9.1f}{took[1]:>8.1f}"
        f"{figures['peak']:>10.0f}{share:>17}\n"
    )
    sys.stdout.flush()
    return took


@contextmanager
def _postgres() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="educa-pg-"))
    folder.chmod(0o755)
    try:
        with postgres.cluster(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def peak_mib() -> float:
    """The highest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed() -> float:
    """The clock of the benchmark."""
    return time.perf_counter()


if __name__ == "__main__":
    main()
