"""A run of OCSP pre-signing: answers for all certificates of one issuer, signed ahead and kept in the store.

An answer counts as long as its run does. So whatever makes many of them worthless (a signer that is not in force any
more, a restored database, the next run) drops a run, which is one row, and the answers themselves are swept up later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine


class RunStatus(StrEnum):
    """How far a run is."""

    RUNNING = "running"
    FINISHED = "finished"
    DROPPED = "dropped"  # none of its answers is served; they are swept up, then the row goes


class RunEvent(StrEnum):
    """What can happen to a run."""

    ADVANCE = "advance"
    FINISH = "finish"
    DROP = "drop"


_S, _E = RunStatus, RunEvent

PRESIGN_RUN = Machine(
    "预签",
    MappingProxyType(
        {
            (_S.RUNNING, _E.ADVANCE): _S.RUNNING,
            (_S.RUNNING, _E.FINISH): _S.FINISHED,
            (_S.RUNNING, _E.DROP): _S.DROPPED,
            (_S.FINISHED, _E.DROP): _S.DROPPED,
        }
    ),
)

# A process that has stored nothing for so long is dead: a batch takes it only a fraction, unless the key signs a dozen
# times a second.
LEASE = timedelta(minutes=1)


@dataclass(frozen=True)
class PresignRun:
    """`version` is what no answer of the run is older than, `reached` what none is newer than (status versions).

    `signer` is the serial of the signer's certificate, `scope` what is signed (hashes, life): answers of another scope
    do not go on with it. `position` is the last serial whose answers are stored, `holder` the process that writes.
    """

    id: int
    issuer: str
    number: int
    signer: str
    scope: str
    version: int
    reached: int
    position: str
    answers: int
    holder: str
    started_at: datetime
    touched_at: datetime
    next_update: datetime
    status: RunStatus

    def held(self, now: datetime) -> bool:
        """Whether the process that writes seems to live."""
        return now - self.touched_at < LEASE

    def resumable(self, *, signer: str, scope: str, now: datetime, validity: timedelta) -> bool:
        """Whether it makes sense to go on: its first answers are not half used up."""
        return (self.signer, self.scope) == (signer, scope) and now - self.started_at < validity / 4

    def due(self, now: datetime, validity: timedelta) -> bool:
        """Whether the next run should begin: answers are served in the first half of their life, and it takes time."""
        return now - self.started_at >= validity / 3
