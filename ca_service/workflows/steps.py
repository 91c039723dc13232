"""The steps of applications and change cases: written with the act, read for the page and for who may not review."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ca_service.domain.review import Step
from ca_service.domain.roles import Actor
from ca_service.workflows.ports import Services, UnitOfWork

_ANSWERED = ("resubmit", "attach")


@dataclass(frozen=True)
class Act:
    """A step without its number, doer and time."""

    subject: str
    event: str
    from_unit: str
    to_unit: str
    reason: str = ""
    shown_sha256: str = ""


def record(services: Services, uow: UnitOfWork, actor: Actor, acts: Sequence[Act]) -> None:
    """Append steps, at most one a subject. Called after the guarded update, whose row lock keeps the numbers apart."""
    before = uow.steps.tally("subject", subject=[act.subject for act in acts])
    now = services.clock()
    uow.steps.add_all(Step(seq=before.get(act.subject, 0) + 1, by=actor.login, at=now, **vars(act)) for act in acts)


def steps_of(uow: UnitOfWork, subject: str) -> Sequence[Step]:
    """By `seq`; empty where nobody has acted on it yet."""
    return uow.steps.find(subject=subject)


def resubmitters(uow: UnitOfWork, subjects: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Who submitted each again or attached its scan: they answer for what is entered, so they do not review it."""
    found: dict[str, set[str]] = defaultdict(set)
    for step in uow.steps.find(subject=list(subjects), event=_ANSWERED):
        found[step.subject].add(step.by)
    return {subject: frozenset(logins) for subject, logins in found.items()}
