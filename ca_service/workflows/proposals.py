"""What waits for a second person: put before another administrator, refused, withdrawn, expired, listed, used up.

Confirming is in `confirm_proposal`, since it carries the act out; what is proposed about accounts in `staff_proposals`,
about keys in `key_releases`. One table and one order of steps for all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.proposals import (
    OPEN,
    WAITS,
    Proposal,
    ProposalEvent,
    ProposalKind,
    ProposalStatus,
)
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Before, Services, UnitOfWork

_LONGEST = 300
_PAGE = 100


@dataclass(frozen=True)
class Draft:
    """What is to be proposed; see `domain.proposals.Proposal`."""

    kind: ProposalKind
    subject: str
    unit_code: str
    ground: str
    content: Mapping[str, str] = field(default_factory=dict)
    secret_hash: str = ""


def put(services: Services, uow: UnitOfWork, actor: Actor, draft: Draft) -> Proposal:
    """Put a checked act before the second person, in the running transaction; raise Conflict where the same waits."""
    now = services.clock()
    for waiting in uow.proposals.find(kind=draft.kind, subject=draft.subject, status=OPEN):
        if now < waiting.expires_at:
            raise Conflict(
                f"同一事项（{draft.kind.chinese}：{draft.subject}）已由 {waiting.proposed_by} 提出（{waiting.id}），"
                "尚未办结。请先办结或撤回它。"
            )
        _expire(services, uow, actor, waiting)
    made = Proposal(
        id=services.new_id("P"),
        kind=draft.kind,
        subject=draft.subject,
        unit_code=draft.unit_code,
        ground=draft.ground.strip()[:_LONGEST],
        status=ProposalStatus.PROPOSED,
        proposed_by=actor.login,
        proposed_at=now,
        expires_at=now + WAITS,
        content=draft.content,
        secret_hash=draft.secret_hash,
    )
    uow.proposals.add(made)
    detail = {"proposal": made.kind.value, "subject": made.subject, "ground": made.ground}
    if "roles" in made.content:
        detail["roles"] = made.content["roles"]
    uow.audit.append(actor, Tag.PROPOSAL_MADE, made.id, unit=made.unit_code, detail=detail)
    return made


def refuse(services: Services, actor: Actor, proposal_id: str, *, reason: str) -> Proposal:
    """Refuse what is proposed, with a reason; whoever has the right to confirm such acts may."""
    if not reason.strip():
        raise Invalid("不同意时必须填写原因。")
    with services.begin() as uow:
        proposal = uow.proposals.get(proposal_id)
        authorise(actor, proposal.kind.confirming, lineage=uow.units.lineage(CENTRE_CODE))
        return _end(services, uow, actor, proposal, ProposalEvent.REFUSE, reason=reason.strip()[:_LONGEST])


def withdraw(services: Services, actor: Actor, proposal_id: str) -> Proposal:
    """Take back what is proposed, or a release that was not used yet; whoever may propose such acts may."""
    with services.begin() as uow:
        proposal = uow.proposals.get(proposal_id)
        authorise(actor, proposal.kind.proposing, lineage=uow.units.lineage(CENTRE_CODE))
        return _end(services, uow, actor, proposal, ProposalEvent.WITHDRAW)


def expire_overdue(services: Services, actor: Actor) -> int:
    """Note what nobody confirmed or used in time, and forget its secrets; return how many. For the worker.

    That it is over does not hang on this: every act asks the clock.
    """
    with services.read() as uow:
        overdue = uow.proposals.find(status=OPEN, expires_at=Before(services.clock()), limit=_PAGE)
    if not overdue:
        return 0
    with services.begin() as uow:
        for proposal in overdue:
            _expire(services, uow, actor, proposal)
    return len(overdue)


def end_all(services: Services, uow: UnitOfWork, actor: Actor) -> int:
    """End whatever waits, in the running transaction; return how many. For a database from a backup: what has been
    refused, withdrawn or used since then stands open in it.
    """
    still = uow.proposals.find(status=OPEN)
    for proposal in still:
        _expire(services, uow, actor, proposal)
    return len(still)


def use_release(
    services: Services, uow: UnitOfWork, actor: Actor, kind: ProposalKind, subject: str, *, begun: bool = False
) -> None:
    """Use up the release of an act on keys, in the transaction that starts the act; raise Conflict where there is none.

    `begun`: the act happens only once for this subject and may have been broken off, so that the release which started
    it still counts until its time is over.
    """
    if use_what_is_left(services, uow, actor, kind, subject):
        return
    now = services.clock()
    used = uow.proposals.find(kind=kind, subject=subject, status=ProposalStatus.DONE) if begun else ()
    if any(now < earlier.expires_at for earlier in used):
        return
    raise Conflict(
        f"“{kind.chinese}”（{subject}）须先由另一名管理员准许。请运行 educa proposals release {kind} {subject} "
        "--ground 依据，由安全管理员登录控制台确认后，三天内再运行本命令。"
    )


def use_what_is_left(services: Services, uow: UnitOfWork, actor: Actor, kind: ProposalKind, subject: str) -> bool:
    """Use up a release if there is one in time; whether there was."""
    now = services.clock()
    for release in uow.proposals.find(kind=kind, subject=subject, status=ProposalStatus.RELEASED):
        if now < release.expires_at:
            status = release.after(ProposalEvent.USE)
            uow.proposals.change(release, status=status, used_by=actor.login, used_at=now)
            detail = {"proposal": kind.value, "subject": subject, "proposed_by": release.proposed_by}
            uow.audit.append(actor, Tag.PROPOSAL_USED, release.id, unit=release.unit_code, detail=detail)
            return True
    return False


def view(services: Services, actor: Actor, proposal_id: str) -> Proposal:
    """One of them; raise NotFound, Forbidden."""
    with services.read() as uow:
        authorise(actor, Action.PROPOSAL_READ, lineage=uow.units.lineage(CENTRE_CODE))
        return uow.proposals.get(proposal_id)


def list_proposals(
    services: Services, actor: Actor, window: Window = ALL, *, waiting: bool = False
) -> Listing[Proposal]:
    """All of them, newest first, or those that still wait for a decision or for the command."""
    with services.read() as uow:
        authorise(actor, Action.PROPOSAL_READ, lineage=uow.units.lineage(CENTRE_CODE))
        wanted = {"status": OPEN if waiting else list(ProposalStatus)}
        return listing(uow.proposals, window, order="-proposed_at", within=CENTRE_CODE, **wanted)


def _expire(services: Services, uow: UnitOfWork, actor: Actor, proposal: Proposal) -> None:
    _end(services, uow, actor, proposal, ProposalEvent.EXPIRE)


_TAGS = {
    ProposalEvent.REFUSE: Tag.PROPOSAL_REFUSED,
    ProposalEvent.WITHDRAW: Tag.PROPOSAL_WITHDRAWN,
    ProposalEvent.EXPIRE: Tag.PROPOSAL_EXPIRED,
}


def _end(
    services: Services, uow: UnitOfWork, actor: Actor, proposal: Proposal, event: ProposalEvent, *, reason: str = ""
) -> Proposal:
    changes: dict[str, Any] = {"status": proposal.after(event), "secret_hash": "", "content": proposal.kept}
    if event is not ProposalEvent.EXPIRE:
        changes |= {"decided_by": actor.login, "decided_at": services.clock(), "decision_reason": reason}
    ended = uow.proposals.change(proposal, **changes)
    detail = {"proposal": proposal.kind.value, "subject": proposal.subject}
    if reason:
        detail["reason"] = reason
    uow.audit.append(actor, _TAGS[event], proposal.id, unit=proposal.unit_code, detail=detail)
    return ended
