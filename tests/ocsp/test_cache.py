"""The cache: a change is seen within the bound, the rest is kept, and no race lets an old answer in."""

import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

import ocsp
from ocsp import Good, Revoked

from .world import NOW, Source, World, load, make_multi_request, make_request

HOLD = Revoked(NOW, 6)


def name(world: World, serial: int) -> str:
    return world.status(serial).certificate_status.name


def kept(world: World) -> int:
    return len(world.responder._cache)


def test_answer_is_signed_once_and_served_again() -> None:
    world = World()
    first = world.responder.answer(make_request(12))
    assert world.responder.answer(make_request(12)) is first
    assert world.source.status_reads == 1


def test_other_request_for_the_same_certificate_finds_the_same_answer() -> None:
    """A client that writes its request differently (here: the version spelt out) costs no signature."""
    world = World()
    first = world.responder.answer(make_request(12))
    spelt_out = make_multi_request(make_request(12), before=b"\xa0\x03\x02\x01\x00")
    assert world.responder.answer(spelt_out) is first
    by_sha256 = world.responder.answer(make_request(12, algorithm=hashes.SHA256()))
    assert by_sha256 is not first


def test_freeze_is_seen_once_the_staleness_bound_has_passed() -> None:
    world = World()
    assert name(world, 12) == "GOOD"
    world.source.change(12, HOLD)
    world.wait(0.25)
    assert name(world, 12) == "REVOKED"
    world.source.change(12, Good())
    world.wait(0.25)
    assert name(world, 12) == "GOOD"


def test_freeze_is_seen_at_once_where_it_was_not_cached_and_after_recheck() -> None:
    world = World()
    assert name(world, 12) == "GOOD"
    world.source.change(13, HOLD)
    assert name(world, 13) == "REVOKED"
    world.source.change(12, HOLD)
    world.responder.recheck()
    assert name(world, 12) == "REVOKED"


def test_log_is_read_once_in_each_bound_however_many_ask() -> None:
    world = World()
    for _ in range(10):
        for serial in range(10, 20):
            name(world, serial)
        world.wait(0.25)
    assert world.source.log_reads == 9
    assert world.source.status_reads == 10


def test_storm_of_changes_drops_what_it_touched_and_nothing_else() -> None:
    world = World()
    for serial in range(10, 40):
        name(world, serial)
    before = world.source.status_reads
    for serial in range(10, 20):
        world.source.change(serial, HOLD)
        world.source.change(serial, Good())
        world.source.change(serial, HOLD)
    world.wait(0.25)
    assert [name(world, serial) for serial in range(10, 40)] == ["REVOKED"] * 10 + ["GOOD"] * 20
    assert world.source.status_reads - before == 10


def test_log_that_does_not_go_back_so_far_drops_everything() -> None:
    world = World()
    name(world, 12)
    world.source.statuses[12] = HOLD
    world.source.log.extend([77, 78])
    world.source.log_begins = 2
    world.wait(0.25)
    assert name(world, 12) == "REVOKED"


def test_log_that_does_not_go_back_so_far_drops_statuses_behind_no_answer_too() -> None:
    """A status that was read for a request with a nonce is kept without an answer."""
    world = World()
    assert world.status(12, nonce=b"n").certificate_status.name == "GOOD"
    world.source.statuses[12] = HOLD
    world.source.log.extend([77, 78])
    world.source.log_begins = 2
    world.wait(0.25)
    assert world.status(12, nonce=b"n").certificate_status.name == "REVOKED"


class ForgetfulSource(Source):
    """Restored from a copy, and unaware that its reader has seen more than it holds."""

    def changes_since(self, version: int) -> ocsp.Changes:
        return ocsp.Changes(len(self.log), self.log[version:])


@pytest.mark.parametrize("kind", [Source, ForgetfulSource])
def test_version_that_goes_back_drops_everything(kind: type[Source]) -> None:
    """What the log says now is not what the cache has seen."""
    world = World(source=kind({12: Good()}))
    world.source.log.extend([77, 78])
    name(world, 12)
    world.source.log = [12]
    world.source.statuses[12] = HOLD
    world.wait(0.25)
    assert name(world, 12) == "REVOKED"


def test_broken_source_keeps_the_cached_answer_back_once_the_bound_has_passed() -> None:
    """An answer is served only while the cache knows that it still holds."""
    world = World()
    good = world.responder.answer(make_request(12))
    world.source.broken = True
    assert world.responder.answer(make_request(12)) is good
    world.wait(0.25)
    assert world.responder.answer(make_request(12)).body == ocsp.TRY_LATER
    world.source.broken = False
    assert world.responder.answer(make_request(12)) is good


def test_answer_from_a_status_read_before_a_change_is_not_kept_after_it() -> None:
    """The status is read, then changed, and another thread applies the change before the answer is stored."""
    world = World()

    def change_and_let_another_thread_see_it() -> None:
        world.source.after_status = lambda: None
        world.source.change(12, HOLD)
        world.wait(0.25)
        other_thread = threading.Thread(target=world.responder.answer, args=(make_request(13),))
        other_thread.start()
        other_thread.join()

    world.source.after_status = change_and_let_another_thread_see_it
    assert name(world, 12) == "GOOD"
    assert name(world, 12) == "REVOKED"


def test_answer_is_made_anew_long_before_next_update() -> None:
    world = World()
    first = world.responder.answer(make_request(12))
    world.wait(299)
    assert world.responder.answer(make_request(12)) is first
    world.wait(1)
    second = load(world.responder.answer(make_request(12)).body)
    assert second.this_update_utc == NOW + timedelta(seconds=300)


def test_serial_never_issued_is_not_kept_and_good_once_issued() -> None:
    """No entry of the log has to tell that a certificate was issued."""
    world = World()
    answer = world.responder.answer(make_request(999))
    assert ("Cache-Control", "no-store") in answer.headers
    world.source.statuses[999] = Good()
    assert name(world, 999) == "GOOD"


def test_cache_is_bounded_and_the_oldest_go_first() -> None:
    world = World(policy=ocsp.Policy(capacity=10, statuses=5))
    for serial in range(10, 40):
        name(world, serial)
    assert kept(world) == 10
    reads = world.source.status_reads
    name(world, 39)
    assert world.source.status_reads == reads
    name(world, 10)
    assert world.source.status_reads == reads + 1


def test_one_certificate_asked_for_in_many_ways_fills_no_more_than_its_share() -> None:
    world = World()
    for number in range(50):
        requestor = bytes([0xA1, 3, 0x82, 1, number])
        assert (
            load(
                world.responder.answer(make_multi_request(make_request(12), before=requestor)).body
            ).certificate_status.name
            == "GOOD"
        )
    assert kept(world) <= 8
    assert world.source.status_reads == 1
    world.source.change(12, HOLD)
    world.wait(0.25)
    name(world, 13)
    assert kept(world) == 2


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("ask"), st.integers(10, 13)),
            st.tuples(st.just("change"), st.integers(10, 13)),
            st.tuples(st.just("wait"), st.integers(0, 3)),
        ),
        max_size=40,
    ),
    st.integers(1, 6),
)
def test_no_answer_is_ever_older_than_the_bound(steps: list[tuple[str, int]], capacity: int) -> None:
    """Whatever the order of requests, changes and time, an answer is a status of the last 0.25 s."""
    world = World(policy=ocsp.Policy(capacity=capacity))
    history: dict[int, list[tuple[float, str]]] = {serial: [(0.0, "GOOD")] for serial in range(10, 14)}
    for step, value in steps:
        if step == "wait":
            world.wait(value / 10)
        elif step == "change":
            held = history[value][-1][1] == "REVOKED"
            world.source.change(value, Good() if held else HOLD)
            history[value].append((world.seconds, "GOOD" if held else "REVOKED"))
        else:
            past = history[value]
            recent = {past[-1][1]}
            for (_since, status), (until, _next) in pairwise(past):
                if until > world.seconds - 0.25:
                    recent.add(status)
            assert name(world, value) in recent
        assert kept(world) <= capacity


@pytest.mark.parametrize("threads", [4])
def test_threads_that_ask_while_statuses_change_see_no_old_answer(threads: int) -> None:
    """Each thread freezes its own certificate, lets the bound pass, and must see that."""
    world = World(source=Source({serial: Good() for serial in range(10, 40)}))
    failures: list[str] = []
    change = threading.Lock()

    def work(serial: int) -> None:
        for turn in range(30):
            with change:
                world.source.change(serial, HOLD if turn % 2 == 0 else Good())
                world.seconds += 0.25
            seen = name(world, serial)
            if seen != ("REVOKED" if turn % 2 == 0 else "GOOD"):
                failures.append(f"{serial} in turn {turn}: {seen}")

    workers = [threading.Thread(target=work, args=(10 + number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
