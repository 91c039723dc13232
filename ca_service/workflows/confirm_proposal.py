"""The second person's word: an act on accounts is carried out by it, an act on keys is released to the command.

One transaction: a death before its commit leaves the proposal waiting, after it the act is done, or the release given.
"""

from collections.abc import Sequence

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, DomainError
from ca_service.domain.proposals import (
    RELEASE_LIFETIME,
    Proposal,
    ProposalEvent,
    ProposalStatus,
    refuse_wrong_second,
)
from ca_service.domain.roles import POLICY, Actor, authorise
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.ports import Services, Since, UnitOfWork
from ca_service.workflows.staff_proposals import carry_out


def confirm(services: Services, actor: Actor, proposal_id: str) -> Proposal:
    """Confirm what somebody else proposed; raise Conflict when it is too late or has changed, Forbidden.

    Of two who confirm at once, one succeeds: the status is the guard of the update that comes first.
    """
    with services.begin() as uow:
        proposal = uow.proposals.get(proposal_id)
        authorise(actor, proposal.kind.confirming, lineage=uow.units.lineage(CENTRE_CODE))
        event = ProposalEvent.RELEASE if proposal.kind.is_release else ProposalEvent.CARRY_OUT
        status, now = proposal.after(event), services.clock()
        proposal.require_in_time(now)
        refuse_wrong_second(actor, proposal, uow.staff.find(unit_code=CENTRE_CODE, active=True))
        _require_proposer(uow, proposal)
        decided = uow.proposals.change(
            proposal, status=status, decided_by=actor.login, decided_at=now, secret_hash="",
            content=proposal.kept,
            expires_at=now + RELEASE_LIFETIME if proposal.kind.is_release else proposal.expires_at,
        )  # fmt: skip
        detail = {"proposal": proposal.kind.value, "subject": proposal.subject, "proposed_by": proposal.proposed_by}
        uow.audit.append(actor, Tag.PROPOSAL_CONFIRMED, proposal.id, unit=proposal.unit_code, detail=detail)
        if not proposal.kind.is_release:
            carry_out(services, uow, actor, proposal)
    return decided


def waiting_for(services: Services, actor: Actor) -> Sequence[Proposal]:
    """What this person could confirm now, the oldest first; nothing for who confirms nothing."""
    with services.read() as uow:
        since = Since(services.clock())
        open_ones = uow.proposals.find(status=ProposalStatus.PROPOSED, expires_at=since, order="proposed_at")
        active = uow.staff.find(unit_code=CENTRE_CODE, active=True)
        return [one for one in open_ones if _is_second(uow, actor, one, active)]


def _is_second(uow: UnitOfWork, actor: Actor, proposal: Proposal, active: Sequence[Staff]) -> bool:
    try:
        authorise(actor, proposal.kind.confirming, lineage=uow.units.lineage(CENTRE_CODE))
        refuse_wrong_second(actor, proposal, active)
    except DomainError:
        return False
    return True


def _require_proposer(uow: UnitOfWork, proposal: Proposal) -> None:
    """Who has been dismissed since does not appoint anybody any more. The operator has no account."""
    for account in uow.staff.find(login=proposal.proposed_by):
        if not account.active or not account.roles & POLICY[proposal.kind.proposing]:
            raise Conflict(f"提出人 {account.login} 已停用或不再有此权限，不能确认其提出的事项。请另行提出。")
