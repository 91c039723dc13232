"""How long is the service down when a full CA gets a new version? The schema of an older one, filled, goes forward.

A CA after its ceremony is taken back to an older revision and filled with a million units, persons, applications,
tokens, certificates and audit entries; then the upgrade that `educa init --if-needed` does, in its one transaction, in
a process of its own: seconds and highest memory of each migration. Afterwards every row must be there with the same
content, the audit chain must verify, and the service must work. `python -m bench.upgrade [--quick]`; the whole takes
half an hour and 12 GB. `--sqlite` or `--postgresql` tries one database only.
"""

import json
import logging
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, MetaData, Table, event, func, inspect, select

from bench.bulk import settled
from bench.flat_fill import fill, pattern, serial
from bench.founded import founded
from bench.moved import placed
from bench.table import Row, missed, show
from ca_service.audit.examine import examine
from ca_service.cli.audit_tree import own_signers
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.store import schema
from ca_service.store.engines import connect
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze

FROM = "0010"
NUMBER, _QUICK_NUMBER = 1_000_000, 10_000
_SAMPLE = 1_000
_GOAL = 600.0
_STEP = "UPDATE alembic_version SET version_num"
Content = Mapping[str, tuple[Sequence[str], int, str]]
"""Of each table: its columns, how many rows, and a digest of some of them."""


@dataclass(frozen=True)
class Step:
    """A migration: the seconds from the one before, and the highest memory of the process so far, in MiB."""

    revision: str
    seconds: float
    peak: float


def main(*, quick: bool = False) -> int:
    """Print a table for each database; 1 if something is wrong afterwards, or took too long."""
    chosen = [name for name in ("sqlite", "postgresql") if f"--{name}" in sys.argv] or ["sqlite", "postgresql"]
    number, result = _QUICK_NUMBER if quick else NUMBER, 0
    for database in chosen:
        # A process for each: a token library knows one place of its tokens.
        command = [sys.executable, "-m", "bench.upgrade", "--child", database, str(number)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        rows = [Row(**line) for line in json.loads(done.stdout.splitlines()[-1])]
        show(f"Upgrade from {FROM} with {number:,} of everything, {database}", rows)
        result |= missed(rows)
    return result


def child(database: str, number: int) -> None:
    """Make, fill, upgrade, look; the last line on standard output is the table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    on_postgres = database == "postgresql"
    with founded() as base, placed(base, on_postgres=on_postgres, durable=True) as place:
        wiring, config = Wiring(place.config), place.config
        engine, like = wiring.database.engine, pattern(wiring)
        schema.downgrade(engine, FROM)
        fill(wiring, range(number), like, wiring.clock())
        settled(engine, number)
        before = content(engine)
        engine.dispose()
        # Alone, so that the memory of filling is not counted.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
            steps = apart.submit(upgraded, config.database_url).result()
        wrong = [*differences(before, content(engine, {name: of[0] for name, of in before.items()})), *_used(wiring)]
        print("\n".join(wrong), file=sys.stderr)
        engine.dispose()
    print(json.dumps([vars(row) for row in _rows(steps, wrong, number)]))


def _rows(steps: Sequence[Step], wrong: Sequence[str], number: int) -> Iterator[Row]:
    for step in steps:
        yield Row(what=step.revision, value=f"{step.seconds:8.2f} s   {step.peak:6,.0f} MiB")
    seconds = sum(step.seconds for step in steps)
    goal = f"< {_GOAL:.0f} s a million"
    yield Row(
        what="the service is down for", value=f"{seconds:8.2f} s", goal=goal, met=seconds < _GOAL * number / NUMBER + 30
    )
    yield Row(
        what="afterwards", value=f"{len(wrong)} wrong, refused or broken off", goal="0 wrong", met=not wrong
    )  # fmt: skip


def upgraded(url: str) -> Sequence[Step]:
    """Bring the schema to this version; the last step is what is checked at the end, and the commit."""
    engine, steps = connect(url), list[Step]()
    began = [time.monotonic()]

    def note(revision: str) -> None:
        now = time.monotonic()
        steps.append(Step(revision, now - began[0], _peak()))
        began[0] = now

    @event.listens_for(engine, "after_cursor_execute")
    def _executed(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(_STEP):
            note(statement.partition("'")[2].partition("'")[0])

    schema.upgrade(engine)
    note("check of references, commit")
    engine.dispose()
    return steps


def _peak() -> float:
    """Of this program alone: what `getrusage` tells begins with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def content(engine: Engine, columns: Mapping[str, Sequence[str]] | None = None) -> Content:
    """What is in each table, of all columns or of these."""
    found = {}
    with engine.connect() as connection:
        metadata = MetaData()
        for name in sorted(columns or inspect(connection).get_table_names()):
            if name != "alembic_version":
                table = Table(name, metadata, autoload_with=connection, resolve_fks=False)
                wanted = columns[name] if columns else sorted(table.columns.keys())
                found[name] = (wanted, connection.scalar(select(func.count()).select_from(table)) or 0,
                               _digest(connection, table, wanted))  # fmt: skip
    return found


def _digest(connection: Connection, table: Table, wanted: Sequence[str]) -> str:
    """Of the first and the last rows by the table's key."""
    kept = [table.c[name] for name in wanted if name in table.c]
    key = list(table.primary_key)
    ends = [connection.execute(select(*kept).order_by(*order).limit(_SAMPLE)).all() for order in (key, _falling(key))]
    return sha256(repr([tuple(map(_plain, row)) for end in ends for row in end]).encode()).hexdigest()


def _falling(key: Sequence[Any]) -> Sequence[Any]:
    return [column.desc() for column in key]


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def differences(before: Content, after: Content) -> Iterator[str]:
    """What is not as it was, by table."""
    for name, (_, number, digest) in before.items():
        if after[name][1] != number:
            yield f"{name}: {number} rows were there, now {after[name][1]}"
        elif after[name][2] != digest and name not in _CHANGED:
            yield f"{name}: the content is not what it was"


# 0022 numbers the lists anew, by line.
_CHANGED = frozenset({"crl"})


def _used(wiring: Wiring) -> Iterator[str]:
    """The chain holds, the schema is this version's, and a certificate of before can be frozen."""
    services = wiring.services
    signers = own_signers(services)
    with services.read() as uow:
        report = examine(uow.audit.entries(), [], signers)
        seq, head = uow.audit.head()
    yield from report.findings
    if (report.entries, report.head) != (seq, bytes(head)):
        yield f"audit: {report.entries} entries, the head says {seq}"
    present, wanted = schema.revisions(wiring.database.engine)
    if present != wanted:
        yield f"schema: {present}, wanted {wanted}"
    reviewer = Actor("bench", CENTRE_CODE, frozenset({Role.REVIEWER}), "bench")
    frozen = freeze(services, reviewer, serial(7), reason="bench")
    if frozen.revoked_at is None:
        yield "a certificate of before cannot be frozen"


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(sys.argv[2], int(sys.argv[3]))
        sys.exit()
    sys.exit(main(quick="--quick" in sys.argv))
