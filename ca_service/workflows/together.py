"""Many questions of the same kind at once: answered together, each with an answer of its own.

What costs the most about a small write is the transaction around it. Threads that ask while others are being answered
wait, and one of them then answers for all who wait, and for those who come within a moment. Nobody waits when nobody
else asks.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, TypeVar, cast

from ca_service.domain.errors import DomainError, Unavailable

S = TypeVar("S")
Q = TypeVar("Q")
A = TypeVar("A")
B = TypeVar("B")

_MOST = 32


def _lull() -> None:
    time.sleep(0.002)


@dataclass(eq=False)
class _Asked:
    """`turn` is set when there is an answer, or when this thread is to answer for those who wait."""

    question: Any
    turn: Event = field(default_factory=Event)
    answers: list[Any] = field(default_factory=list)


class Together:
    """Where threads of one process meet. At most one at a time answers questions of a kind, at most 32 of them."""

    def __init__(self, *, lull: Callable[[], None] = _lull) -> None:
        """`lull` waits for a moment, in which others may come."""
        self._lull = lull
        self._lock = Lock()
        self._waiting: dict[object, list[_Asked]] = defaultdict(list)
        self._answering: set[object] = set()
        self._last: dict[object, int] = defaultdict(int)

    def ask(self, answer_all: Callable[[S, Sequence[Q]], Sequence[A | DomainError]], context: S, question: Q) -> A:
        """The answer to this question, or what is raised in its place.

        `answer_all` (the same function for all of a kind) answers several, in order, and bears being asked again. A
        DomainError that it raises is told to all; after another error each is answered by itself.
        """
        mine = _Asked(question)
        with self._lock:
            self._waiting[answer_all].append(mine)
            leads = answer_all not in self._answering
            self._answering.add(answer_all)
        if not leads:
            mine.turn.wait()
        if not mine.answers:
            self._lead(answer_all, context)
        answer = mine.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return cast(A, answer)

    @property
    def waiting(self) -> int:
        """How many wait while others are being answered."""
        with self._lock:
            return sum(len(waiting) for waiting in self._waiting.values())

    def _lead(self, answer_all: Callable[[Any, Sequence[Any]], Sequence[Any]], context: object) -> None:
        """Answer those who wait, this thread first among them, and leave the rest to the first of the rest."""
        self._let_them_come(answer_all)
        with self._lock:
            waiting = self._waiting[answer_all]
            asked, waiting[:] = waiting[:_MOST], waiting[_MOST:]
            self._last[answer_all] = len(asked)
        answers: Sequence[Any] = [Unavailable("服务正在停止，请稍后重试。")] * len(asked)
        try:
            answers = _answers(answer_all, context, [one.question for one in asked])
        finally:
            self._hand_over(answer_all)
            for one, answer in zip(asked, answers, strict=True):
                one.answers.append(answer)
                one.turn.set()

    def _let_them_come(self, kind: object) -> None:
        """Where several wait, wait for those who are just coming too: until nobody has come for a moment.

        Those who were answered last come back at the same time, and would else be answered in two halves by turns.
        """
        seen, waiting = int(self._last[kind] < 2), len(self._waiting[kind])
        while seen < waiting < _MOST:
            self._lull()
            seen, waiting = waiting, len(self._waiting[kind])

    def _hand_over(self, kind: object) -> None:
        with self._lock:
            if waiting := self._waiting[kind]:
                waiting[0].turn.set()
            else:
                self._answering.discard(kind)


def _answers(
    answer_all: Callable[[Any, Sequence[Any]], Sequence[Any]], context: object, questions: Sequence[Any]
) -> Sequence[Any]:
    """The answers, or for each the error. An error that nobody thought of may be one question's: then each alone."""
    try:
        return answer_all(context, questions)
    except DomainError as refusal:
        return [refusal] * len(questions)
    except Exception as error:
        if len(questions) == 1:
            return [error]
    return [_answers(answer_all, context, [question])[0] for question in questions]


def each(items: Sequence[Q], act: Callable[[Q], A]) -> Sequence[A | DomainError]:
    """`act` on one after the other; a refusal stands in the place of its answer."""

    def answer(item: Q) -> A | DomainError:
        try:
            return act(item)
        except DomainError as refusal:
            return refusal

    return [answer(item) for item in items]


def settle(items: Sequence[Q], act: Callable[[Sequence[Q]], Sequence[A]]) -> Sequence[A | DomainError]:
    """`act` (one transaction) on all; where that is refused, on each by itself, so that no one is refused for another.

    Unavailable concerns all alike and is not tried again.
    """
    try:
        return act(items)
    except Unavailable as unavailable:
        return [unavailable] * len(items)
    except DomainError as refusal:
        if len(items) == 1:
            return [refusal]
    return each(items, lambda item: act([item])[0])


def onward(
    items: Sequence[A | DomainError], act: Callable[[Sequence[A]], Sequence[B | DomainError]]
) -> Sequence[B | DomainError]:
    """The next step for those that came so far; refusals stay in their places."""
    going = [item for item in items if not isinstance(item, DomainError)]
    answers = iter(act(going) if going else ())
    return [item if isinstance(item, DomainError) else next(answers) for item in items]
