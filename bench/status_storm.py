"""The storm: freezes, releases and revocations from 8 workers that are killed at random, and everybody still agrees.

Two publishers race for the CRL numbers and are killed too, two responders answer, the auditor looks at each number. At
the end it looks at every number once more and asks about every certificate. Any disagreement or refused list fails it.

    python -m bench.status_storm --changes 10000            on PostgreSQL, started for it
    python -m bench.status_storm --changes 2000 --sqlite
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from bench.storm_parts import BOUND, CONTEXT, REVIEWER, Storm, answer, audit, change_statuses, publish, start
from ca_service import config as configuration
from ca_service import founding
from ca_service.audit.status import Auditor, Reader, Report
from ca_service.config import Config, DatabaseTable
from ca_service.domain.certificates import CERTIFICATE, CertificateEvent
from ca_service.periodic import WORKER
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import Step, record
from ca_service.workflows.issue import issue, new_serial, start_of_validity
from ca_service.workflows.ports import Order, Services
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service import postgres

_UNIT = "150300"
_PUBLISHERS_PAUSE = (0.3, 0.5)


@dataclass
class Result:
    """What happened. `last` is the final audit of everything; `watched` the reports while it blew."""

    seed: int
    changes: int = 0
    kills: int = 0
    publisher_kills: int = 0
    refused_lists: int = 0
    skipped_numbers: int = 0
    seconds: float = 0.0
    watched: list[dict[str, Any]] = field(default_factory=list)
    last: Report | None = None

    @property
    def disagreements(self) -> Sequence[Any]:
        """All of them, from the watch and from the end."""
        found = [one for report in self.watched for one in report["disagreements"]]
        return [*found, *((one.facts() for one in self.last.disagreements) if self.last else ["no final audit"])]

    def __str__(self) -> str:
        """The table."""
        last, lists = self.last, sorted({number for report in self.watched for number in report["lists"]})
        rows = {
            "seed": self.seed,
            "changes of status": self.changes,
            "workers killed": self.kills,
            "publishers killed": self.publisher_kills,
            "CRL numbers published": len(last.lists) if last else 0,
            "CRL numbers reserved and never published": self.skipped_numbers,
            "CRLs refused by the gate": self.refused_lists,
            "CRL numbers seen while it blew": f"{len(lists)} in {len(self.watched)} rounds",
            "OCSP answers compared": sum(r["answers"] for r in self.watched) + (last.answers if last else 0),
            "disagreements": len(self.disagreements),
            "seconds": f"{self.seconds:.0f}",
        }
        return "\n".join(["== status storm", *(f"{name:42}{value}" for name, value in rows.items())])


def certified(services: Services, count: int) -> Sequence[str]:
    """So many confirmed certificates, really issued; the serial numbers."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    serials = []
    for _ in range(count):
        order = Order(
            "information-administrator", new_serial(services), public, "示范人", start_of_validity(services.clock()),
            organization="示范单位", organization_identifier=_UNIT, state=services.terms.state,
            holder_id=services.new_id("H"),
        )  # fmt: skip
        issued = issue(services, WORKER, order, issuer="issuing", unit_code=_UNIT)
        with services.begin() as uow:
            status, now = CERTIFICATE.after(issued.status, CertificateEvent.CONFIRM), services.clock()
            active = uow.certificates.change(issued, status=status, confirmed_at=now)
            record(uow, active, CertificateEvent.CONFIRM, Step(now, REVIEWER.login, "key proven"))
        serials.append(issued.serial)
    return serials


def blow(storm: Storm, folder: Path) -> Result:
    """Let it blow until so many changes are done, then audit everything."""
    began, result = time.monotonic(), Result(storm.seed)
    wiring = Wiring(storm.config)
    serials = certified(wiring.services, storm.certificates)
    before = _version(wiring)
    told = [folder / f"responder-{number}.url" for number in range(storm.responders)]
    others = [start(answer, storm, path) for path in told]
    urls = [_read(path) for path in told]
    stop, reports = CONTEXT.Event(), folder / "reports.jsonl"
    auditor = start(audit, storm, urls, stop, reports)
    try:
        _rage(storm, wiring, serials, result, until=before + storm.changes)
        result.changes = _version(wiring) - before
        publish_crl(wiring.services, WORKER, "issuing")
        stop.set()
        auditor.join(300)
        result.watched = [json.loads(line) for line in reports.read_text().splitlines()]
        everything = Auditor(Reader(wiring.database.reading), "issuing", wiring.clock, urls, BOUND)
        result.last = everything.everything()
    finally:
        _kill(*others, auditor)
    with wiring.database.reading.begin() as view:
        result.refused_lists = view.scalar(text("SELECT count(*) FROM crl WHERE refusal <> ''")) or 0
        result.skipped_numbers = (
            view.scalar(text("SELECT count(*) FROM crl WHERE der IS NULL AND refusal = '' AND issuer = 'issuing'")) or 0
        )
    result.seconds = time.monotonic() - began
    _close(wiring)
    return result


def _rage(storm: Storm, wiring: Wiring, serials: Sequence[str], result: Result, *, until: int) -> None:
    rng = random.Random(storm.seed)

    def worker() -> BaseProcess:
        return start(change_statuses, storm, serials, rng.randrange(2**32))

    def publisher(number: int) -> BaseProcess:
        return start(publish, storm, _PUBLISHERS_PAUSE[number % 2])

    workers = [worker() for _ in range(storm.workers)]
    publishers = [publisher(number) for number in range(storm.publishers)]
    published = _published(wiring)
    try:
        while _version(wiring) < until:
            time.sleep(rng.uniform(0.2, 1.8) * storm.kill_every)
            place = rng.randrange(storm.workers)
            _kill(workers[place])
            workers[place] = worker()
            result.kills += 1
            # On a slow machine they would else all die before the first list: a storm without lists shows nothing.
            if rng.random() < 0.25 and _published(wiring) > published:
                published = _published(wiring)
                place = rng.randrange(storm.publishers)
                _kill(publishers[place])
                publishers[place] = publisher(place)
                result.publisher_kills += 1
    finally:
        _kill(*workers, *publishers)


def _kill(*processes: BaseProcess) -> None:
    for process in processes:
        process.kill()
    for process in processes:
        process.join()


def _version(wiring: Wiring) -> int:
    with wiring.database.reading.begin() as view:
        return int(view.scalar(text("SELECT status_version FROM issuer WHERE name = 'issuing'")) or 0)


def _published(wiring: Wiring) -> int:
    with wiring.database.reading.begin() as view:
        return int(view.scalar(text("SELECT count(*) FROM crl WHERE der IS NOT NULL AND issuer = 'issuing'")) or 0)


def _read(path: Path) -> str:
    until = time.monotonic() + 60
    while not path.exists():
        if time.monotonic() > until:
            raise RuntimeError("a responder does not start")
        time.sleep(0.1)
    return path.read_text()


def _close(wiring: Wiring) -> None:
    for sessions in (wiring.root_sessions, wiring.issuing_sessions):
        sessions.drop()
    wiring.database.engine.dispose()


@contextmanager
def _founded(folder: Path, url: str | None) -> Iterator[Config]:
    """A CA right after its ceremony, on this database or on SQLite."""
    path = folder / "config.toml"
    founding.write_configuration(path, founding.Addresses("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"))
    config = configuration.load(path)
    if url:
        config = config.model_copy(update={"database": DatabaseTable(url=url)})
    founding.write_secrets(config)
    wiring = Wiring(config)
    founding.exists(wiring)
    founding.hold(wiring)
    _close(wiring)
    yield config


def main() -> int:
    """0 if everybody agreed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--certificates", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--sqlite", action="store_true")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="educa-storm-"))
    folder.chmod(0o755)
    try:
        if asked.sqlite:
            return _report(asked, folder, None)
        with postgres.cluster(folder / "pg") as server:
            return _report(asked, folder, postgres.create(server, "storm"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _report(asked: argparse.Namespace, folder: Path, url: str | None) -> int:
    with _founded(folder, url) as config:
        result = blow(Storm(config, asked.changes, asked.certificates, asked.seed), folder)
    print(result)
    for one in result.disagreements[:20]:
        print(json.dumps(one, ensure_ascii=False))
    return int(bool(result.disagreements) or result.refused_lists > 0)


if __name__ == "__main__":
    sys.exit(main())
