"""Exactly one information administrator a unit: who takes a unit's place now.

A person who is registered takes the place of the unit where they are now, as long as the account is not stopped. Before
that, an application that is under way takes its unit's place.
"""

from ca_service.domain.applications import LIVE, ApplicationStatus
from ca_service.domain.holders import HolderStatus
from ca_service.domain.persons import UserType
from ca_service.domain.units import Unit
from ca_service.workflows.ports import UnitOfWork

_TYPE = UserType.INFORMATION.value
# A confirmed application has a registered person, an approved one from the moment of the push.
_MAY_BE_REGISTERED = (ApplicationStatus.APPROVED, ApplicationStatus.CONFIRMED)


def taken_places(uow: UnitOfWork) -> frozenset[str]:
    """The units where somebody takes a place, whatever their kind; counted by the database, nobody's data is read."""
    before = [status for status in LIVE if status not in _MAY_BE_REGISTERED]
    registered = uow.holders.tally("unit_code", user_type=_TYPE, status=HolderStatus.ACTIVE)
    applied = uow.applications.tally("unit_code", user_type=_TYPE, status=before)
    approved = uow.applications.find(user_type=_TYPE, status=ApplicationStatus.APPROVED)
    known = {h.external_id for h in uow.holders.find(external_id={a.id for a in approved})}
    return frozenset({*registered, *applied, *(a.unit_code for a in approved if a.id not in known)})


def is_taken(uow: UnitOfWork, unit: Unit, *, besides: str) -> bool:
    """Whether somebody other than the application named takes this unit's only place.

    A caller that then writes holds the unit first (`Units.hold`), or two of them could both find the place free.
    """
    if unit.kind.max_information_administrators is None:
        return False
    here = {h.external_id for h in uow.holders.find(unit_code=unit.code, user_type=_TYPE, status=HolderStatus.ACTIVE)}
    if here - {besides}:
        return True
    applied = {a.id for a in uow.applications.find(unit_code=unit.code, status=LIVE, user_type=_TYPE)} - {besides}
    registered = {h.external_id for h in uow.holders.find(external_id=applied)}
    return bool(applied - registered)
