"""docs/verification.md has the rules and the table of freshness that the code has."""

from __future__ import annotations

import re
from pathlib import Path

from teacher_registry.verification.policy import FRESHNESS
from teacher_registry.verification.rules import RULES, Place
from teacher_registry.verification.rules.lists import LIST_RULES
from tests.teacher_registry.hostile.cases import CASES
from tests.teacher_registry.pkits.test_pkits import STRICTER

_DOCUMENT = (Path(__file__).parents[2] / "docs" / "verification.md").read_text(encoding="utf-8")
_PLACES = {Place.ANY: "all", Place.LEAF: "leaf", Place.AUTHORITY: "authorities", Place.ANCHOR: "anchors"}


def table(name: str) -> list[tuple[str, ...]]:
    """The rows under a heading comment, without the header."""
    found = re.search(rf"<!-- table: {name} -->\n(.*?)<!-- end -->", _DOCUMENT, re.DOTALL)
    assert found is not None
    lines = [line for line in found[1].splitlines() if line.startswith("|")][2:]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


def test_the_rules_are_those_of_the_code() -> None:
    rules = [(rule.name, rule.clause, rule.strictness.name, _PLACES[rule.places]) for rule in RULES]
    assert table("rules") == rules
    assert table("list rules") == [(rule.name, rule.clause) for rule in LIST_RULES]


def test_the_freshness_is_that_of_the_code() -> None:
    told = [
        (
            operation.value,
            "asked anew" if demand.asks_anew else "taken",
            "grace, then closed" if demand.has_grace else "closed at once",
        )
        for operation, demand in FRESHNESS.items()
    ]
    assert table("freshness") == told


def test_the_numbers_are_those_of_the_suites() -> None:
    assert f"has {len(CASES)} chains" in _DOCUMENT
    assert f"The {len(STRICTER)} valid cases" in _DOCUMENT
