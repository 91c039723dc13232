"""A PIN unblock that is broken off and repeated tries no SO PIN in vain: the token says which one is in force."""

import random
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.token_provisioning.between import CKR_DEVICE_MEMORY, CKR_USER_NOT_LOGGED_IN, Real, between
from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.so_tries import Tried, counting
from tests.token_provisioning.test_unblock import arguments, forgotten, require_unblocked, unblock
from token_provisioning import so_marks, unblocking

__all__ = ["forgotten"]  # the fixture of test_unblock.py


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Tried:
    return counting(monkeypatch)


def kill_at(scene: Scene, act: str) -> None:
    killed = scene.desk.process(f"kill@{act}", *arguments(scene), program="tests.token_provisioning.killed_helper")
    assert killed.code == -signal.SIGKILL, killed.err


@pytest.mark.parametrize("step", ["begin", "release", "confirm"])
def test_however_often_an_answer_is_lost_no_so_pin_is_tried_in_vain(forgotten: Scene, tried: Tried, step: str) -> None:
    forgotten.ca.drop_after = f"unblocks/{step}"
    for _ in range(1 if step == "confirm" else 5):
        assert unblock(forgotten).code == 1
    forgotten.ca.drop_after = None
    again = unblock(forgotten)
    assert again.code == (1 if step == "confirm" else 0), again.err
    assert (tried.right, tried.wrong) == (1, 0)
    require_unblocked(forgotten)


@pytest.mark.parametrize(
    "act",
    [
        *("begin:1", "release:1", "unblocking._init_pin:1", "so_marks.SoMarks.settle:1"),
        *("unblocking._set_so_pin:1", "unblocking._set_pins:1", "so_marks.SoMarks.settle:2", "clear_mark:1"),
    ],
)
def test_killed_after_an_act_the_repeat_tries_no_so_pin_in_vain(forgotten: Scene, tried: Tried, act: str) -> None:
    kill_at(forgotten, act)
    assert unblock(forgotten).code == 0
    assert (tried.right, tried.wrong) == (1, 0)
    require_unblocked(forgotten)


def test_killed_between_the_mark_and_the_change_it_announces_one_is_tried_and_no_more(
    forgotten: Scene, tried: Tried
) -> None:
    kill_at(forgotten, "so_marks.SoMarks.announce:1")
    forgotten.ca.drop_after = "unblocks/confirm"
    assert unblock(forgotten).code == 1
    assert (tried.right, tried.wrong) == (1, 1)
    require_unblocked(forgotten)


def test_a_token_with_room_for_no_mark_is_unblocked_all_the_same(forgotten: Scene, tried: Tried) -> None:
    with between(forgotten.desk.module, "C_CreateObject", lambda *_: CKR_DEVICE_MEMORY):
        assert unblock(forgotten).code == 0
    require_unblocked(forgotten)
    forgotten.ca.unblocks.state = "open"
    assert unblock(forgotten).code == 0
    assert (tried.right, tried.wrong) == (2, 0)


def test_where_the_so_may_write_no_mark_the_user_writes_it_as_soon_as_the_pin_is_set(
    forgotten: Scene, tried: Tried
) -> None:
    so = [CKR_USER_NOT_LOGGED_IN] * 2  # which is in force, and which is next

    def create(real: Real, *given: int) -> int:
        return so.pop() if so else real(*given)

    forgotten.ca.drop_after = "unblocks/confirm"
    with between(forgotten.desk.module, "C_CreateObject", create):
        assert unblock(forgotten).code == 1
    forgotten.ca.unblocks.state = "open"  # as if the CA had never heard of it
    forgotten.ca.unblocks.so_pins.append("the-one-from-before")
    forgotten.ca.drop_after = None
    assert unblock(forgotten).code == 0
    assert (so, tried.right, tried.wrong) == ([], 2, 0)


class Death(BaseException):
    """Ends a run where it is."""


@dataclass
class Fate:
    """Ends a run before one of the changes that it makes to the token; `seen` are those it has made."""

    changes: int = 0
    seen: list[str] = field(default_factory=list)

    def over(self, module: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        change: Callable[..., Any] = getattr(module, name)

        def struck(*given: Any) -> None:
            if len(self.seen) == self.changes:
                raise Death
            change(*given)
            self.seen.append(f"{name} {given[-1][:-4]}")

        monkeypatch.setattr(module, name, struck)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_dying_again_and_again_only_the_open_moment_costs_a_try(
    forgotten: Scene, tried: Tried, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Whatever came before: a run tries one in vain only after one that died right behind its announcement."""
    rng, fate, open_moment, open_moments = random.Random(seed), Fate(), False, 0
    for module, name in ((so_marks, "set_mark"), (so_marks, "clear_mark"), (unblocking, "_set_so_pin")):
        fate.over(module, name, monkeypatch)
    for _ in range(14):
        # The CA takes eight at the most that were never confirmed.
        whole = len(forgotten.ca.unblocks.so_pins) > 6
        fate.seen, fate.changes = [], 99 if whole else rng.randrange(9)
        forgotten.ca.drop_after = None if whole else rng.choice([None, "unblocks/confirm", "unblocks/release"])
        forgotten.ca.unblocks.state, before = "open", tried.wrong
        with suppress(Death):
            unblock(forgotten)
        assert tried.wrong - before <= int(open_moment), (fate, tried.latest)
        open_moments += int(open_moment)
        # A run that died before it changed anything leaves the moment as open as it was.
        open_moment = fate.seen[-1:] == ["set_mark educa-so-pin-next-"] or (open_moment and not fate.seen)
    assert tried.right > 5
    assert tried.wrong <= open_moments
