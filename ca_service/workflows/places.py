"""Exactly one information administrator a unit: who takes a unit's place now.

A person who is registered takes the place of the unit where they are now, as long as the account is not stopped. Before
that, an application that is under way takes its unit's place. Who fills a place holds the unit first (`Units.hold`), so
that two at once cannot both find it free.

While a hand-over (交接) is open its predecessor still has the place, but one other person may apply for it: `applying`
asks whether somebody may apply, the plain question whether somebody may come in now.
"""

from collections.abc import Mapping, Sequence

from ca_service.domain.applications import LIVE
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.persons import UserType
from ca_service.domain.transfers import OPEN
from ca_service.domain.units import Unit
from ca_service.workflows.ports import UnitOfWork

_TYPE = UserType.INFORMATION.value


def occupants(uow: UnitOfWork, unit_codes: Sequence[str], *, applying: bool = False) -> Mapping[str, str]:
    """By unit code, the id of the application by which somebody takes the unit's place; free units are left out."""
    live = uow.applications.find(unit_code=unit_codes, status=LIVE, user_type=_TYPE)
    registered = {h.external_id for h in uow.holders.find(external_id={application.id for application in live})}
    here = _present(uow, unit_codes, applying=applying)
    applied = {application.unit_code: application.id for application in live if application.id not in registered}
    return applied | {holder.unit_code: holder.external_id for holder in here}


def is_taken(uow: UnitOfWork, unit: Unit, *, besides: str, applying: bool = False) -> bool:
    """Whether somebody other than the application named takes this unit's only place.

    A caller that then writes holds the unit first (`Units.hold`), or two of them could both find the place free.
    """
    if unit.kind.max_information_administrators is None:
        return False
    if {holder.external_id for holder in _present(uow, [unit.code], applying=applying)} - {besides}:
        return True
    applied = {a.id for a in uow.applications.find(unit_code=unit.code, status=LIVE, user_type=_TYPE)} - {besides}
    registered = {h.external_id for h in uow.holders.find(external_id=applied)}
    return bool(applied - registered)


def _present(uow: UnitOfWork, unit_codes: Sequence[str], *, applying: bool) -> Sequence[Holder]:
    here = uow.holders.find(unit_code=unit_codes, user_type=_TYPE, status=HolderStatus.ACTIVE)
    if not applying:
        return here
    leaving = {case.holder_id for case in uow.transfers.find(unit_code=unit_codes, status=OPEN)}
    return [holder for holder in here if holder.id not in leaving]
