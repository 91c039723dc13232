"""ID numbers that occur more than once in a sheet."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ca_service.intake.sheet import RosterRow


class _Entry(NamedTuple):
    row: RosterRow
    person: tuple[Hashable, ...]
    account: Hashable


@dataclass(slots=True)
class Doubles:
    """Collects the rows by ID number; which of two rows is right is not for us to guess."""

    rows: dict[str, list[_Entry]] = field(default_factory=dict)

    def add(self, row: RosterRow, number: str, who: tuple[Hashable, Hashable, Hashable]) -> None:
        """Note a row: its ID number, and as far as they could be read its unit, name and kind of account."""
        unit, name, account = who
        self.rows.setdefault(number, []).append(_Entry(row, (unit, name), account))

    def found(self) -> Iterator[tuple[RosterRow, Sequence[int]]]:
        """Yield each row whose number stands elsewhere too, with the numbers of the other rows."""
        for entries in self.rows.values():
            if len(entries) > 1 and not _accounts_of_one_person(entries):
                for entry in entries:
                    yield entry.row, [other.row.number for other in entries if other is not entry]


def _accounts_of_one_person(entries: Sequence[_Entry]) -> bool:
    """One person of one unit may have several kinds of account, a row for each."""
    return len({entry.person for entry in entries}) == 1 and len({entry.account for entry in entries}) == len(entries)
