"""Review up the tree: forward, return with a reason, approve at the centre (统一审核); submit again.

One act takes many applications, all of them or none. What each reviewer may do is checked for every application before
the first is written; each write is one guarded UPDATE, so of two reviewers at once one succeeds and the other is told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ca_service.domain import notices
from ca_service.domain.applications import APPLICATION, Application, ApplicationEvent, Shown, path_text
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, DomainError, Invalid
from ca_service.domain.persons import UserType
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
from ca_service.workflows.conflicts import lapse, open_conflicts, undecided
from ca_service.workflows.messages import notify
from ca_service.workflows.open_units import require_open
from ca_service.workflows.places import is_taken
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.refused_acts import Refusal, refused
from ca_service.workflows.review_queue import queue
from ca_service.workflows.shown import refuse_other_content, shown
from ca_service.workflows.steps import Act, record, resubmitters
from ca_service.workflows.succession import pair

__all__ = ["Verdict", "approve", "decide", "forward", "give_back", "queue", "resubmit"]

_E = ApplicationEvent
_LONGEST = 500
_TAGS = {
    _E.FORWARD: Tag.APPLICATION_FORWARDED,
    _E.RETURN: Tag.APPLICATION_RETURNED,
    _E.APPROVE: Tag.APPLICATION_APPROVED,
}


@dataclass(frozen=True)
class Verdict:
    """What a reviewer says of one application: forward, approve, or return for a reason.

    `seen_sha256` is the hash of what the page showed; None for a command, which takes what lies there now.
    """

    application_id: str
    event: ApplicationEvent
    reason: str = ""
    seen_sha256: str | None = None


@dataclass(frozen=True)
class _Case:
    """An application with everything that its verdict is judged by."""

    verdict: Verdict
    shown: Shown
    path: Sequence[str]
    lineage: Sequence[str]
    entered_by: frozenset[str]
    conflicts: Sequence[str]

    @property
    def application(self) -> Application:
        """As it lies in the store now, not as the reviewer last saw it."""
        return self.shown.application

    @property
    def place(self) -> str:
        """The unit that has to act: that of the row, or the nearest one above it that is still on the way."""
        return place_on(self.path, self.application.at_unit)


def forward(services: Services, actor: Actor, ids: Sequence[str]) -> Sequence[Application]:
    """Send applications that lie at the actor's unit one unit higher."""
    return decide(services, actor, [Verdict(own, _E.FORWARD) for own in ids])


def approve(services: Services, actor: Actor, ids: Sequence[str]) -> Sequence[Application]:
    """Approve at the centre; the push is due."""
    return decide(services, actor, [Verdict(own, _E.APPROVE) for own in ids])


def give_back(services: Services, actor: Actor, ids: Sequence[str], *, reason: str) -> Sequence[Application]:
    """Return applications to those who sent them; the reason is shown there."""
    return decide(services, actor, [Verdict(own, _E.RETURN, reason) for own in ids])


def decide(services: Services, actor: Actor, verdicts: Sequence[Verdict]) -> Sequence[Application]:
    """Carry out all verdicts, in the order given, or none; an approval keeps the hash of exactly what was shown.

    Raises Forbidden (recorded), Conflict, Invalid; with several objections the message names each application.
    """
    if len({verdict.application_id for verdict in verdicts}) != len(verdicts) or not verdicts:
        raise Invalid("请选择要办理的申请，每份只能选一次。")
    _open_what_is_missing(services, actor, verdicts)
    with services.begin() as uow:
        name = _name_of(uow, actor)
        cases = _cases(uow, verdicts)
        refusals = _refusals(cases, lambda case: _judge(actor, name, case))
        if not refusals:
            return _carry_out(services, uow, actor, cases)
    raise refused(services, actor, "registration.review", refusals)


def _open_what_is_missing(services: Services, actor: Actor, verdicts: Sequence[Verdict]) -> None:
    """In a transaction of its own: an approval that a new conflict refuses must not take the conflict back with it."""
    with services.begin() as uow:
        wanted = [verdict.application_id for verdict in verdicts if verdict.event is _E.APPROVE]
        open_conflicts(services, uow, actor, uow.applications.find(id=wanted))


def _name_of(uow: UnitOfWork, actor: Actor) -> str:
    return next((staff.name for staff in uow.staff.find(login=actor.login)), "")


def _found(uow: UnitOfWork, ids: Sequence[str]) -> Sequence[Application]:
    by_id = {application.id: application for application in uow.applications.find(id=list(ids))}
    if len(by_id) != len(set(ids)):
        raise Invalid("所列申请中有不存在的编号，未作任何更改。")
    return [by_id[own] for own in ids]


def _cases(uow: UnitOfWork, verdicts: Sequence[Verdict]) -> Sequence[_Case]:
    applications = _found(uow, [verdict.application_id for verdict in verdicts])
    ids = [application.id for application in applications]
    lineages = uow.units.lineages({application.unit_code for application in applications})
    seen, again, open_cases = shown(uow, applications), resubmitters(uow, ids), undecided(uow, ids)
    return [
        _Case(
            verdict,
            seen[application.id],
            path_above(lineages[application.unit_code]),
            lineages[application.unit_code],
            again.get(application.id, frozenset()) | {application.entered_by},
            open_cases.get(application.id, ()),
        )
        for verdict, application in zip(verdicts, applications, strict=True)
    ]


def _refusals(cases: Sequence[_Case], judge: Callable[[_Case], None]) -> Sequence[Refusal]:
    found = []
    for case in cases:
        try:
            judge(case)
        except DomainError as error:
            found.append(Refusal(case.application.id, case.application.unit_code, error))
    return found


def _judge(actor: Actor, name: str, case: _Case) -> None:
    application, verdict = case.application, case.verdict
    authorise(actor, Action.REGISTRATION_REVIEW, lineage=case.lineage)
    APPLICATION.after(application.status, verdict.event)
    require_place(actor, case.path, case.place)
    refuse_partial_reviewer(actor, name, Concerned(case.entered_by, application.unit_code, application.name))
    if verdict.event is _E.FORWARD:
        next_above(case.path, case.place)
    if verdict.event is _E.RETURN and not verdict.reason.strip():
        raise Invalid("退回时必须填写原因。")
    if len(verdict.reason) > _LONGEST:
        raise Invalid(f"退回原因不超过 {_LONGEST} 个字。")
    if verdict.event is _E.APPROVE:
        _judge_approval(case)
    refuse_other_content(case.shown.sha256(), verdict.seen_sha256)


def _judge_approval(case: _Case) -> None:
    if case.place != CENTRE_CODE:
        raise Conflict("申请尚未逐级上报到自治区教育信息中心，不能审核通过。")
    if case.conflicts:
        raise Conflict(f"此人有重复登记尚未处理（{'、'.join(case.conflicts)}），处理后才能审核通过。")


def _carry_out(services: Services, uow: UnitOfWork, actor: Actor, cases: Sequence[_Case]) -> Sequence[Application]:
    moved, acts = [], []
    for case in cases:
        application, verdict = case.application, case.verdict
        after = uow.applications.change(application, guard=("at_unit", "scan_sha256"), **_changed(case))
        hashed = case.shown.sha256()
        detail = {"to": after.at_unit, "sha256": hashed} | ({"reason": verdict.reason} if verdict.reason else {})
        uow.audit.append(actor, _TAGS[verdict.event], application.id, unit=application.unit_code, detail=detail)
        if verdict.event is _E.RETURN:
            letter = notices.application_returned(application.contact.email, case.shown.path[-1][1])
            notify(services, uow, letter, unit=application.unit_code)
        moved.append(after)
        acts.append(Act(application.id, verdict.event, case.place, after.at_unit, verdict.reason, hashed))
    record(services, uow, actor, acts)
    lapse(services, uow, actor, [case.application.id for case in cases if case.verdict.event is _E.RETURN])
    return moved


def _changed(case: _Case) -> dict[str, Any]:
    application, verdict = case.application, case.verdict
    status = APPLICATION.after(application.status, verdict.event)
    if verdict.event is _E.FORWARD:
        return {"status": status, "at_unit": next_above(case.path, case.place), "reason": ""}
    if verdict.event is _E.RETURN:
        return {"status": status, "at_unit": application.unit_code, "reason": verdict.reason}
    path, hashed = path_text(case.shown.path), case.shown.sha256()
    return {"status": status, "at_unit": CENTRE_CODE, "reason": "", "approved_sha256": hashed, "approved_path": path}


def resubmit(services: Services, actor: Actor, ids: Sequence[str]) -> Sequence[Application]:
    """Send returned applications up again, after what was missing has been settled; clerk's work, all or none."""
    verdicts = [Verdict(own, _E.RESUBMIT) for own in ids]
    with services.begin() as uow:
        cases = _cases(uow, verdicts)
        require_open(uow, {case.application.unit_code for case in cases})
        refusals = _refusals(cases, lambda case: _judge_resubmission(uow, actor, case.application, case.lineage))
        if not refusals:
            return _submit_again(services, uow, actor, cases)
    raise refused(services, actor, "registration.submit", refusals)


def _judge_resubmission(uow: UnitOfWork, actor: Actor, application: Application, lineage: Sequence[str]) -> None:
    authorise(actor, Action.REGISTRATION_SUBMIT, lineage=lineage)
    APPLICATION.after(application.status, _E.RESUBMIT)
    if application.user_type == UserType.INFORMATION and is_taken(
        uow, uow.units.get(application.unit_code), besides=application.id, applying=True
    ):
        raise Conflict("该单位已有一名信息管理员在办或在用，这份申请不能再提交。请先为原信息管理员办理停用或变更。")


def _submit_again(services: Services, uow: UnitOfWork, actor: Actor, cases: Sequence[_Case]) -> Sequence[Application]:
    moved, acts = [], []
    for case in cases:
        application, first = case.application, case.path[0]
        status = APPLICATION.after(application.status, _E.RESUBMIT)
        moved.append(uow.applications.change(application, status=status, at_unit=first, reason=""))
        uow.audit.append(actor, Tag.APPLICATION_RESUBMITTED, application.id, unit=application.unit_code)
        acts.append(Act(application.id, _E.RESUBMIT, application.at_unit, first, "", case.shown.sha256()))
    record(services, uow, actor, acts)
    open_conflicts(services, uow, actor, moved)
    pair(uow, actor, moved)
    return moved
