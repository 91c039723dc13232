"""Reading units by subtree."""

from collections.abc import Sequence

from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import Unit
from ca_service.workflows.ports import Services
from ca_service.workflows.unit_index import UnitIndex


def list_units(services: Services, actor: Actor) -> Sequence[Unit]:
    """The actor's unit and everything below it, by code."""
    with services.read() as uow:
        authorise(actor, Action.UNITS_READ, lineage=uow.units.lineage(actor.unit_code))
        index = UnitIndex(uow.units.find())
    return sorted((index.units[code] for code in index.subtree(actor.unit_code)), key=lambda unit: unit.code)
