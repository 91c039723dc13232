"""Questions that come at the same time: answered together, each with an answer of its own."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from ca_service.domain.errors import Conflict, DomainError, Unavailable
from ca_service.workflows.together import Together, each, onward, settle

_PATIENCE = 60


class Desk:
    """Doubles numbers; the first question is held up until `opened`. Odd numbers are refused."""

    def __init__(self) -> None:
        self.came, self.opened = Event(), Event()
        self.rounds: list[list[int]] = []

    def answer_all(self, context: str, numbers: Sequence[int]) -> Sequence[str | DomainError]:
        self.rounds.append(list(numbers))
        self.came.set()
        assert self.opened.wait(_PATIENCE)
        return [Conflict(str(number)) if number % 2 else f"{context}{number * 2}" for number in numbers]


def _asked(together: Together, desk: Desk, numbers: Sequence[int]) -> Sequence[str]:
    """What each is told: the first asks alone, the others while it is being answered."""

    def told(number: int) -> str:
        try:
            return together.ask(desk.answer_all, "=", number)
        except DomainError as refusal:
            return f"refused {refusal.detail}"

    with ThreadPoolExecutor(len(numbers)) as crowd:
        first = crowd.submit(told, numbers[0])
        assert desk.came.wait(_PATIENCE)
        others = [crowd.submit(told, number) for number in numbers[1:]]
        _await(together, len(others))
        desk.opened.set()
        return [asked.result(_PATIENCE) for asked in (first, *others)]


def _await(together: Together, number: int) -> None:
    end = time.monotonic() + _PATIENCE
    while together.waiting < number:
        assert time.monotonic() < end, "not all have come"


def test_who_asks_meanwhile_is_answered_together_and_each_gets_its_own_answer() -> None:
    desk = Desk()
    assert _asked(Together(), desk, [2, 4, 3, 6]) == ["=4", "=8", "refused 3", "=12"]
    assert [sorted(numbers) for numbers in desk.rounds] == [[2], [3, 4, 6]]


def test_no_more_than_32_are_answered_at_a_time() -> None:
    desk, numbers = Desk(), [2 * number for number in range(41)]
    assert _asked(Together(), desk, numbers) == [f"={2 * number}" for number in numbers]
    assert [len(numbers) for numbers in desk.rounds] == [1, 32, 8]


def test_who_is_just_coming_back_is_answered_with_those_who_wait() -> None:
    desk, lulls = Desk(), list[int]()
    with ThreadPoolExecutor(1) as late:

        def lull() -> None:
            if not lulls:
                late.submit(together.ask, desk.answer_all, "=", 8)
                _await(together, 3)
            lulls.append(together.waiting)

        together = Together(lull=lull)
        assert _asked(together, desk, [2, 4, 6]) == ["=4", "=8", "=12"]
    assert [sorted(numbers) for numbers in desk.rounds] == [[2], [4, 6, 8]]
    assert lulls == [3, 3]


def test_who_asks_alone_does_not_wait_for_others() -> None:
    lulls, desk = list[None](), Desk()
    desk.opened.set()
    together = Together(lull=lambda: lulls.append(None))
    assert [together.ask(desk.answer_all, "=", number) for number in (2, 4)] == ["=4", "=8"]
    assert lulls == []


def test_what_fails_for_all_is_raised_to_each_and_the_next_is_answered_again() -> None:
    together, desk = Together(), Desk()

    def broken(context: str, numbers: Sequence[int]) -> Sequence[str]:
        raise Unavailable(context)

    for _ in range(2):
        with pytest.raises(Unavailable, match="down"):
            together.ask(broken, "down", 1)
    desk.opened.set()
    assert together.ask(desk.answer_all, "", 1_000) == "2000"


def test_an_error_that_nobody_thought_of_is_raised_to_whom_it_concerns() -> None:
    class Careless(Desk):
        def answer_all(self, context: str, numbers: Sequence[int]) -> Sequence[str | DomainError]:
            answers = super().answer_all(context, numbers)
            if 4 in numbers:
                raise ZeroDivisionError
            return answers

    desk = Careless()
    with pytest.raises(ZeroDivisionError):
        _asked(Together(), desk, [2, 6, 4])
    assert desk.rounds[0] == [2]
    assert sorted(desk.rounds[1]) == [4, 6]
    assert sorted(desk.rounds[2:]) == [[4], [6]]


def test_a_refused_transaction_for_all_is_repeated_for_each() -> None:
    tried: list[Sequence[int]] = []

    def commit(numbers: Sequence[int]) -> Sequence[int]:
        tried.append(numbers)
        if 3 in numbers:
            raise Conflict("3")
        return [number * 2 for number in numbers]

    answers = settle([1, 2, 3], commit)
    assert [str(a) if isinstance(a, DomainError) else a for a in answers] == [2, 4, "3"]
    assert tried == [[1, 2, 3], [1], [2], [3]]


def test_a_store_that_is_away_is_not_asked_again_for_each() -> None:
    tried = []

    def commit(numbers: Sequence[int]) -> Sequence[int]:
        tried.append(numbers)
        raise Unavailable("away")

    assert all(isinstance(answer, Unavailable) for answer in settle([1, 2], commit))
    assert tried == [[1, 2]]


def test_a_refusal_stays_in_its_place_while_the_others_go_on() -> None:
    def halved(number: int) -> int:
        if number % 2:
            raise Conflict(str(number))
        return number // 2

    first = each([4, 5, 8, 6], halved)
    second = onward(first, lambda numbers: each(numbers, halved))
    assert [str(a) if isinstance(a, DomainError) else a for a in second] == [1, "5", 2, "3"]
