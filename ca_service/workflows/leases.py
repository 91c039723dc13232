"""Taking a lease, keeping it, giving it back: one guarded UPDATE each, so that of two who try at once one has it.

A death before the commit leaves it as it was; one behind it leaves it taken until its time is over.
"""

from contextlib import suppress
from datetime import timedelta

from ca_service.domain.errors import Conflict
from ca_service.domain.leases import LIFETIME, Lease
from ca_service.workflows.ports import Services


def take(services: Services, name: str, holder: str, *, lifetime: timedelta = LIFETIME) -> Lease | None:
    """Take a lease or keep it for its time; None where somebody else has it."""
    try:
        with services.begin() as uow:
            now = services.clock()
            found = uow.leases.find(name=name)
            if not found:
                taken = Lease(name, holder, now, now + lifetime)
                uow.leases.add(taken)
                return taken
            (lease,) = found
            if not lease.free_for(holder, now):
                return None
            since = lease.taken_at if lease.holder == holder else now
            guard = ("holder", "until")
            return uow.leases.change(lease, guard=guard, holder=holder, taken_at=since, until=now + lifetime)
    except Conflict:
        return None  # another process was first


def give_back(services: Services, name: str, holder: str) -> None:
    """Let the next one take it at once; nothing where it is not ours."""
    with suppress(Conflict), services.begin() as uow:
        for lease in uow.leases.find(name=name, holder=holder):
            uow.leases.change(lease, guard=("holder", "until"), until=services.clock())
