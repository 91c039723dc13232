"""Exactly one information administrator a unit: who takes a unit's place now.

A place is taken by an application that is under way or confirmed, until the person's account is stopped.
"""

from collections.abc import Mapping, Sequence

from ca_service.domain.applications import LIVE, Application
from ca_service.domain.holders import HolderStatus
from ca_service.domain.persons import UserType
from ca_service.domain.units import Unit
from ca_service.workflows.ports import UnitOfWork


def taken_places(uow: UnitOfWork) -> Mapping[str, Sequence[Application]]:
    """By unit code, the applications for an information administrator that count."""
    stopped = {holder.external_id for holder in uow.holders.find(status=HolderStatus.STOPPED)}
    taken: dict[str, list[Application]] = {}
    for application in uow.applications.find(status=LIVE, user_type=UserType.INFORMATION.value):
        if application.id not in stopped:
            taken.setdefault(application.unit_code, []).append(application)
    return taken


def is_taken(uow: UnitOfWork, unit: Unit, *, besides: str) -> bool:
    """Whether somebody other than the application named takes this unit's only place."""
    if unit.kind.max_information_administrators is None:
        return False
    live = uow.applications.find(unit_code=unit.code, status=LIVE, user_type=UserType.INFORMATION.value)
    others = [application.id for application in live if application.id != besides]
    stopped = uow.holders.find(external_id=others, status=HolderStatus.STOPPED)
    return len(others) > len(stopped)
