"""How long a region's roster takes from bytes to typed rows: `python -m bench.roster_import`."""

import sys
import time
from datetime import date

from ca_service.intake.rows import check_rows
from ca_service.intake.sheet import SheetLimits, read_roster
from tests.road.roster import UnitIndex, make_roster, make_units

ROWS = 12_000


def main() -> None:
    """Print the seconds for reading the file and for checking its rows."""
    units = make_units(schools=ROWS).units
    roster_file = make_roster(units, rows=ROWS).xlsx
    started = time.perf_counter()
    roster = read_roster(roster_file, filename="roster.xlsx", limits=SheetLimits())
    read = time.perf_counter()
    checked = check_rows(roster, units=UnitIndex(units), uploader_scope=lambda _code: True, today=date(2026, 11, 24))
    done = time.perf_counter()
    sys.stdout.write(
        f"{len(roster.rows)} rows, {len(roster_file):,} bytes: read {read - started:.2f} s, "
        f"check {done - read:.2f} s, {len(checked.good)} good, {len(checked.bad)} bad cells\n"
    )


if __name__ == "__main__":
    main()
