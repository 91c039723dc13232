"""Acts that were refused because of who asked stand in the audit log, in a transaction of their own."""

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
        return gravest
    named = "".join(f"{refusal.subject}：{refusal.error.detail}" for refusal in refusals[:_NAMED])
    more = f"（另有 {len(refusals) - _NAMED} 份）" if len(refusals) > _NAMED else ""
    return type(gravest)(f"{len(refusals)} 份不能办理，全部未作更改。{named}{more}")
