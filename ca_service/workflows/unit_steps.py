"""Carrying out a plan about a unit, step by step, inside one transaction: exactly what was shown, or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ca_service.domain.applications import APPLICATION, ApplicationEvent
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CertificateEvent, RevocationReason
from ca_service.domain.changes import AccountEvent, AccountEventKind
from ca_service.domain.holders import HolderStatus
from ca_service.domain.media import Arrival, MediumEvent, Parcel, ParcelItem, ParcelStatus
from ca_service.domain.roles import Actor
from ca_service.domain.unit_cases import Effect, Plan, Step, UnitAct, UnitCase, UnitEventKind, differences
from ca_service.domain.units import placed_below
from ca_service.workflows.certificate_status import apply
from ca_service.workflows.custody import move
from ca_service.workflows.outdated import mark
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.units import record

_KINDS: Mapping[UnitAct, UnitEventKind] = {
    UnitAct.RENAME: UnitEventKind.RENAMED,
    UnitAct.MERGE: UnitEventKind.MERGED,
    UnitAct.CLOSE: UnitEventKind.CLOSED,
    UnitAct.MOVE: UnitEventKind.MOVED,
    UnitAct.REOPEN: UnitEventKind.REOPENED,
}


@dataclass(frozen=True)
class Run:
    """One carrying-out: who confirmed which case, with which plan, at what time."""

    services: Services
    uow: UnitOfWork
    actor: Actor
    case: UnitCase
    plan: Plan
    at: datetime

    def audit(self, tag: Tag, subject: str, *, unit: str = "", **detail: str | int) -> None:
        """One entry, for the unit of the case unless another is named; every one names the case."""
        self.uow.audit.append(
            self.actor, tag, subject, unit=unit or self.case.unit_code, detail={"case": self.case.id, **detail}
        )


def carry_out(run: Run) -> None:
    """Take every step of the plan; raise Conflict where something is no longer as the plan says."""
    shipped = [step for step in run.plan.steps if step.effect is Effect.TOKEN_SHIPPED]
    if shipped:
        _ship(run, shipped)
    for step in run.plan.steps:
        handler = _HANDLERS.get(step.effect)
        if handler is not None:
            handler(run, step)


def _unit(run: Run, step: Step) -> None:
    before, after = run.plan.before, run.plan.after
    changed = {name: getattr(after, name) for name in differences(before, after)[1]}
    closed_at = None if after.is_open else run.at
    guard = ("name", "kind", "parent_code", "area_code")
    run.uow.units.change(before, guard=guard, **changed, closed_at=closed_at)
    _note(run, _KINDS[run.case.act], before.code)
    if run.case.act is UnitAct.MERGE:
        survivor = run.uow.units.get(step.to)
        record(
            run.uow, run.actor, UnitEventKind.ABSORBED, (survivor, survivor), at=run.at,
            ground=f"{before.name}（{before.code}）并入。{run.case.ground}", proposed_by=run.case.proposed_by,
            case_id=run.case.id,
        )  # fmt: skip


def _note(run: Run, kind: UnitEventKind, code: str) -> None:
    states = (run.plan.before, run.plan.after)
    case = run.case
    record(
        run.uow, run.actor, kind, states, at=run.at, ground=case.ground, proposed_by=case.proposed_by, case_id=case.id
    )
    run.audit(Tag.UNIT_CASE_DONE, case.id, unit=code, act=case.act.value, ground=case.ground)


def _child(run: Run, step: Step) -> None:
    child, survivor = run.uow.units.get(step.subject), run.uow.units.get(step.to)
    after = placed_below(child, survivor)
    changed = {name: getattr(after, name) for name in differences(child, after)[1]}
    run.uow.units.change(child, guard=("kind", "parent_code", "area_code"), **changed)
    record(
        run.uow, run.actor, UnitEventKind.MOVED, (child, after), at=run.at, ground=run.case.ground,
        proposed_by=run.case.proposed_by, case_id=run.case.id,
    )  # fmt: skip
    run.audit(Tag.UNIT_MOVED, child.code, unit=child.code, to=survivor.code)


def _holder_moved(run: Run, step: Step) -> None:
    holder = run.uow.holders.get(step.subject)
    run.uow.holders.change(holder, guard=("unit_code",), unit_code=step.to)
    run.uow.add_account_event(
        AccountEvent(
            0, AccountEventKind.UNIT_CHANGE, holder.id, step.to, run.at, run.case.id, from_unit=holder.unit_code
        ),
    )
    run.audit(Tag.HOLDER_MOVED, holder.id, unit=holder.unit_code, to=step.to)


def _holder_stopped(run: Run, step: Step) -> None:
    holder = run.uow.holders.get(step.subject)
    run.uow.holders.change(holder, status=HolderStatus.STOPPED)
    run.uow.add_account_event(
        AccountEvent(0, AccountEventKind.STOP, holder.id, holder.unit_code, run.at, run.case.id),
    )
    run.audit(Tag.HOLDER_STOPPED, holder.id, unit=holder.unit_code)


def _certificate_outdated(run: Run, step: Step) -> None:
    certificate = run.uow.certificates.get(step.subject)
    unit = step.to or certificate.unit_code
    mark(run.services, run.uow, run.actor, certificate, unit=unit, ground=run.case.id)


def _certificate_revoked(run: Run, step: Step) -> None:
    certificate = run.uow.certificates.get(step.subject)
    apply(
        run.uow, run.actor, certificate, CertificateEvent.REVOKE, at=run.at, reason=f"unit case {run.case.id}",
        crl_reason=RevocationReason.CESSATION_OF_OPERATION, ground=run.case.id,
    )  # fmt: skip


def _token_follows(run: Run, step: Step) -> None:
    medium = run.uow.media.get(step.subject)
    run.uow.media.change(medium, guard=("at_unit",), at_unit=step.to)


def _ship(run: Run, steps: list[Step]) -> None:
    """The unit's stock goes on as a parcel that the heir's custodian has to sign for, like any other."""
    parcel = Parcel(
        id=run.services.new_id("P"),
        from_unit=run.case.unit_code,
        to_unit=steps[0].to,
        courier_number="",
        status=ParcelStatus.SENT,
        sent_by=run.actor.login,
        sent_at=run.at,
    )
    run.uow.parcels.add(parcel)
    for step in steps:
        medium = run.uow.media.get(step.subject)
        move(run.services, run.uow, run.actor, medium, MediumEvent.DISPATCH, parcel_id=parcel.id)
    run.uow.parcel_items.add_all(ParcelItem(parcel.id, step.subject, Arrival.UNDERWAY) for step in steps)
    run.audit(Tag.MEDIUM_DISPATCHED, parcel.id, to=parcel.to_unit, tokens=len(steps))


def _parcel_redirected(run: Run, step: Step) -> None:
    parcel = run.uow.parcels.get(step.subject)
    run.uow.parcels.change(parcel, guard=("to_unit",), to_unit=step.to)
    run.audit(Tag.PARCEL_REDIRECTED, parcel.id, to=step.to)


def _application_rerouted(run: Run, step: Step) -> None:
    application = run.uow.applications.get(step.subject)
    run.uow.applications.change(application, guard=("at_unit",), at_unit=step.to)
    run.audit(Tag.APPLICATION_REROUTED, application.id, unit=application.unit_code, to=step.to)


def _application_returned(run: Run, step: Step) -> None:
    application = run.uow.applications.get(step.subject)
    target = run.case.target_code
    reason = f"单位已并入 {target}，请按该单位重新填报。" if target else "单位已撤销，申请退回。"
    status = APPLICATION.after(application.status, ApplicationEvent.RETURN)
    run.uow.applications.change(application, status=status, at_unit=step.to, reason=reason)
    run.audit(Tag.APPLICATION_RETURNED, application.id, unit=application.unit_code, reason=reason)


def _staff_disabled(run: Run, step: Step) -> None:
    staff = run.uow.staff.get(step.subject)
    run.uow.staff.change(staff, active=False)
    run.audit(Tag.STAFF_DISABLED, staff.login, unit=staff.unit_code)


def _person_ended(run: Run, step: Step) -> None:
    person = run.uow.responsible.get(step.subject)
    run.uow.responsible.change(person, guard=("ended_at",), ended_by=run.actor.login, ended_at=run.at)


# TOKEN_DUE is for people to do, TOKEN_SHIPPED is done for all of them together.
_HANDLERS: Mapping[Effect, Callable[[Run, Step], None]] = {
    Effect.UNIT: _unit,
    Effect.CHILD: _child,
    Effect.HOLDER_MOVED: _holder_moved,
    Effect.HOLDER_STOPPED: _holder_stopped,
    Effect.CERTIFICATE_OUTDATED: _certificate_outdated,
    Effect.CERTIFICATE_REVOKED: _certificate_revoked,
    Effect.TOKEN_FOLLOWS: _token_follows,
    Effect.PARCEL_REDIRECTED: _parcel_redirected,
    Effect.APPLICATION_REROUTED: _application_rerouted,
    Effect.APPLICATION_RETURNED: _application_returned,
    Effect.STAFF_DISABLED: _staff_disabled,
    Effect.PERSON_ENDED: _person_ended,
}
