"""Reading units by subtree."""

from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import Unit
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Services


def list_units(services: Services, actor: Actor, window: Window = ALL) -> Listing[Unit]:
    """The actor's unit and everything below it, by code."""
    with services.read() as uow:
        authorise(actor, Action.UNITS_READ, lineage=uow.units.lineage(actor.unit_code))
        return listing(uow.units, window, within=actor.unit_code)
