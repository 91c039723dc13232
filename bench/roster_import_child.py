"""One case of the benchmark: database URL, folder, number of units, sheets; prints seconds, CPU seconds, peak MiB."""

import json
import os
import sys
import time
from itertools import islice
from pathlib import Path

from bench.roster_data import schools
from bench.roster_import import peak_mib, timed
from ca_service.clock import system_clock
from ca_service.domain.errors import NotFound
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.intake.cells import SheetLimits
from ca_service.signing.custody_key import CustodyKey, new_private_key
from ca_service.store import schema
from ca_service.store.database import Database
from ca_service.store.documents import DocumentFolder
from ca_service.store.sealing import FieldKey, Sealer
from ca_service.workflows.ports import Authority, Services, Terms
from ca_service.workflows.register import Upload, import_batch
from ca_service.workflows.units import region
from tests.road.roster import make_scan_pdf

_CLERK = Actor("bench", CENTRE_CODE, frozenset({Role.CLERK}), "cli")
_RAISED = SheetLimits(
    max_rows=1_000_000, max_bytes=2**29, max_uncompressed=2**33, max_ratio=2_000, max_cells=20_000_000
)


def main() -> None:
    """Make the database with its units, then measure the imports only."""
    url, folder, rows, *sheets = sys.argv[1:]
    services = _services(url, Path(folder))
    _add_units(services, int(rows))
    scan = make_scan_pdf()
    started, worked = timed(), time.process_time()
    taken = bad = 0
    for sheet in sheets:
        content = Path(sheet).read_bytes()
        report = import_batch(services, _CLERK, Upload(CENTRE_CODE, content, sheet, scan, "form.pdf", limits=_RAISED))
        taken, bad = taken + len(report.taken), bad + len(report.bad)
    seconds, worked = timed() - started, time.process_time() - worked
    if taken + bad != int(rows):
        raise SystemExit(f"{taken} taken and {bad} bad of {rows}")
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu": worked, "peak": peak_mib()}))


def _services(url: str, folder: Path) -> Services:
    sealer = Sealer(FieldKey(bytes(32)))
    database = Database(url, sealer=sealer, clock=system_clock)
    schema.upgrade(database.engine)
    return Services(
        begin=database.begin,
        read=database.read,
        clock=system_clock,
        random_bytes=os.urandom,
        keyed_hash=sealer.keyed_hash,
        documents=DocumentFolder(folder / "documents", sealer),
        authority=_no_authority,
        terms=Terms.__new__(Terms),
        custody=CustodyKey(new_private_key),
    )


def _no_authority(name: str) -> Authority:
    raise NotFound(name)


def _add_units(services: Services, count: int) -> None:
    """Some at a time, so that the peak measured is that of the import."""
    with services.begin() as uow:
        uow.units.add_all(region("示范信息中心"))
    units = schools(count)
    while some := list(islice(units, 5_000)):
        with services.begin() as uow:
            uow.units.add_all(some)


if __name__ == "__main__":
    main()
