"""The list of erased persons that lies beside each backup: restoring an older one erases them again.

    ca-2026-11-24.age                   the backup
    ca-2026-11-24.age.erased.json       who had been erased when it was taken: opaque identifiers, each with a proof

The newest list matters, whichever backup is restored; a restore reads all that lie beside it.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from ca_service.domain.errors import Invalid
from ca_service.workflows.erasure_ledger import LedgerLine, ledger_lines, read_ledger, write_ledger
from ca_service.workflows.ports import Services

_SUFFIX = ".erased.json"


def list_erased(services: Services, backup: Path) -> None:
    """Write the list beside a backup, whole or not at all. A death before that leaves a backup without one."""
    with services.read() as uow:
        text = write_ledger(ledger_lines(services, uow))
    place = backup.with_name(backup.name + _SUFFIX)
    part = place.with_name(place.name + ".part")
    with part.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    part.replace(place)


def lists_beside(backup: Path, named: Sequence[Path] = ()) -> Sequence[LedgerLine]:
    """The lines of all lists beside a backup, and of those named; raise Invalid where one cannot be read."""
    lines: dict[tuple[str, str], LedgerLine] = {}
    for file in [*sorted(backup.parent.glob(f"*{_SUFFIX}")), *named]:
        try:
            found = read_ledger(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid(f"无法读取清除名单 {file}（{type(error).__name__}），未恢复。请移开或更换它。") from error
        except Invalid as error:
            raise Invalid(f"{file}：{error.detail}") from error
        lines |= {(line.holder, line.proof): line for line in found}
    return list(lines.values())
