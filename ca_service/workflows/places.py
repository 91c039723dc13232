"""Exactly one information administrator a unit: who takes a unit's place now.

A place is taken by an application that is under way or confirmed, until the person's account is stopped. Who fills a
place holds the unit first (`Units.hold`), so that two at once cannot both find it free.
"""

from collections.abc import Mapping, Sequence

from ca_service.domain.applications import LIVE
from ca_service.domain.holders import HolderStatus
from ca_service.domain.persons import UserType
from ca_service.domain.units import Unit
from ca_service.workflows.ports import UnitOfWork


def occupants(uow: UnitOfWork, unit_codes: Sequence[str]) -> Mapping[str, str]:
    """By unit code, the id of an application for an information administrator that counts; free units left out."""
    live = uow.applications.find(unit_code=unit_codes, status=LIVE, user_type=UserType.INFORMATION.value)
    ids = [application.id for application in live]
    stopped = {holder.external_id for holder in uow.holders.find(external_id=ids, status=HolderStatus.STOPPED)}
    return {application.unit_code: application.id for application in live if application.id not in stopped}


def is_taken(uow: UnitOfWork, unit: Unit, *, besides: str) -> bool:
    """Whether somebody other than the application named takes this unit's only place."""
    if unit.kind.max_information_administrators is None:
        return False
    live = uow.applications.find(unit_code=unit.code, status=LIVE, user_type=UserType.INFORMATION.value)
    others = [application.id for application in live if application.id != besides]
    stopped = uow.holders.find(external_id=others, status=HolderStatus.STOPPED)
    return len(others) > len(stopped)
