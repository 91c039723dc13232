"""The line before the token module: who goes first, who is refused, and that nobody is forgotten."""

import os
import subprocess
import sys
import threading
from collections import Counter

import pytest

from ca_service.domain.errors import Busy
from ca_service.domain.key_use import Use
from ca_service.signing.rates import Bucket, Rates
from ca_service.signing.turns import Patience, Turns
from tests.ca_service.signing.line import PATIENT, Told, taken


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_status_of_certificates_goes_before_new_certificates() -> None:
    told = Told()
    with taken(Turns(), told) as line:
        for name, use in (("a", Use.CERTIFICATE), ("b", Use.OTHER), ("c", Use.ANSWER), ("d", Use.LIST)):
            line.come(name, use)
    assert line.done() == ["c", "d", "a", "b"]
    assert (max(told.lengths), told.lengths[-1]) == (4, 0)
    assert sorted(told.waited) == sorted([Use.CERTIFICATE, Use.OTHER, Use.ANSWER, Use.LIST])


def test_a_flood_of_questions_lets_a_certificate_pass_after_every_fourth() -> None:
    with taken(Turns(), Told()) as line:
        line.come("first", Use.CERTIFICATE)
        line.come("second", Use.CERTIFICATE)
        for number in range(9):
            line.come(str(number), Use.ANSWER)
    assert line.done() == [*"0123", "first", *"4567", "second", "8"]


def test_who_finds_the_line_full_is_refused_at_once() -> None:
    told = Told()
    with taken(Turns(), told) as line:
        line.come("waits", Use.CERTIFICATE)
        with pytest.raises(Busy) as refusal, line.turns.turn(Use.LIST, Patience(waiting=1, seconds=60), told):
            pass
    assert line.done() == ["waits"]
    assert told.refused == {"full": 1}
    assert refusal.value.facts == {"retry_after": 60}


def test_whose_turn_does_not_come_in_time_leaves_the_line() -> None:
    told = Told()
    with taken(Turns(), told) as line:
        with pytest.raises(Busy), line.turns.turn(Use.ANSWER, Patience(waiting=9, seconds=0.01), told):
            pass
        assert line.turns.waiting == 0
        line.come("later", Use.OTHER)
    assert line.done() == ["later"]
    assert told.refused == {"slow": 1}


def test_behind_a_call_that_never_returns_nobody_waits() -> None:
    clock, told = Clock(), Told()
    with taken(Turns(monotonic=clock), told) as line:
        clock.now = 61
        with pytest.raises(Busy), line.turns.turn(Use.LIST, Patience(waiting=9, seconds=60), told):
            pass
    assert told.refused == {"stuck": 1}


def test_who_has_the_turn_takes_it_again_and_gives_it_back_once() -> None:
    turns, told = Turns(), Told()
    with turns.turn(Use.OTHER, PATIENT, told), turns.turn(Use.OTHER, PATIENT, told):
        pass
    with taken(turns, told):
        pass
    assert (told.refused, told.waited) == (Counter(), [])


def test_a_failure_in_the_turn_gives_it_back() -> None:
    turns, told = Turns(), Told()
    with pytest.raises(ZeroDivisionError), turns.turn(Use.OTHER, PATIENT, told):
        raise ZeroDivisionError
    with taken(turns, told):
        pass
    assert told.waited == []


def test_each_of_many_threads_gets_its_turn_alone() -> None:
    turns, told, inside, worst = Turns(), Told(), [0], [0]

    def work(use: Use) -> None:
        for _ in range(50):
            with turns.turn(use, PATIENT, told):
                inside[0] += 1
                worst[0] = max(worst[0], inside[0])
                os.sched_yield()
                inside[0] -= 1

    threads = [threading.Thread(target=work, args=(use,)) for use in Use for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (worst, inside, turns.waiting, told.refused) == ([1], [0], 0, Counter())


def test_a_process_that_is_forked_while_another_thread_has_the_turn_is_not_kept_waiting() -> None:
    program = """
import os, threading
from ca_service.domain.key_use import Use
from ca_service.signing.turns import TURNS, Patience
from ca_service.workflows.ports import Unmeasured
inside, out = threading.Event(), threading.Event()
def hold():
    with TURNS.turn(Use.OTHER, Patience(), Unmeasured()):
        inside.set()
        out.wait(60)
threading.Thread(target=hold).start()
inside.wait(60)
if not (pid := os.fork()):
    with TURNS.turn(Use.OTHER, Patience(seconds=0.1), Unmeasured()):
        os._exit(7)
status = os.waitpid(pid, 0)[1]
out.set()
print(os.waitstatus_to_exitcode(status))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "7\n", done.stderr


def test_a_key_is_used_at_its_rate_and_after_a_rest_in_a_burst_of_two_seconds() -> None:
    clock = Clock()
    bucket = Bucket(4, monotonic=clock)
    assert [bucket.take() for _ in range(8)] == [0.0] * 8
    assert bucket.take() == 0.25
    clock.now = 0.25
    assert [bucket.take(), bucket.take()] == [0.0, 0.25]
    clock.now = 1_000
    assert [bucket.take() for _ in range(9)] == [0.0] * 8 + [0.25]


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    clock = Clock()
    bucket = Bucket(1, monotonic=clock)
    assert [bucket.take(), bucket.take()] == [0.0, 0.0]
    clock.now = -100
    assert bucket.take() == 1.0
    clock.now = -99
    assert bucket.take() == 0.0


def test_certificates_over_their_rate_are_refused_and_lists_of_the_same_key_are_not() -> None:
    told = Told()
    rates = Rates({Use.CERTIFICATE: 0.2, Use.ANSWER: 0}, told, monotonic=Clock())
    rates.take("issuing", Use.CERTIFICATE)
    with pytest.raises(Busy) as refusal:
        rates.take("issuing", Use.CERTIFICATE)
    assert (refusal.value.facts, refusal.value.kind) == ({"retry_after": 5}, "busy")
    for _ in range(10):
        rates.take("issuing", Use.LIST)
        rates.take("ocsp-1", Use.ANSWER)
    rates.take("issuing-2", Use.CERTIFICATE)
    assert told.refused == {"rate": 1}
