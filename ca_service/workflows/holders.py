"""Reading holders by subtree."""

from collections.abc import Sequence

from ca_service.domain.holders import Holder
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import Services
from ca_service.workflows.unit_index import UnitIndex


def list_holders(services: Services, actor: Actor, *, unit_code: str | None = None) -> Sequence[Holder]:
    """The holders of the actor's subtree, or of one unit in it."""
    top = unit_code or actor.unit_code
    with services.read() as uow:
        authorise(actor, Action.REGISTRATION_READ, lineage=uow.units.lineage(top))
        scope = UnitIndex(uow.units.find()).subtree(top)
        return [holder for holder in uow.holders.find() if holder.unit_code in scope]
