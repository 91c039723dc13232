"""`python -m bench.soak --minutes 30`: set the stage, run, judge, print; 1 if anything is not as it must be."""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.soak.course import Course
from bench.soak.plan import Plan
from bench.soak.stage import set_stage
from bench.soak.verdict import judge
from bench.table import Row, show
from tests.ca_service.postgres_pair import pair


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if nothing is lost or wrong and every promise is kept."""
    parser = argparse.ArgumentParser(description="Soak: two machines, a pair of PostgreSQL servers, deaths, no loss.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument(
        "--error-rate", type=float, default=Plan.highest_error_rate, help="the highest that is accepted"
    )
    parser.add_argument("--slower", type=float, default=1.0, help="stretch the pauses of all actors")
    parser.add_argument("--growth", type=float, default=Plan.most_growth, help="MiB of a process that are accepted")
    parser.add_argument("--keep", action="store_true", help="leave logs and databases where they are")
    asked = parser.parse_args(arguments)
    accepted = {"highest_error_rate": asked.error_rate, "most_growth": asked.growth}
    plan = _paced(Plan(asked.minutes, asked.seed, **accepted), asked.slower)
    folder = Path(tempfile.mkdtemp(prefix="educa-soak-"))
    folder.chmod(0o755)
    print(f"seed {asked.seed}, {folder}", flush=True)
    try:
        return _soak(plan, folder)
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _paced(plan: Plan, slower: float) -> Plan:
    return replace(
        plan,
        download_every=plan.download_every * slower,
        status_every=plan.status_every * slower,
        import_every=plan.import_every * slower,
        sign_in_every=plan.sign_in_every * slower,
        ocsp_every=plan.ocsp_every * slower,
        crl_every=plan.crl_every * slower,
    )


def _soak(plan: Plan, folder: Path) -> int:
    began, verdict = time.monotonic(), list[str]()
    with pair(folder / "pg") as servers:
        course = Course(plan, set_stage(plan, folder, servers.create("soak")), servers)
        ready = time.monotonic()
        try:
            course.run(lambda: verdict.extend(judge(course)))
        except (OSError, RuntimeError) as error:
            # What was seen until then is worth its table.
            verdict += [*course.journal.wrong, f"the run did not come to its end: {error}"]
        course.stage.wiring.database.engine.dispose()
    show("soak", [*_rows(course, ready - began), Row(what="lost, wrong, broken promises", value=str(len(verdict)))])
    for one in verdict[:20]:
        print(f"  ! {one}")
    return int(bool(verdict))


def _rows(course: Course, set_up: float) -> Sequence[Row]:
    journal, plan = course.journal, course.plan
    rate = journal.error_rate
    rows = [
        Row(what="minutes", value=f"{plan.minutes:g}, after {set_up:.0f} s of preparation"),
        Row(what="killed", value=f"{course.kills} processes, {int(course.failed_over)} primary"),
        *(Row(what=name, value=f"{number:,}") for name, number in journal.counts().items()),
        Row(what="requests", value=f"{journal.requests.total():,}"),
        Row(
            what="of these not answered at first",
            value=f"{journal.errors.total()} ({rate:.3%})",
            goal=f"< {plan.highest_error_rate:.1%}",
            met=rate <= plan.highest_error_rate,
        ),
        *(Row(what=f"  {kind}", value=str(number)) for kind, number in journal.errors.most_common()),
        Row(what="connections refused, other machine asked", value=str(journal.refused_connections)),
    ]
    for name, (level, gained) in course.memory.growth(plan.seconds).items():
        rows.append(Row(what=f"memory of {name}", value=f"{level:.0f} MiB after the warm-up, then {gained:+.1f} MiB"))
    return rows


if __name__ == "__main__":
    sys.exit(main())
