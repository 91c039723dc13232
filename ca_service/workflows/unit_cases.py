"""A unit is renamed, merged, closed, moved or reopened by two people: one proposes, another one confirms.

1. preview: the plan with everything it touches, and its version
2. propose (CA administrator): the version that was seen, and the ground
3. confirm (security administrator): the version that was seen now; the plan is made again in the transaction that
   carries it out, and a version that is no longer right is refused
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, DomainError, Invalid
from ca_service.domain.roles import Action, Actor, authorise, refuse_self_review
from ca_service.domain.unit_cases import (
    UNIT_CASE,
    Order,
    Plan,
    UnitCase,
    UnitCaseEvent,
    UnitCaseStatus,
    UnitStep,
)
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.unit_plan import make_plan
from ca_service.workflows.unit_steps import Run, carry_out
from ca_service.workflows.units import require_ground


def preview(services: Services, actor: Actor, order: Order) -> Plan:
    """What the order would touch now; nothing is stored. Raises Invalid, Conflict, NotFound, Forbidden."""
    with services.read() as uow:
        authorise(actor, Action.UNITS_PROPOSE, lineage=uow.units.lineage(order.unit_code))
        return make_plan(uow, order)


def propose(services: Services, actor: Actor, order: Order, *, seen: str, ground: str) -> UnitCase:
    """Put an order before the security administrator. `seen` is the version of the plan that was shown."""
    ground = require_ground(ground)
    with services.begin() as uow:
        authorise(actor, Action.UNITS_PROPOSE, lineage=uow.units.lineage(order.unit_code))
        _hold(uow, order)
        plan = _same_plan(uow, order, seen)
        _refuse_second_case(uow, order)
        case = UnitCase(
            **asdict(order),
            id=services.new_id("U"),
            ground=ground,
            plan_sha256=plan.sha256(),
            status=UnitCaseStatus.PROPOSED,
            proposed_by=actor.login,
            proposed_at=services.clock(),
        )
        uow.unit_cases.add(case)
        detail = {"act": order.act.value, "target": order.target_code, "ground": ground}
        uow.audit.append(actor, Tag.UNIT_CASE_PROPOSED, case.id, unit=order.unit_code, detail=detail)
    return case


def confirm(services: Services, actor: Actor, case_id: str, *, seen: str) -> UnitCase:
    """Carry the case out, if the plan is still the one that was shown to this actor. One transaction."""
    with services.begin() as uow:
        case = uow.unit_cases.get(case_id)
        authorise(actor, Action.UNITS_CONFIRM, lineage=uow.units.lineage(case.unit_code))
        refuse_self_review(actor, entered_by=case.proposed_by)
        _hold(uow, case.order)
        # Somebody may have carried it out while this waited for the units.
        case = uow.unit_cases.get(case_id)
        status = _after(case, UnitCaseEvent.CARRY_OUT)
        plan = _same_plan(uow, case.order, seen)
        now = services.clock()
        counts = {effect.value: number for effect, number in plan.counts.items()}
        done = uow.unit_cases.change(case, status=status, decided_by=actor.login, decided_at=now, counts=counts)
        uow.unit_steps.add_all(UnitStep(case.id, seq, **asdict(step)) for seq, step in enumerate(plan.steps, 1))
        carry_out(Run(services, uow, actor, case, plan, now))
    return done


def refuse(services: Services, actor: Actor, case_id: str, *, reason: str) -> UnitCase:
    """The second administrator does not agree; nothing was changed. Invalid without a reason."""
    if not reason.strip():
        raise Invalid("不同意时必须填写原因。")
    return _end(services, actor, case_id, UnitCaseEvent.REFUSE, reason=reason.strip()[:300])


def withdraw(services: Services, actor: Actor, case_id: str) -> UnitCase:
    """Take a proposed case back; any CA administrator may."""
    return _end(services, actor, case_id, UnitCaseEvent.WITHDRAW, reason="")


def _end(services: Services, actor: Actor, case_id: str, event: UnitCaseEvent, *, reason: str) -> UnitCase:
    refused = event is UnitCaseEvent.REFUSE
    with services.begin() as uow:
        case = uow.unit_cases.get(case_id)
        action = Action.UNITS_CONFIRM if refused else Action.UNITS_PROPOSE
        authorise(actor, action, lineage=uow.units.lineage(case.unit_code))
        status = _after(case, event)
        changed = uow.unit_cases.change(
            case, status=status, decided_by=actor.login, decided_at=services.clock(), decision_reason=reason
        )
        tag = Tag.UNIT_CASE_REFUSED if refused else Tag.UNIT_CASE_WITHDRAWN
        uow.audit.append(actor, tag, case.id, unit=case.unit_code, detail={"reason": reason})
    return changed


def _after(case: UnitCase, event: UnitCaseEvent) -> UnitCaseStatus:
    if case.status is not UnitCaseStatus.PROPOSED:
        raise Conflict("这件单位变更已经办结，请刷新后查看结果。")
    return UNIT_CASE.after(case.status, event)


def _hold(uow: UnitOfWork, order: Order) -> None:
    """From here to the end of the transaction nobody adds anything to the units of the order, or ends one above."""
    own = [code for code in (order.unit_code, order.target_code) if code]
    above = {unit.parent_code for unit in uow.units.find(code=own) if unit.parent_code}
    uow.units.hold({*own, *above})


def _same_plan(uow: UnitOfWork, order: Order, seen: str) -> Plan:
    """The plan as things stand; raise Conflict when it is not the one that was seen."""
    plan = make_plan(uow, order)
    if plan.obstacles:
        raise Conflict(f"目前不能办理：{plan.obstacles[0]}")
    if plan.sha256() != seen:
        raise Conflict("预览之后情况已有变化（人员、证书、介质、申请或单位），未作任何更改。请重新预览后再办理。")
    return plan


def _refuse_second_case(uow: UnitOfWork, order: Order) -> None:
    concerned = [code for code in (order.unit_code, order.target_code) if code]
    waiting = UnitCaseStatus.PROPOSED
    about = uow.unit_cases.find(status=waiting, unit_code=concerned, limit=1)
    found = about or uow.unit_cases.find(status=waiting, target_code=concerned, limit=1)
    if found:
        raise Conflict(f"单位变更 {found[0].id} 也涉及这些单位，尚未办结。请先办结或撤回它。")


@dataclass(frozen=True)
class CaseView:
    """A case with what it touches: of an open case the plan as it stands now, or why there is none; of a carried-out
    one the steps that were taken. `changed` tells that the plan is not the one that was proposed.
    """

    case: UnitCase
    plan: Plan | None
    why_not: str
    changed: bool
    steps: Listing[UnitStep]


def view_case(services: Services, actor: Actor, case_id: str, window: Window = ALL) -> CaseView:
    """One case; raise NotFound, Forbidden."""
    with services.read() as uow:
        case = uow.unit_cases.get(case_id)
        lineage = uow.units.lineage(case.unit_code)
        authorise(actor, Action.UNITS_READ, lineage=lineage)
        if case.status is not UnitCaseStatus.PROPOSED:
            steps = listing(uow.unit_steps, window, order="seq", within=lineage[-1], case_id=case.id)
            return CaseView(case, None, "", changed=False, steps=steps)
        try:
            plan = make_plan(uow, case.order)
        except DomainError as error:
            return CaseView(case, None, error.detail, changed=True, steps=Listing([], 0))
        return CaseView(case, plan, "", plan.sha256() != case.plan_sha256, steps_of(plan, window))


def steps_of(plan: Plan, window: Window) -> Listing[UnitStep]:
    """Some steps of a plan, numbered as they will be kept."""
    last = None if window.limit is None else window.offset + window.limit
    shown = [
        UnitStep("", seq, **asdict(step))
        for seq, step in enumerate(plan.steps[window.offset : last], window.offset + 1)
    ]
    return Listing(shown, len(plan.steps))


def list_cases(
    services: Services, actor: Actor, window: Window = ALL, *, statuses: Sequence[UnitCaseStatus] = ()
) -> Listing[UnitCase]:
    """The cases about units of the actor's subtree, newest first."""
    with services.read() as uow:
        authorise(actor, Action.UNITS_READ, lineage=uow.units.lineage(actor.unit_code))
        wanted = {"status": list(statuses or UnitCaseStatus)}
        return listing(uow.unit_cases, window, order="-proposed_at", within=actor.unit_code, **wanted)
