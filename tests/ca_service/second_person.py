"""The second person, for tests that are about something else: what is proposed is confirmed at once."""

from ca_service.domain.proposals import Proposal, ProposalKind, ProposalStatus
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.passwords import hash_password
from ca_service.workflows import confirm_proposal, key_releases
from ca_service.workflows.ports import Services
from ca_service.workflows.staff_proposals import Hasher, NewStaff, propose_account
from tests.ca_service.office import actor

FIRST_PASSWORD = "first-password"


def confirmed(services: Services, proposal: Proposal | None) -> Proposal:
    """Confirm it, as another security administrator at the console."""
    assert proposal is not None
    second = actor(Role.SECURITY_ADMIN, login="the-second-person", via="web")
    return confirm_proposal.confirm(services, second, proposal.id)


def confirm_all(services: Services) -> None:
    """Whatever waits, once it was proposed by a form."""
    with services.read() as uow:
        waiting = uow.proposals.find(status=ProposalStatus.PROPOSED)
    assert waiting
    for one in waiting:
        confirmed(services, one)


def appoint(services: Services, new: NewStaff, *, hasher: Hasher = hash_password) -> Staff:
    """An account by two people."""
    boss = actor(Role.SECURITY_ADMIN)
    confirmed(services, propose_account(services, boss, new, first_password=FIRST_PASSWORD, hasher=hasher))
    with services.read() as uow:
        return uow.staff.get(new.login)


def release(services: Services, kind: ProposalKind, subject: str = "") -> Proposal:
    """The release of an act on keys by two people."""
    return confirmed(
        services, key_releases.propose_release(services, actor(Role.OPERATOR), kind, subject, ground="批文 1 号")
    )
