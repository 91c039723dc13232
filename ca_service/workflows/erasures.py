"""Records past their time are erased by two people: see `domain/erasures`.

1. Propose (a reviewer at the centre): whose, on what ground, what was seen. Refused before the time, with the date.
2. Confirm (security administrator): what was seen now. The plan is made again in the transaction that carries it out,
   while the persons' units are held; other than what was proposed, nothing is erased.

One transaction erases the rows, keeps what was erased with the hash of that in the audit log, and queues what lies
outside the rows. A death before its commit leaves everything as it was; after it the worker does what is queued
(`erasure_chores`), however often it is broken off. Nothing outside the database is touched before the commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ca_service.domain.applications import APPLICATION, ApplicationEvent, ApplicationStatus
from ca_service.domain.audit import Tag
from ca_service.domain.erasures import (
    ERASURE,
    MOST_PEOPLE,
    Chore,
    ChoreKind,
    Erasure,
    ErasureEvent,
    ErasureLine,
    ErasurePlan,
    ErasureStatus,
    PersonPlan,
    facts_sha256,
)
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.roles import Action, Actor, authorise, refuse_self_review
from ca_service.workflows.erasure_plan import plan_erasure, refuse_second_case
from ca_service.workflows.holders import past_retention
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Services, UnitOfWork


def preview(services: Services, actor: Actor, holder_ids: Sequence[str]) -> ErasurePlan:
    """What erasing these persons would mean now; nothing is stored. Raises NotFound, Invalid, Forbidden."""
    with services.read() as uow:
        authorise(actor, Action.ERASURE_PROPOSE, lineage=uow.units.lineage(actor.unit_code))
        return plan_erasure(services, uow, _named(uow, holder_ids))


def all_due(services: Services, actor: Actor) -> Sequence[str]:
    """Whose records are past their time and hindered by nothing, the longest first, as many as one case can have."""
    with services.read() as uow:
        authorise(actor, Action.ERASURE_PROPOSE, lineage=uow.units.lineage(actor.unit_code))
        kept = past_retention(uow, services.clock())
        chosen: list[str] = []
        for start in range(0, len(kept), MOST_PEOPLE):
            some = [one.holder for one in kept[start : start + MOST_PEOPLE] if one.holder.id not in chosen]
            chosen += [key for person in plan_erasure(services, uow, some).people for key in _free(uow, person)]
            if len(chosen) >= MOST_PEOPLE:
                break
    return chosen[:MOST_PEOPLE]


def _free(uow: UnitOfWork, person: PersonPlan) -> Sequence[str]:
    """The identifiers of a person whom nothing hinders."""
    alone = ErasurePlan([person])
    hindered = person.hindrances or list(refuse_second_case(uow, alone))
    return () if hindered else alone.holders


def propose(services: Services, actor: Actor, holder_ids: Sequence[str], *, ground: str, seen: str = "") -> Erasure:
    """Put the erasure of these persons before the security administrator; nothing is erased yet.

    `seen`: the hash of the plan as a page showed it (empty: a command). Raises Invalid, Conflict, NotFound, Forbidden.
    """
    with services.begin() as uow:
        authorise(actor, Action.ERASURE_PROPOSE, lineage=uow.units.lineage(actor.unit_code))
        ground = _required(ground, "请填写清除的依据，例如年度档案鉴定意见的文号。")
        plan = plan_erasure(services, uow, _named(uow, holder_ids))
        _refuse_hindered(plan)
        _refuse_names(uow, plan.holders, ground)
        if seen and seen != plan.sha256():
            raise Conflict("预览之后此人的档案已有变化，未作任何更改。请重新查看后再提出。")
        for hindrance in refuse_second_case(uow, plan):
            raise Conflict(hindrance.text)
        case = Erasure(
            services.new_id("E"), ErasureStatus.PROPOSED, ground, plan.sha256(), actor.login, services.clock()
        )
        uow.erasing.cases.add(case)
        holders = uow.holders.find(id=list(plan.holders))
        uow.erasing.lines.add_all(ErasureLine(case.id, holder.id, holder.unit_code) for holder in holders)
        detail: dict[str, str | int] = {"persons": len(plan.people), "seen": case.seen[:16], "ground": ground}
        uow.audit.append(actor, Tag.ERASURE_PROPOSED, case.id, unit=actor.unit_code, detail=detail)
    return case


def confirm(services: Services, actor: Actor, case_id: str, *, seen: str) -> Erasure:
    """Erase for good, if what goes is still what was proposed and what this actor saw. One transaction."""
    with services.begin() as uow:
        authorise(actor, Action.ERASURE_CONFIRM, lineage=uow.units.lineage(actor.unit_code))
        case = uow.erasing.cases.get(case_id)
        refuse_self_review(actor, entered_by=case.proposed_by)
        status, holders = _after(case, ErasureEvent.CONFIRM), _holders(uow, case)
        # Whoever enters something about a person holds the person's unit: it waits, and finds an erased one.
        uow.units.hold({holder.unit_code for holder in holders})
        plan = plan_erasure(services, uow, _holders(uow, case))
        _refuse_hindered(plan)
        if seen != plan.sha256() or seen != case.seen:
            raise Conflict("提出之后此人的档案已有变化，未作任何更改。请不同意或撤回此件，重新提出。")
        now = services.clock()
        done = uow.erasing.cases.change(case, status=status, decided_by=actor.login, decided_at=now)
        carry_out(services, uow, actor, done, plan)
    return done


def carry_out(services: Services, uow: UnitOfWork, actor: Actor, case: Erasure, plan: ErasurePlan) -> None:
    """Erase all persons of a plan, in the running transaction, on a case that has its lines."""
    now = services.clock()
    queue = _Queue(uow, case.id, now)
    for person in plan.people:
        _erase(services, uow, actor, case, person)
        queue.add(person)
    uow.erasing.chores.add_all(queue.chores())
    detail: dict[str, str | int] = {"persons": len(plan.people), "proposed_by": case.proposed_by}
    uow.audit.append(actor, Tag.ERASURE_DONE, case.id, unit=actor.unit_code, detail=detail)


def _erase(services: Services, uow: UnitOfWork, actor: Actor, case: Erasure, person: PersonPlan) -> None:
    """One person: the rows, what is kept of it, the entry in the log."""
    _withdraw(uow, person)
    for holder in uow.holders.find(id=person.traces.holders):
        uow.holders.change(holder, status=HolderStatus.ERASED)
    rows = uow.erasing.rows.erase(person.traces)
    facts: dict[str, Any] = {
        **person.traces.named(),
        "documents": [services.keyed_hash(f"document/{name}") for name in person.documents],
        "rows": dict(rows),
        "remains": [dict(one.told()) for one in person.remainders],
    }
    sha256, now = facts_sha256(facts), services.clock()
    for line in uow.erasing.lines.find(erasure_id=case.id, holder_id=person.traces.holders):
        uow.erasing.lines.change(line, erased_at=now, facts=facts, sha256=sha256)
        detail: dict[str, str | int] = {
            "case": case.id, "rows": sum(rows.values()), "documents": len(person.documents), "record": sha256,
        }  # fmt: skip
        uow.audit.append(actor, Tag.HOLDER_ERASED, line.holder_id, unit=line.unit_code, detail=detail)


def _withdraw(uow: UnitOfWork, person: PersonPlan) -> None:
    """What was returned and never mended must not be sent in again without its content."""
    for application in uow.applications.find(id=person.traces.applications, status=ApplicationStatus.RETURNED):
        status = APPLICATION.after(application.status, ApplicationEvent.WITHDRAW)
        uow.applications.change(application, status=status)


class _Queue:
    """What has to go outside the rows, each thing once."""

    def __init__(self, uow: UnitOfWork, case_id: str, now: datetime) -> None:
        self._case, self._now = case_id, now
        self._waiting = {(chore.kind, chore.name) for chore in uow.erasing.chores.find()}
        self._wanted: dict[tuple[ChoreKind, str], None] = {}

    def add(self, person: PersonPlan) -> None:
        """The documents of a person and the files of messages, as the file courier names them."""
        self._wanted |= dict.fromkeys((ChoreKind.DOCUMENT, name) for name in person.documents)
        self._wanted |= dict.fromkeys((ChoreKind.MESSAGE_FILE, name) for name in person.traces.messages)

    def chores(self) -> list[Chore]:
        """New ones; what is queued already stays queued."""
        wanted = [*self._wanted, (ChoreKind.COMPACT, self._case)]
        return [Chore(kind, name, self._case, self._now) for kind, name in wanted if (kind, name) not in self._waiting]


def refuse(services: Services, actor: Actor, case_id: str, *, reason: str) -> Erasure:
    """Nothing was erased and nothing will be by this case; Invalid without a reason."""
    reason = _required(reason, "不同意时必须填写原因。")
    return _end(services, actor, case_id, ErasureEvent.REFUSE, reason=reason)


def withdraw(services: Services, actor: Actor, case_id: str) -> Erasure:
    """Take a proposed case back; any reviewer at the centre may."""
    return _end(services, actor, case_id, ErasureEvent.WITHDRAW, reason="")


def _end(services: Services, actor: Actor, case_id: str, event: ErasureEvent, *, reason: str) -> Erasure:
    refused = event is ErasureEvent.REFUSE
    with services.begin() as uow:
        action = Action.ERASURE_CONFIRM if refused else Action.ERASURE_PROPOSE
        authorise(actor, action, lineage=uow.units.lineage(actor.unit_code))
        case = uow.erasing.cases.get(case_id)
        _refuse_names(uow, [holder.id for holder in _holders(uow, case)], reason)
        now = services.clock()
        changed = uow.erasing.cases.change(
            case, status=_after(case, event), decided_by=actor.login, decided_at=now, decision_reason=reason
        )
        tag = Tag.ERASURE_REFUSED if refused else Tag.ERASURE_WITHDRAWN
        uow.audit.append(actor, tag, case.id, unit=actor.unit_code, detail={"reason": reason} if reason else {})
    return changed


@dataclass(frozen=True)
class ErasureView:
    """A case with its lines. Of an open one the plan as things stand; `changed`: it is not what was proposed."""

    case: Erasure
    lines: Sequence[ErasureLine]
    plan: ErasurePlan | None
    changed: bool = False


def view(services: Services, actor: Actor, case_id: str) -> ErasureView:
    """One case; raise NotFound, Forbidden."""
    with services.read() as uow:
        authorise(actor, Action.ERASURE_READ, lineage=uow.units.lineage(actor.unit_code))
        case = uow.erasing.cases.get(case_id)
        lines = uow.erasing.lines.find(erasure_id=case.id)
        if case.status is not ErasureStatus.PROPOSED:
            return ErasureView(case, lines, None)
        plan = plan_erasure(services, uow, _holders(uow, case))
        return ErasureView(case, lines, plan, plan.sha256() != case.seen)


def list_erasures(services: Services, actor: Actor, window: Window = ALL) -> Listing[Erasure]:
    """All cases of the whole tree, the latest proposed first; raise Forbidden."""
    with services.read() as uow:
        lineage = uow.units.lineage(actor.unit_code)
        authorise(actor, Action.ERASURE_READ, lineage=lineage)
        return listing(uow.erasing.cases, window, order="-proposed_at", within=lineage[-1])


def _after(case: Erasure, event: ErasureEvent) -> ErasureStatus:
    if case.status is not ErasureStatus.PROPOSED:
        raise Conflict("这件档案清除已经办结，请刷新后查看结果。")
    return ERASURE.after(case.status, event)


def _named(uow: UnitOfWork, holder_ids: Sequence[str]) -> list[Holder]:
    wanted = list(dict.fromkeys(name.strip() for name in holder_ids if name.strip()))
    if not wanted:
        raise Invalid("请选择要清除档案的人员（持证人编号）。")
    if len(wanted) > MOST_PEOPLE:
        raise Invalid(f"一次最多清除 {MOST_PEOPLE} 人的档案，现有 {len(wanted)} 人。请分几件提出。")
    return [uow.holders.get(name) for name in wanted]


def _holders(uow: UnitOfWork, case: Erasure) -> list[Holder]:
    ids = [line.holder_id for line in uow.erasing.lines.find(erasure_id=case.id)]
    return list(uow.holders.find(id=ids))


def _refuse_hindered(plan: ErasurePlan) -> None:
    if plan.hindrances:
        raise Conflict(f"现在不能清除：{plan.hindrances[0].text}")


def _refuse_names(uow: UnitOfWork, holder_ids: Sequence[str], text: str) -> None:
    """What is said of a case is kept when its persons are erased."""
    if any(len(holder.name) > 1 and holder.name in text for holder in uow.holders.find(id=list(holder_ids))):
        raise Invalid("依据和原因会长期保存，不能写要清除的人员的姓名。请改用文号或持证人编号。")


def _required(text: str, what: str) -> str:
    if not text.strip():
        raise Invalid(what)
    return text.strip()[:300]
