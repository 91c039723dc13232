"""The suite of hostile and legitimate chains against `verify_chain`: none wrongly accepted, none wrongly refused,
none slow; and one good and one bad vector for each rule.
"""

from __future__ import annotations

import pytest

from teacher_registry.refusal import RefusalError
from teacher_registry.verification import verify_chain
from teacher_registry.verification.rules import RULES
from teacher_registry.verification.rules.lists import LIST_RULES
from tests.hostile import answered_in_time
from tests.teacher_registry.hostile.cases import CASES, Case, octets

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")

MOST_SECONDS = 1.0  # of the processor: the machine may be busy with others


def judge(case: Case) -> str:
    """ "accepted" or the refusal, which must come in time."""
    chain = case.make()
    arguments = ([octets(c) for c in chain.intermediates], [octets(c) for c in chain.anchors], list(chain.crls))
    with answered_in_time(MOST_SECONDS):
        try:
            verify_chain(octets(chain.leaf), *arguments, chain.at, purpose=chain.purpose, revocation=chain.revocation)
        except RefusalError as refusal:
            return str(refusal)
    return "accepted"


@pytest.mark.parametrize("case", [case for case in CASES if case.is_hostile], ids=lambda case: case.name)
def test_a_hostile_chain_is_refused_for_its_deviation(case: Case) -> None:
    verdict = judge(case)
    assert verdict != "accepted"
    assert case.reason is not None
    assert case.reason in verdict


@pytest.mark.parametrize("case", [case for case in CASES if not case.is_hostile], ids=lambda case: case.name)
def test_a_legitimate_chain_is_accepted(case: Case) -> None:
    assert judge(case) == "accepted"


def test_every_rule_has_a_good_and_a_bad_vector() -> None:
    rules = {rule.name for rule in RULES} | {rule.name for rule in LIST_RULES}
    bad = {rule for rule in rules for case in CASES if case.is_hostile and rule in case.names}
    good = {rule for case in CASES for rule in case.near}
    assert rules - bad == set()
    assert rules - good == set()
    assert good - rules == set()


def test_every_case_says_what_it_is_about() -> None:
    assert [case.name for case in CASES if not case.quotes] == []
    assert len({case.name for case in CASES}) == len(CASES) > 230
