"""Whose turn it is: of all workers on all machines one does what is done once for all."""

import structlog

from ca_service.domain.errors import DomainError
from ca_service.domain.leases import LIFETIME, TURN, Lease
from ca_service.workflows.leases import give_back, take
from ca_service.workflows.ports import Services

_log = structlog.get_logger(__name__)


class Turn:
    """The turn of one worker; used by one thread."""

    def __init__(self, services: Services, holder: str) -> None:
        self._services, self._holder = services, holder
        self._lease: Lease | None = None

    @property
    def mine(self) -> bool:
        """Whether it is this worker's turn now, as far as it knows without asking."""
        # Beyond a lifetime: our clock was set back, and says nothing any more.
        return self._lease is not None and 0 < self._left() <= LIFETIME.total_seconds()

    def keep(self) -> None:
        """Take the turn if it is free, or keep it when half of its time is over; raises Unavailable."""
        if self.mine and self._left() > LIFETIME.total_seconds() / 2:
            return
        before = self.mine
        self._lease = take(self._services, TURN, self._holder)
        if self.mine != before:
            _log.info("periodic work", here=self.mine)

    def end(self) -> None:
        """Let another worker take it at once."""
        try:
            give_back(self._services, TURN, self._holder)
        except DomainError as error:
            _log.warning("the turn ends by itself", kind=error.kind)
        self._lease = None

    def _left(self) -> float:
        assert self._lease is not None  # noqa: S101
        return (self._lease.until - self._services.clock()).total_seconds()
