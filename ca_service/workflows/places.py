"""Exactly one information administrator a unit: who takes a unit's place now.

A place is taken by an application that is under way, and by a person whose account is not stopped, in the unit where
the person is now: a merged unit's people count where they went.
"""

from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.holders import HolderStatus
from ca_service.domain.persons import UserType
from ca_service.domain.units import Unit
from ca_service.workflows.ports import UnitOfWork

_UNDER_WAY = (ApplicationStatus.SUBMITTED, ApplicationStatus.APPROVED)
_INFORMATION = UserType.INFORMATION.value


def taken_places(uow: UnitOfWork) -> frozenset[str]:
    """The codes of all units that have an information administrator now or an application for one under way."""
    applied = uow.applications.tally("unit_code", status=_UNDER_WAY, user_type=_INFORMATION)
    present = uow.holders.tally("unit_code", status=HolderStatus.ACTIVE, user_type=_INFORMATION)
    return frozenset({*applied, *present})


def is_taken(uow: UnitOfWork, unit: Unit, *, besides: str) -> bool:
    """Whether somebody other than the application named takes this unit's only place."""
    if unit.kind.max_information_administrators is None:
        return False
    applied = uow.applications.find(unit_code=unit.code, status=_UNDER_WAY, user_type=_INFORMATION)
    present = uow.holders.find(unit_code=unit.code, status=HolderStatus.ACTIVE, user_type=_INFORMATION)
    takers = {application.id for application in applied} | {holder.external_id for holder in present}
    return bool(takers - {besides})
