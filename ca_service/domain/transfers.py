"""A hand-over between two information administrators (交接): the one who leaves, the one who comes, one case for both.

The unit is never without one and never has two: the successor's application is reviewed while the predecessor still
works, and takes the place in the very transaction that stops the predecessor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.applications import LIVE, ApplicationStatus
from ca_service.domain.changes import ChangeStatus
from ca_service.domain.lifecycle import Machine


class TransferStatus(StrEnum):
    """How far a hand-over has come. What happens to its two papers is told by their own states."""

    SEEKING = "seeking"  # the stop form is entered, nobody has applied for the place yet
    PAIRED = "paired"
    DONE = "done"
    ABANDONED = "abandoned"


OPEN = (TransferStatus.SEEKING, TransferStatus.PAIRED)
"""While a hand-over is in one of these, its predecessor stays where they are, and the place has one applicant."""


class TransferEvent(StrEnum):
    """What can happen to a hand-over."""

    NAME = "name"
    EXECUTE = "execute"
    ABANDON = "abandon"


_S, _E = TransferStatus, TransferEvent

TRANSFER = Machine(
    "交接",
    MappingProxyType(
        {
            (_S.SEEKING, _E.NAME): _S.PAIRED,
            # Another successor, where the application of the one before was returned or withdrawn.
            (_S.PAIRED, _E.NAME): _S.PAIRED,
            (_S.PAIRED, _E.EXECUTE): _S.DONE,
            (_S.SEEKING, _E.ABANDON): _S.ABANDONED,
            (_S.PAIRED, _E.ABANDON): _S.ABANDONED,
        }
    ),
)


@dataclass(frozen=True)
class Transfer:
    """One hand-over: `holder_id` leaves by the stop form `change_id`, the person of `application_id` comes."""

    id: str
    unit_code: str
    holder_id: str
    change_id: str
    status: TransferStatus
    opened_by: str
    opened_at: datetime
    application_id: str | None = None
    ended_by: str = ""
    ended_at: datetime | None = None
    end_reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still has to be carried out or given up."""
        return self.status in OPEN


class Leg(StrEnum):
    """One leg of the way of a hand-over, as the page shows it."""

    STOP_APPROVED = "stop-approved"
    SUCCESSOR_APPLIED = "successor-applied"
    SUCCESSOR_APPROVED = "successor-approved"
    EXECUTED = "transfer-executed"
    TOKEN = "successor-token"  # noqa: S105  a thing, not a secret
    CODE = "successor-code"
    CERTIFICATE = "successor-certificate"


_AFTER: Mapping[Leg, frozenset[Leg]] = MappingProxyType(
    {
        Leg.STOP_APPROVED: frozenset(),
        Leg.SUCCESSOR_APPLIED: frozenset(),
        Leg.SUCCESSOR_APPROVED: frozenset({Leg.SUCCESSOR_APPLIED}),
        Leg.EXECUTED: frozenset({Leg.STOP_APPROVED, Leg.SUCCESSOR_APPROVED}),
        Leg.TOKEN: frozenset({Leg.EXECUTED}),
        Leg.CODE: frozenset({Leg.TOKEN}),
        Leg.CERTIFICATE: frozenset({Leg.CODE}),
    }
)


class Progress(StrEnum):
    """Where a leg stands: behind us, to be done now, or waiting for another."""

    DONE = "leg-done"
    NEXT = "leg-next"
    LATER = "leg-later"


@dataclass(frozen=True)
class Papers:
    """What the two papers say, and how far the successor is on the way to a certificate."""

    stop: ChangeStatus
    application: ApplicationStatus | None = None
    has_token: bool = False
    has_code: bool = False
    certified: bool = False


def way(status: TransferStatus, papers: Papers) -> Mapping[Leg, Progress]:
    """Every leg in order with where it stands: what is behind, and all that can be done now."""
    done = status is TransferStatus.DONE
    reached = {
        Leg.STOP_APPROVED: papers.stop in (ChangeStatus.APPROVED, ChangeStatus.EXECUTED),
        Leg.SUCCESSOR_APPLIED: papers.application in LIVE,
        Leg.SUCCESSOR_APPROVED: papers.application in (ApplicationStatus.APPROVED, ApplicationStatus.CONFIRMED),
        Leg.EXECUTED: done,
        Leg.TOKEN: done and (papers.has_token or papers.certified),
        Leg.CODE: done and (papers.has_code or papers.certified),
        Leg.CERTIFICATE: done and papers.certified,
    }
    return {leg: _progress(leg, reached) for leg in Leg}


def _progress(leg: Leg, reached: Mapping[Leg, bool]) -> Progress:
    if reached[leg]:
        return Progress.DONE
    return Progress.NEXT if all(reached[before] for before in _AFTER[leg]) else Progress.LATER
