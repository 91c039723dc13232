"""A conflict case: two live applications of one person, and what a reviewer above both decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine


class ConflictStatus(StrEnum):
    """Whether somebody still has to decide."""

    UNDECIDED = "undecided"
    KEPT = "kept"  # both may go on; the reason says why one person has two
    RESOLVED = "resolved"  # one side or both were returned
    LAPSED = "lapsed"  # one side went away by itself: returned in the ordinary way, or its account was stopped


class ConflictEvent(StrEnum):
    """What can happen to a conflict."""

    KEEP_BOTH = "keep-both"
    RETURN_FIRST = "return-first"
    RETURN_SECOND = "return-second"
    RETURN_BOTH = "return-both"
    LAPSE = "lapse"
    REOPEN = "reopen"


_S, _E = ConflictStatus, ConflictEvent

# KEPT has no way back to UNDECIDED: the same two applications were judged. It only lapses with one of them, and then
# a side that is submitted again is judged again.
CONFLICT = Machine(
    "重复登记",
    MappingProxyType(
        {
            (_S.UNDECIDED, _E.KEEP_BOTH): _S.KEPT,
            (_S.UNDECIDED, _E.RETURN_FIRST): _S.RESOLVED,
            (_S.UNDECIDED, _E.RETURN_SECOND): _S.RESOLVED,
            (_S.UNDECIDED, _E.RETURN_BOTH): _S.RESOLVED,
            (_S.UNDECIDED, _E.LAPSE): _S.LAPSED,
            (_S.KEPT, _E.LAPSE): _S.LAPSED,
            (_S.RESOLVED, _E.REOPEN): _S.UNDECIDED,
            (_S.LAPSED, _E.REOPEN): _S.UNDECIDED,
        }
    ),
)

DECISIONS: Mapping[ConflictEvent, tuple[bool, bool]] = MappingProxyType(
    {
        _E.KEEP_BOTH: (False, False),
        _E.RETURN_FIRST: (True, False),
        _E.RETURN_SECOND: (False, True),
        _E.RETURN_BOTH: (True, True),
    }
)
"""What a reviewer may decide: whether the first and the second side are returned."""


@dataclass(frozen=True)
class ConflictCase:
    """Two applications with the same ID number. `at_unit` is the lowest unit above both."""

    id: str
    id_number_hash: str
    first_id: str
    second_id: str
    status: ConflictStatus
    at_unit: str
    opened_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""

    @property
    def sides(self) -> tuple[str, str]:
        """Identifiers of both applications, in the order in which the decisions name them."""
        return self.first_id, self.second_id


def lowest_above_both(first: Sequence[str], second: Sequence[str]) -> str:
    """The nearest unit that reviews for both, given the units above each, nearest first; the centre in any case."""
    return next(code for code in first if code in second)
