"""The lines that the benchmarks print: what was measured, beside what, in which ratio, and whether the goal was met."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. `goal` is None where there is none; `met` says whether it was reached (quick runs reach few)."""

    what: str
    value: str
    goal: str | None = None
    met: bool = True


def show(title: str, rows: Sequence[Row]) -> None:
    """Print a table, and what the machine was doing beside it: a loaded one measures itself."""
    print(f"== {title}")
    width = max(len(row.what) for row in rows)
    for row in rows:
        verdict = "" if row.goal is None else f"   goal {row.goal}: {'met' if row.met else 'MISSED'}"
        print(f"{row.what:{width}}  {row.value}{verdict}")
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}", flush=True)


def missed(rows: Sequence[Row]) -> int:
    """Return the exit status of a benchmark that runs alone: 1 if a goal was missed."""
    return int(not all(row.met for row in rows))


def in_own_process(measure: Callable[..., list[Row]], *, quick: bool) -> list[Row]:
    """What `measure` returns; for one that founds a CA: a token library knows one place of its tokens, and the caller's
    may be another.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
        return apart.submit(measure, quick=quick).result()
