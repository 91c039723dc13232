"""The transition table of proposals."""

from ca_service.domain.proposals import OPEN, PROPOSAL, ProposalEvent, ProposalStatus


def test_every_end_is_an_end() -> None:
    moves = {(state, event) for state in ProposalStatus for event in ProposalEvent if (state, event) in PROPOSAL.moves}
    assert {state for state, _ in moves} == set(OPEN)
