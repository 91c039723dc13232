"""The applications of a subtree, and those that wait for the actor's own unit (待我审核), as pages ask for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ca_service.domain.applications import Application, ApplicationStatus, Shown
from ca_service.domain.conflicts import ConflictStatus
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.conflicts import same_person, undecided
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.shown import shown


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; empty means any. `unit_code` is a unit with all below it, `name` the whole name."""

    status: ApplicationStatus | None = None
    batch_id: str = ""
    unit_code: str = ""
    name: str = ""
    in_conflict: bool = False


ANY = Wanted()


@dataclass(frozen=True)
class Waiting:
    """One row of the queue: what the reviewer acts upon, the unit's name, and what speaks against it."""

    shown: Shown
    sha256: str
    conflicts: Sequence[str]

    @property
    def unit_name(self) -> str:
        """The applicant's unit."""
        return self.shown.path[-1][1]


def queue(
    services: Services,
    actor: Actor,
    window: Window = ALL,
    *,
    status: ApplicationStatus | None = None,
    batch_id: str | None = None,
) -> Listing[Application]:
    """The applications of the actor's subtree, oldest first."""
    return applications(services, actor, Wanted(status, batch_id or ""), window)


def applications(services: Services, actor: Actor, wanted: Wanted, window: Window = ALL) -> Listing[Application]:
    """The applications of the actor's subtree that fit, oldest first; raise NotFound, Forbidden for the unit named."""
    with services.read() as uow:
        top = wanted.unit_code or actor.unit_code
        authorise(actor, Action.REGISTRATION_READ, lineage=uow.units.lineage(top))
        return listing(uow.applications, window, order="submitted_at", within=top, **_equal(uow, wanted))


def waiting(services: Services, actor: Actor, wanted: Wanted, window: Window) -> Listing[Waiting]:
    """What lies at the actor's unit to be reviewed, oldest first, with the hash of each as it is now."""
    with services.read() as uow:
        top = wanted.unit_code or actor.unit_code
        authorise(actor, Action.REGISTRATION_REVIEW, lineage=uow.units.lineage(top))
        here = {**_equal(uow, wanted), "at_unit": actor.unit_code, "status": ApplicationStatus.SUBMITTED}
        found = listing(uow.applications, window, order="submitted_at", within=top, **here)
        seen, cases = shown(uow, found.rows), undecided(uow, [a.id for a in found.rows])
    rows = [Waiting(seen[a.id], seen[a.id].sha256(), cases.get(a.id, ())) for a in found.rows]
    return Listing(rows, found.total)


def doubles(services: Services, found: Sequence[Application]) -> Mapping[str, Sequence[str]]:
    """For those of a list whose person has another live application: the ids of the others."""
    with services.read() as uow:
        return same_person(uow, found)


def _equal(uow: UnitOfWork, wanted: Wanted) -> dict[str, Any]:
    given = {"status": wanted.status, "batch_id": wanted.batch_id, "name": wanted.name}
    equal: dict[str, Any] = {name: value for name, value in given.items() if value}
    if wanted.in_conflict:
        open_cases = uow.conflicts.find(status=ConflictStatus.UNDECIDED)
        equal["id"] = {side for case in open_cases for side in case.sides}
    return equal
