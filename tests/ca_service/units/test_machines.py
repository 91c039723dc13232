"""The tables of a unit and of a case about it: what is not in them is refused."""

from itertools import product
from typing import Any

import pytest

from ca_service.domain.errors import IllegalTransition
from ca_service.domain.lifecycle import Machine
from ca_service.domain.unit_cases import UNIT_CASE, Effect, UnitAct, UnitCaseEvent, UnitCaseStatus, UnitEventKind
from ca_service.domain.unit_kinds import UNIT, UnitStatus, UnitTurn


@pytest.mark.parametrize(
    ("machine", "states", "events"),
    [(UNIT, UnitStatus, UnitTurn), (UNIT_CASE, UnitCaseStatus, UnitCaseEvent)],
    ids=["unit", "case"],
)
def test_every_move_that_is_not_in_the_table_is_refused(machine: Machine[Any, Any], states: Any, events: Any) -> None:
    for state, event in product(states, events):
        if (state, event) in machine.moves:
            assert machine.after(state, event) in states
        else:
            with pytest.raises(IllegalTransition):
                machine.after(state, event)


def test_every_act_event_and_effect_has_its_chinese_words() -> None:
    words = [act.chinese for act in UnitAct] + [kind.chinese for kind in UnitEventKind]
    words += [effect.noun + effect.chinese for effect in Effect] + [status.chinese for status in UnitStatus]
    assert all(word and not word.isascii() for word in words)
