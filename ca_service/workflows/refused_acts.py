"""Acts that were refused because of who asked stand in the audit log, in a transaction of their own.

A review names what it was about; every other refusal is noted where it reaches web or command line.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.errors import DomainError, Forbidden
from ca_service.domain.roles import Actor
from ca_service.workflows.ports import Services, UnitOfWork

_NAMED = 10


@contextmanager
def recorded(
    services: Services, actor: Actor, act: str, subject: str, *, unit: Callable[[UnitOfWork], str]
) -> Iterator[None]:
    """Record a Forbidden that leaves the block, and let it go on. `unit` finds the unit of what it is about."""
    try:
        yield
    except Forbidden as refused:
        with services.begin() as uow:
            detail = {"act": act, "kind": refused.kind}
            uow.audit.append(actor, Tag.REVIEW_REFUSED, subject, unit=unit(uow), detail=detail)
        refused.noted = True
        raise


@dataclass(frozen=True)
class Refusal:
    """Why one of many things cannot be done."""

    subject: str
    unit_code: str
    error: DomainError


def refused(services: Services, actor: Actor, act: str, refusals: Sequence[Refusal]) -> DomainError:
    """Record those that concern the actor's rights; return the gravest to be raised, naming each when many."""
    forbidden = [refusal for refusal in refusals if isinstance(refusal.error, Forbidden)]
    if forbidden:
        first, others = forbidden[0], ",".join(refusal.subject for refusal in forbidden[1:50])
        detail: dict[str, str | int] = {"act": act, "kind": Forbidden.kind, "count": len(forbidden), "others": others}
        with services.begin() as uow:
            uow.audit.append(actor, Tag.REVIEW_REFUSED, first.subject, unit=first.unit_code, detail=detail)
    gravest = (forbidden or refusals)[0].error
    if len(refusals) == 1:
        return _noted(gravest)
    named = "".join(f"{refusal.subject}：{refusal.error.detail}" for refusal in refusals[:_NAMED])
    more = f"（另有 {len(refusals) - _NAMED} 份）" if len(refusals) > _NAMED else ""
    return _noted(type(gravest)(f"{len(refusals)} 份不能办理，全部未作更改。{named}{more}"))


def _noted(error: DomainError) -> DomainError:
    if isinstance(error, Forbidden):
        error.noted = True
    return error


def record_refusal(services: Services, actor: Actor, refusal: Forbidden, *, asked: str) -> None:
    """Note who was refused what, in a transaction of its own, since the act's own was rolled back.

    `asked` names the endpoint or command, never its arguments: those are the asker's text and may hold anything.
    """
    if refusal.noted:
        return
    unit = str(refusal.facts.get("unit", actor.unit_code))
    action = str(refusal.facts.get("action", ""))
    with services.begin() as uow:
        uow.audit.append(actor, Tag.ACT_REFUSED, asked[:120], unit=unit, detail={"action": action})
