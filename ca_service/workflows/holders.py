"""Reading holders by subtree."""

from ca_service.domain.holders import Holder
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Services


def list_holders(
    services: Services, actor: Actor, window: Window = ALL, *, unit_code: str | None = None
) -> Listing[Holder]:
    """The holders of the actor's subtree, or of one unit in it and those below."""
    top = unit_code or actor.unit_code
    with services.read() as uow:
        authorise(actor, Action.REGISTRATION_READ, lineage=uow.units.lineage(top))
        return listing(uow.holders, window, within=top)
