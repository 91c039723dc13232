"""A change case on its way: leagues and banners forward or return it, the centre decides.

The centre is the user-management department. It may decide a case before it has come all the way up, since a stop
cannot always wait for three offices; the step then says where the case lay.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ca_service.domain import notices
from ca_service.domain.audit import Tag
from ca_service.domain.changes import CHANGE, CertificateAct, Change, ChangeEvent, ChangeKind, acts_for
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.holders import Holder
from ca_service.domain.review import (
    Concerned,
    next_above,
    path_above,
    place_on,
    refuse_partial_reviewer,
    require_place,
)
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.approvals import approved_facts, evidence
from ca_service.workflows.change_form import LIVE_CERTIFICATE
from ca_service.workflows.messages import notify
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.refused_acts import recorded
from ca_service.workflows.shown import refuse_other_content
from ca_service.workflows.steps import Act, record, resubmitters
from ca_service.workflows.succession import abandon, open_transfer

_E = ChangeEvent
_TAGS = {
    _E.FORWARD: Tag.CHANGE_FORWARDED,
    _E.RETURN: Tag.CHANGE_RETURNED,
    _E.APPROVE: Tag.CHANGE_APPROVED,
    _E.REFUSE: Tag.CHANGE_REFUSED,
}

_CHOICES = {
    CertificateAct.FREEZE: "冻结 freeze",
    CertificateAct.REPLACE: "在原介质上换发 replace",
    CertificateAct.REVOKE: "吊销 revoke",
}


@dataclass(frozen=True)
class Decision:
    """The department's: a refusal has a reason; where a live certificate is concerned, what happens to it."""

    approve: bool
    reason: str = ""
    certificate_act: CertificateAct | None = None


def forward(services: Services, actor: Actor, change_id: str, *, seen: str | None = None) -> Change:
    """Send a case that lies at the actor's unit one unit higher. `seen`: the hash of what the page showed."""
    return _move(services, actor, change_id, _E.FORWARD, reason="", seen=seen)


def give_back(services: Services, actor: Actor, change_id: str, *, reason: str, seen: str | None = None) -> Change:
    """Return a case that lies at the actor's unit to its sender; the reason is shown there."""
    if not reason.strip():
        raise Invalid("退回时必须填写原因。")
    return _move(services, actor, change_id, _E.RETURN, reason=reason, seen=seen)


def _move(
    services: Services, actor: Actor, change_id: str, event: ChangeEvent, *, reason: str, seen: str | None
) -> Change:
    unit_of = _unit_of(change_id)
    with recorded(services, actor, "change.review", change_id, unit=unit_of), services.begin() as uow:
        change = uow.changes.get(change_id)
        lineage = uow.units.lineage(change.unit_code)
        path = path_above(lineage)
        place = place_on(path, change.at_unit)
        authorise(actor, Action.CHANGE_REVIEW, lineage=lineage)
        status = CHANGE.after(change.status, event)
        require_place(actor, path, place)
        holder = _refuse_partial(uow, actor, change)
        refuse_other_content(change.shown_sha256(), seen)
        to = next_above(path, place) if event is _E.FORWARD else change.unit_code
        moved = uow.changes.change(
            change, guard=("at_unit", "scan_sha256"), status=status, at_unit=to, decision_reason=reason
        )
        _note(services, uow, actor, moved, Act(change.id, event, place, to, reason, change.shown_sha256()))
        if event is _E.RETURN:
            letter = notices.change_returned(holder.contact.email, uow.units.get(change.unit_code).name)
            notify(services, uow, letter, unit=change.unit_code)
        return moved


def decide(services: Services, actor: Actor, change_id: str, decision: Decision, *, seen: str | None = None) -> Change:
    """Approve or refuse, at the centre; the approval keeps the hash of exactly what was shown and decided."""
    unit_of = _unit_of(change_id)
    with recorded(services, actor, "change.decide", change_id, unit=unit_of), services.begin() as uow:
        change = uow.changes.get(change_id)
        lineage = uow.units.lineage(change.unit_code)
        authorise(actor, Action.CHANGE_DECIDE, lineage=lineage)
        event = _E.APPROVE if decision.approve else _E.REFUSE
        status = CHANGE.after(change.status, event)
        holder = _refuse_partial(uow, actor, change)
        refuse_other_content(change.shown_sha256(), seen)
        _check_decision(uow, change, decision, holder)
        decided = uow.changes.change(
            change,
            guard=("at_unit", "scan_sha256"),
            status=status,
            at_unit=CENTRE_CODE,
            certificate_act=decision.certificate_act,
            decided_by=actor.login,
            decided_at=services.clock(),
            decision_reason=decision.reason,
        )
        if decision.approve:
            decided = uow.changes.change(decided, approved_sha256=decided.approval_sha256())
        place = place_on(path_above(lineage), change.at_unit)
        act = Act(change.id, event, place, CENTRE_CODE, decision.reason, change.shown_sha256())
        _note(services, uow, actor, decided, act)
        case = None if decision.approve else open_transfer(uow, change_id=change.id)
        if case is not None:
            abandon(services, uow, actor, case, reason=decision.reason)
        return decided


def _unit_of(change_id: str) -> Callable[[UnitOfWork], str]:
    return lambda uow: uow.changes.get(change_id).unit_code


def _refuse_partial(uow: UnitOfWork, actor: Actor, change: Change) -> Holder:
    holder = uow.holders.get(change.holder_id)
    name = next((staff.name for staff in uow.staff.find(login=actor.login)), "")
    entered_by = resubmitters(uow, [change.id]).get(change.id, frozenset()) | {change.submitted_by}
    refuse_partial_reviewer(actor, name, Concerned(entered_by, holder.unit_code, holder.name))
    return holder


def _note(services: Services, uow: UnitOfWork, actor: Actor, change: Change, act: Act) -> None:
    detail = {"to": act.to_unit, "sha256": act.shown_sha256, "reason": act.reason}
    if change.certificate_act:
        detail["certificate"] = change.certificate_act.value
    uow.audit.append(actor, _TAGS[ChangeEvent(act.event)], change.id, unit=change.unit_code, detail=detail)
    record(services, uow, actor, [act])


def _check_decision(uow: UnitOfWork, change: Change, decision: Decision, holder: Holder) -> None:
    if not decision.approve:
        if not decision.reason.strip():
            raise Invalid("不同意时必须填写原因。")
        return
    certified = bool(uow.certificates.find(holder_id=holder.id, status=LIVE_CERTIFICATE, limit=1))
    acts = acts_for(change.kind, change.paper, handed_over=open_transfer(uow, change_id=change.id) is not None)
    if decision.certificate_act is not None and decision.certificate_act not in acts:
        raise Invalid("这项变更不涉及对证书的这种处理。")
    if certified and acts and decision.certificate_act is None:
        choices = "、".join(_CHOICES[act] for act in sorted(acts))
        raise Invalid(f"此人持有证书：请决定对证书的处理（{choices}）。")
    refuse_outdated_paper(uow, change, holder)


def refuse_outdated_paper(uow: UnitOfWork, change: Change, holder: Holder) -> None:
    """Raise Conflict where the data before an information change are no longer those of the form."""
    if change.kind is ChangeKind.INFORMATION_CHANGE and change.paper is not None:
        approved = approved_facts(evidence(uow, [holder]), holder)
        if approved is None or {**approved} != {**change.paper.before}:
            raise Conflict("此人的信息在申请提交之后有变化，请退回或不同意，由单位按现有信息重新填写。")
