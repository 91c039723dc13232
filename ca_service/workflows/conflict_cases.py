"""Deciding a conflict case: both sides at one look, then keep both with a reason, return one, or return both."""

from collections.abc import Sequence
from dataclasses import dataclass

from ca_service.domain import notices
from ca_service.domain.applications import APPLICATION, Application, ApplicationEvent, Shown
from ca_service.domain.audit import Tag
from ca_service.domain.conflicts import CONFLICT, DECISIONS, ConflictCase, ConflictEvent, ConflictStatus
from ca_service.domain.errors import Conflict, Forbidden, Invalid
from ca_service.domain.review import Concerned, path_above, refuse_partial_reviewer
from ca_service.domain.roles import POLICY, Action, Actor, authorise
from ca_service.workflows.applications import masked
from ca_service.workflows.conflicts import lapse
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.messages import notify
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.refused_acts import recorded
from ca_service.workflows.shown import refuse_other_content, shown
from ca_service.workflows.steps import Act, record, resubmitters


@dataclass(frozen=True)
class Side:
    """One side as the actor may see it; `sha256` is of the whole content, masked or not."""

    application: Application
    unit_names: Sequence[str]
    sha256: str

    @property
    def may_be_returned(self) -> bool:
        """An approved one can only be stopped by a change case."""
        return (self.application.status, ApplicationEvent.RETURN) in APPLICATION.moves


@dataclass(frozen=True)
class ConflictView:
    """A case with both sides; which of them is the first says nothing."""

    case: ConflictCase
    sides: tuple[Side, Side]
    unmasked: bool

    def may_be(self, decision: ConflictEvent) -> bool:
        """Whether each side that the decision returns can be returned."""
        return all(side.may_be_returned for side, back in zip(self.sides, DECISIONS[decision], strict=True) if back)


@dataclass(frozen=True)
class ConflictDecision:
    """`reason` is always needed; `seen` are the hashes of both sides as the page showed them (None: a command)."""

    event: ConflictEvent
    reason: str
    seen: tuple[str, str] | None = None


def conflict_cases(
    services: Services, actor: Actor, window: Window = ALL, *, status: ConflictStatus | None = ConflictStatus.UNDECIDED
) -> Listing[ConflictCase]:
    """The cases of the actor's subtree, oldest first."""
    with services.read() as uow:
        authorise(actor, Action.REGISTRATION_READ, lineage=uow.units.lineage(actor.unit_code))
        equal = {} if status is None else {"status": status}
        return listing(uow.conflicts, window, order="opened_at", within=actor.unit_code, **equal)


def show_conflict(services: Services, actor: Actor, case_id: str) -> ConflictView:
    """Both sides, masked unless the role may see them; an unmasked look is recorded for each. NotFound, Forbidden."""
    with services.begin() as uow:
        case = uow.conflicts.get(case_id)
        both = _sides(uow, case)
        for side in both:
            authorise(actor, Action.REGISTRATION_READ, lineage=uow.units.lineage(side.application.unit_code))
        unmasked = bool(actor.roles & POLICY[Action.REGISTRATION_UNMASK])
        if unmasked:
            for side in both:
                own = side.application
                uow.audit.append(actor, Tag.APPLICATION_UNMASKED, own.id, unit=own.unit_code, detail={"case": case.id})
    first, second = (_side(side, unmasked=unmasked) for side in both)
    return ConflictView(case, (first, second), unmasked)


def _side(side: Shown, *, unmasked: bool) -> Side:
    application = side.application if unmasked else masked(side.application)
    return Side(application, [name for _, name in side.path], side.sha256())


def _sides(uow: UnitOfWork, case: ConflictCase) -> tuple[Shown, Shown]:
    seen = shown(uow, uow.applications.find(id=list(case.sides)))
    return seen[case.first_id], seen[case.second_id]


def decide_conflict(services: Services, actor: Actor, case_id: str, decision: ConflictDecision) -> ConflictCase:
    """Settle a case; what is returned goes back to its sender with the reason. All of it or nothing.

    The case belongs to the lowest unit above both sides; a unit higher up may take it. Raises Forbidden (recorded),
    Conflict, Invalid.
    """
    with (
        recorded(services, actor, "conflict.decide", case_id, unit=lambda uow: uow.conflicts.get(case_id).at_unit),
        services.begin() as uow,
    ):
        case = uow.conflicts.get(case_id)
        both = _sides(uow, case)
        _judge(uow, actor, case, both, decision)
        return _settle(services, uow, actor, case, both, decision=decision)


def _judge(
    uow: UnitOfWork, actor: Actor, case: ConflictCase, both: tuple[Shown, Shown], decision: ConflictDecision
) -> None:
    name = next((staff.name for staff in uow.staff.find(login=actor.login)), "")
    again = resubmitters(uow, case.sides)
    for side in both:
        own = side.application
        lineage = uow.units.lineage(own.unit_code)
        authorise(actor, Action.REGISTRATION_REVIEW, lineage=lineage)
        if actor.unit_code not in path_above(lineage):
            raise Forbidden("重复登记由双方共同的上级单位处理，本单位不能处理。")
        entered_by = again.get(own.id, frozenset()) | {own.entered_by}
        refuse_partial_reviewer(actor, name, Concerned(entered_by, own.unit_code, own.name))
    CONFLICT.after(case.status, decision.event)
    if not decision.reason.strip():
        raise Invalid("请填写处理意见：为什么保留双方，或为什么退回。")
    for side, seen, back in zip(both, decision.seen or (None, None), DECISIONS[decision.event], strict=True):
        refuse_other_content(side.sha256(), seen)
        if back and (side.application.status, ApplicationEvent.RETURN) not in APPLICATION.moves:
            raise Conflict(f"申请 {side.application.id} 已经审核通过，不能退回；请以用户变更申请单办理停用。")


def _settle(
    services: Services,
    uow: UnitOfWork,
    actor: Actor,
    case: ConflictCase,
    both: tuple[Shown, Shown],
    *,
    decision: ConflictDecision,
) -> ConflictCase:
    settled = uow.conflicts.change(
        case,
        status=CONFLICT.after(case.status, decision.event),
        decided_by=actor.login,
        decided_at=services.clock(),
        reason=decision.reason,
    )
    detail = {"decision": decision.event.value, "reason": decision.reason}
    uow.audit.append(actor, Tag.CONFLICT_DECIDED, case.id, unit=case.at_unit, detail=detail)
    back = [side for side, returned in zip(both, DECISIONS[decision.event], strict=True) if returned]
    record(services, uow, actor, [_return(services, uow, actor, case, side, reason=decision.reason) for side in back])
    lapse(services, uow, actor, [side.application.id for side in back])
    return settled


def _return(services: Services, uow: UnitOfWork, actor: Actor, case: ConflictCase, side: Shown, *, reason: str) -> Act:
    own = side.application
    status = APPLICATION.after(own.status, ApplicationEvent.RETURN)
    uow.applications.change(own, guard=("at_unit", "scan_sha256"), status=status, at_unit=own.unit_code, reason=reason)
    detail = {"reason": reason, "case": case.id, "sha256": side.sha256()}
    uow.audit.append(actor, Tag.APPLICATION_RETURNED, own.id, unit=own.unit_code, detail=detail)
    letter = notices.application_returned(own.contact.email, side.path[-1][1])
    notify(services, uow, letter, unit=own.unit_code)
    return Act(own.id, ApplicationEvent.RETURN, own.at_unit, own.unit_code, reason, side.sha256())
