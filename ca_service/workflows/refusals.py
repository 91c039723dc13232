"""A refused act leaves its trace: the one place, called by web and command line when Forbidden reaches them."""

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Forbidden
from ca_service.domain.roles import Actor
from ca_service.workflows.ports import Services


def record_refusal(services: Services, actor: Actor, refusal: Forbidden, *, asked: str) -> None:
    """Note who was refused what, in a transaction of its own, since the act's own was rolled back.

    `asked` names the endpoint or command, never its arguments: those are the asker's text and may hold anything.
    """
    unit = str(refusal.facts.get("unit", actor.unit_code))
    action = str(refusal.facts.get("action", ""))
    with services.begin() as uow:
        uow.audit.append(actor, Tag.ACT_REFUSED, asked[:120], unit=unit, detail={"action": action})
