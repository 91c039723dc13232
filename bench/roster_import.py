"""How long a region's roster takes from bytes to typed rows: `python -m bench.roster_import`."""

import sys
import time
from datetime import date

from bench.table import Row, missed, show
from ca_service.intake.rows import check_rows
from ca_service.intake.sheet import SheetLimits, read_roster
from tests.road.roster import UnitIndex, make_roster, make_units

ROWS = 12_000


def main(*, quick: bool = False) -> int:
    """Print the seconds for reading the file and for checking its rows; 0, since it has no goal."""
    rows = 200 if quick else ROWS
    units = make_units(schools=rows).units
    roster_file = make_roster(units, rows=rows).xlsx
    started = time.perf_counter()
    roster = read_roster(roster_file, filename="roster.xlsx", limits=SheetLimits())
    read = time.perf_counter()
    checked = check_rows(roster, units=UnitIndex(units), uploader_scope=lambda _code: True, today=date(2026, 11, 24))
    done = time.perf_counter()
    found = f"{len(checked.good)} good, {len(checked.bad)} bad cells"
    table = [
        Row(what=f"read {len(roster.rows)} rows, {len(roster_file):,} octets", value=f"{read - started:6.2f} s"),
        Row(what="check them", value=f"{done - read:6.2f} s   {found}"),
    ]
    show("roster import", table)
    return missed(table)


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
