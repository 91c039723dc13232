"""Leases: of many workers on many machines one does what is named, until it says so no longer.

A lease spares work; it is no lock. A process that was stopped longer than its lease goes on beside its successor, so
every task is guarded in its transaction as well (docs/architecture.md, "Periodic work exactly once").
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

LIFETIME = timedelta(seconds=15)
"""So long nobody does the work of a worker that died. The machines' clocks have to agree within some seconds."""

TURN = "periodic"
"""What a worker needs for everything that one of them does for all."""


@dataclass(frozen=True)
class Lease:
    """`holder` does what is named, since `taken_at`, and until `until` unless it says so again."""

    name: str
    holder: str
    taken_at: datetime
    until: datetime

    def free_for(self, holder: str, now: datetime) -> bool:
        """Whether this process may take it, or keep it."""
        return self.holder == holder or self.until <= now
