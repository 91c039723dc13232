"""Acts that took two people, one of each kind, so that their pages have something to show."""

from dataclasses import replace
from datetime import datetime, timedelta

from ca_service.domain.holders import HolderStatus
from ca_service.domain.roles import Actor, Role
from ca_service.domain.unit_cases import Order, UnitAct
from ca_service.workflows import erasures, staff_proposals, unit_cases
from ca_service.workflows.ports import Services

# Beyond the end of every certificate and the five years after it.
_LATER = timedelta(days=12 * 365)


def merger(services: Services, admin: Actor, unit_code: str, target_code: str) -> str:
    """A proposed merger: of a whole banner it is the plan with the most steps; return the case's identifier."""
    order = Order(UnitAct.MERGE, unit_code, target_code=target_code, stop_people=True, return_applications=True)
    seen = unit_cases.preview(services, admin, order).sha256()
    return unit_cases.propose(services, admin, order, seen=seen, ground="示范数据").id


def proposal(services: Services, security: Actor, unit_code: str) -> str:
    """An account that waits for its second person; return the proposal's identifier."""
    new = staff_proposals.NewStaff("waiting-clerk", "示范人员", unit_code, frozenset({Role.CLERK}))
    made = staff_proposals.propose_account(
        services, security, new, first_password="-", hasher=lambda _: "-", ground="示范数据"
    )
    return made.id


def erasure(services: Services, reviewer: Actor, security: Actor, holder_id: str, *, now: datetime) -> str:
    """A person's records erased as it will be in twelve years; return the case's identifier."""
    late = replace(services, clock=lambda: now + _LATER)
    with services.begin() as uow:
        uow.holders.change(uow.holders.get(holder_id), status=HolderStatus.STOPPED)
    made = erasures.propose(late, reviewer, [holder_id], ground="示范数据")
    erasures.confirm(late, security, made.id, seen=made.seen)
    return made.id
