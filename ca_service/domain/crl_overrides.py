"""A list that the gate refused, published all the same: two people who saw the very differences let them pass.

The gate itself stays as it is. What they agreed on counts as happened, serial by serial; whatever else has no cause is
refused as before.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.audit import canonical
from ca_service.domain.lifecycle import Machine

Said = str
"""What a list says of a serial: "" nothing, else the moment and the CRLReason: `2026-11-24T08:00:00+00:00 6`."""


@dataclass(frozen=True)
class Difference:
    """One serial: what the last good list says, what the history says is due, what the refused list says."""

    before: Said
    due: Said
    now: Said


class OverrideStatus(StrEnum):
    """Where an override stands."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class OverrideEvent(StrEnum):
    """What can happen to it."""

    CONFIRM = "confirm"
    WITHDRAW = "withdraw"


_S, _E = OverrideStatus, OverrideEvent

OVERRIDE = Machine(
    "CRL 强制发布",
    MappingProxyType(
        {
            (_S.PROPOSED, _E.CONFIRM): _S.PUBLISHED,
            (_S.PROPOSED, _E.WITHDRAW): _S.WITHDRAWN,
        }
    ),
)


@dataclass(frozen=True)
class CrlOverride:
    """Which differences of which list, why, and by whom. `number` is the list that was published on it.

    `status_version`: up to there of the issuer's changes the differences have the last word.
    """

    id: str
    name: str
    status: OverrideStatus
    differences: Mapping[str, list[Said]]
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    number: int | None = None
    status_version: int | None = None

    @property
    def seen(self) -> str:
        """The hash of the differences that both people saw."""
        return seen_of(self.name, {serial: Difference(*said) for serial, said in self.differences.items()})


def seen_of(name: str, differences: Mapping[str, Difference]) -> str:
    """Names a set of differences: 16 hex digits that one person reads to another."""
    text = canonical({f"{name} {serial}": "|".join(vars(d).values()) for serial, d in differences.items()})
    return hashlib.sha256(text.encode()).hexdigest()[:16]
