"""What a state machine is here: a table of (state, event) -> next state, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from ca_service.domain.errors import IllegalTransition

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


@dataclass(frozen=True)
class Machine(Generic[State, Event]):
    """A transition table. The store repeats the guard as `WHERE status = :current`."""

    noun: str
    moves: Mapping[tuple[State, Event], State]

    def after(self, current: State, event: Event) -> State:
        """Return the state that follows; raise IllegalTransition where the table has no move."""
        try:
            return self.moves[current, event]
        except KeyError:
            raise IllegalTransition(
                f"{self.noun}当前状态为“{current}”，不能执行“{event}”。请刷新后按最新状态处理。",
                facts={"state": current.value, "event": event.value},
            ) from None
