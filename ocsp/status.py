"""The status of certificates, and where the responder gets it from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from .errors import ImpossibleResponse

CERTIFICATE_HOLD = 6

# CRLReason codes (RFC 5280 section 5.3.1) that a status can have: 7 is unused, 8 is for delta CRLs alone.
_REASONS = frozenset({0, 1, 2, 3, 4, 5, CERTIFICATE_HOLD, 9, 10})


@dataclass(frozen=True, slots=True)
class Good:
    """Issued, and neither revoked nor on hold."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """Revoked or on hold since `at` (aware); `reason` is a CRLReason code or None."""

    at: datetime
    reason: int | None

    def __post_init__(self) -> None:
        """Refuse a code that no revoked certificate can have."""
        if self.reason is not None and self.reason not in _REASONS:
            raise ImpossibleResponse(f"{self.reason} is not the reason of a revocation")


@dataclass(frozen=True, slots=True)
class Unknown:
    """The responder does not know; for a source that knows a serial number but may not tell."""


Status = Good | Revoked | Unknown

# RFC 6960 section 2.2: what is said of a serial number that was never issued.
NEVER_ISSUED = Revoked(datetime(1970, 1, 1, tzinfo=UTC), CERTIFICATE_HOLD)


@dataclass(frozen=True, slots=True)
class Changes:
    """The serial numbers whose status changed up to `version`; None when the log does not go back so far.

    `moments`: when they were logged (aware), as far as the source knows; for measuring, no answer depends on them.
    """

    version: int
    serials: Sequence[int] | None
    moments: Sequence[datetime] = ()


class StatusSource(Protocol):
    """The status of one issuer's certificates and the log of their changes.

    Every change of a status raises the version and is logged with it in one transaction. Methods are called
    by many threads at once and may raise anything: the client is then told to try later.
    """

    def version(self) -> int:
        """Return the current version; everything logged up to it is visible to a later `status`."""
        ...

    def changes_since(self, version: int) -> Changes:
        """Return what changed after `version` and the version it leads to, both seen in one snapshot.

        A version that the source has never reached (after a restore) is answered with `serials=None`.
        """
        ...

    def status(self, serials: Sequence[int]) -> Mapping[int, Status]:
        """Return the status of these serial numbers now, not older than any version returned before.

        A serial number that is absent was never issued.
        """
        ...
