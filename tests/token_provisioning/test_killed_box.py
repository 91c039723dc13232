"""A box of many tokens, killed at random again and again: in the end nothing was done twice and nothing is lost."""

from collections import Counter

from tests.token_provisioning.killed_box import killed_until_done
from tests.token_provisioning.many_tokens import Box
from tests.token_provisioning.soft_token import Desk

TOKENS = 24


def test_killed_at_random_until_it_is_done_every_token_is_initialised_once(desk: Desk) -> None:
    box = Box(desk, TOKENS)

    told = killed_until_done(desk, box.arguments(), seed=20261124, acts=20, timeout=300)

    assert told.status == 0
    assert len(told.deaths) > TOKENS
    assert len(set(told.deaths)) > 12, Counter(told.deaths)
    box.require_each_initialised_once()
    box.require_taken_up_where_it_stood()
    box.require_every_token_whole()
    before = box.octets()
    assert box.fill().document == {"folder": str(box.out), "done": TOKENS, "failed": 0}
    assert box.octets() == before
