"""Periodic work exactly once: by one worker at a time, and guarded besides: two who overlap do nothing twice."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from ca_service import periodic
from ca_service.config import Config
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.errors import Conflict
from ca_service.domain.leases import LIFETIME, TURN
from ca_service.domain.messages import Channel
from ca_service.turn import Turn
from ca_service.wiring import Wiring
from ca_service.workflows import leases
from ca_service.workflows.audit_checkpoints import checkpoint_if_due
from ca_service.workflows.certificate_status import freeze
from ca_service.workflows.health import health
from ca_service.workflows.orders import remind_of_holds
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office

_WORKERS = 4


@pytest.fixture
def others(config: Config, clock: TestClock) -> Iterator[Sequence[Wiring]]:
    """Other workers on the same database, with connections and token sessions of their own."""
    made = [Wiring(config, clock=clock) for _ in range(_WORKERS)]
    yield made
    for one in made:
        one.database.engine.dispose()


def _at_once(acts: Sequence[Callable[[], object]]) -> Sequence[object]:
    """All at the same moment; what each returned, or the conflict that it was told."""
    start = threading.Barrier(len(acts))

    def act(one: Callable[[], object]) -> object:
        start.wait(60)
        try:
            return one()
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(len(acts)) as crowd:
        return list(crowd.map(act, acts))


def test_of_many_workers_one_has_the_turn_until_it_ends_or_dies(others: Sequence[Wiring], clock: TestClock) -> None:
    turns = [Turn(one.services, f"W{number}") for number, one in enumerate(others)]
    _at_once([turn.keep for turn in turns])
    (first,) = [turn for turn in turns if turn.mine]
    for turn in turns:
        turn.keep()
    assert [turn for turn in turns if turn.mine] == [first]
    first.end()
    second = next(turn for turn in turns if turn is not first)
    second.keep()
    assert second.mine
    assert not first.mine
    # It dies: nobody gives anything back, and its time runs out.
    clock.pass_time(seconds=LIFETIME.total_seconds() + 1)
    assert not second.mine
    first.keep()
    second.keep()
    assert (first.mine, second.mine) == (True, False)


def test_a_worker_that_goes_on_keeps_its_turn(others: Sequence[Wiring], clock: TestClock) -> None:
    one, two = (Turn(wiring.services, name) for wiring, name in zip(others[:2], ("one", "two"), strict=True))
    for _ in range(10):
        one.keep()
        two.keep()
        assert (one.mine, two.mine) == (True, False)
        clock.pass_time(seconds=LIFETIME.total_seconds() * 0.7)


def test_a_clock_that_is_set_back_lets_nobody_believe_that_the_turn_is_theirs_for_hours(
    others: Sequence[Wiring], clock: TestClock
) -> None:
    turn = Turn(others[0].services, "one")
    turn.keep()
    assert turn.mine
    clock.pass_time(hours=-2)
    assert not turn.mine


def test_the_turn_decides_about_what_one_does_for_all_and_about_nothing_else(wiring: Wiring) -> None:
    done: list[str] = []
    todo = {name: lambda name=name: done.append(name) for name in periodic.tasks(wiring)}
    assert set(todo) >= periodic.ONE_FOR_ALL
    turn = Turn(wiring.services, "one")
    for task in periodic._in_turn(todo, turn).values():
        task()
    assert set(done) == set(todo) - periodic.ONE_FOR_ALL
    assert {"crl", "messages"} <= set(done)
    turn.keep()
    for task in periodic._in_turn(todo, turn).values():
        task()
    assert set(done) == set(todo)


def test_a_lease_is_given_back_by_its_holder_only(wiring: Wiring) -> None:
    assert leases.take(wiring.services, "thing", "one")
    leases.give_back(wiring.services, "thing", "two")
    assert leases.take(wiring.services, "thing", "two") is None
    leases.give_back(wiring.services, "thing", "one")
    assert leases.take(wiring.services, "thing", "two")


def test_whose_turn_it_is_can_be_seen_with_where_it_runs(wiring: Wiring) -> None:
    stop = threading.Event()
    worker = threading.Thread(target=periodic.run, args=(wiring, stop))
    worker.start()
    until = threading.Event()
    for _ in range(600):
        if health(wiring.services).turn:
            break
        until.wait(0.1)
    seen = health(wiring.services)
    stop.set()
    worker.join(60)
    (worker_seen,) = seen.processes
    assert seen.turn == worker_seen.id
    machine, _, number = worker_seen.place.partition(", ")
    assert machine
    assert number.isdigit()
    assert health(wiring.services).turn == "", "a worker that ends gives its turn back"


@pytest.mark.parametrize("config", ["postgresql"], indirect=True)
def test_a_worker_that_is_overtaken_in_the_middle_of_its_reminders_sends_none(
    wiring: Wiring, others: Sequence[Wiring], office: Office, clock: TestClock
) -> None:
    """SQLite lets no second writer begin before the first one's commit."""
    certificate = office.enrolled()
    freeze(wiring.services, office.reviewer, certificate.serial, reason="电话报失")
    clock.pass_time(days=31)
    overtaken: list[int] = []

    def overtake(count: int) -> bytes:
        # Asked for the number of the first message: what is due has been read, nothing has been written.
        if not overtaken:
            overtaken.append(remind_of_holds(others[0].services))
        return os.urandom(count)

    with pytest.raises(Conflict):
        remind_of_holds(replace(wiring.services, random_bytes=overtake))
    assert overtaken == [1]
    with wiring.services.read() as uow:
        sent = [m for m in uow.messages.find(channel=Channel.SMS) if "冻结" in m.letter.text and "天" in m.letter.text]
    assert len(sent) == 1


def test_workers_that_overlap_make_one_new_ocsp_signer(
    wiring: Wiring, others: Sequence[Wiring], clock: TestClock
) -> None:
    clock.pass_time(days=25)
    made = _at_once([lambda one=one: periodic.renew_signer(one, periodic.OCSP_SIGNER) for one in others])  # type: ignore[misc]
    assert sorted(made, key=str) == [False] * (_WORKERS - 1) + [True]
    with wiring.services.read() as uow:
        found = uow.certificates.find(profile="ocsp-signer", status=CertificateStatus.ACTIVE)
    assert len(found) == 2, "that of the ceremony and one more"


def test_workers_that_overlap_sign_one_checkpoint(wiring: Wiring, others: Sequence[Wiring], office: Office) -> None:
    """Each appends something between its look and its turn to sign, as a busy service does."""
    sizes = []

    def checkpoint(one: Wiring) -> None:
        done = checkpoint_if_due(one.services, periodic.WORKER, one.sign_tree_head, origin=one.audit_origin)
        sizes.append(done.size if done else None)
        Office(one.services).push([office.person(f"A{threading.get_ident()}", unit_code=office.school)])

    assert office.school
    _at_once([lambda one=one: checkpoint(one) for one in others])  # type: ignore[misc]
    assert len({size for size in sizes if size is not None}) == 1


def test_the_name_of_the_turn_is_one_for_all_machines() -> None:
    assert TURN == "periodic"
    assert timedelta(0) < LIFETIME < timedelta(minutes=1)
