"""Pre-signed answers: made in one loop, shared by several responders, and never served once they are untrue."""

import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

import ocsp
from ocsp import Good, HashAlgorithm, Revoked, StoredAnswer
from ocsp.signer import certificate_facts

from .world import DAY, DER, NOW, Source, World, load, make_authority, make_request

HOLD = Revoked(NOW, 6)
HOUR = timedelta(hours=1)


@dataclass
class MemoryStore:
    """A stand-in for a table in a database: a dictionary, which can be made to fail."""

    answers: dict[bytes, StoredAnswer] = field(default_factory=dict)
    broken: bool = False
    hits: int = 0

    def get(self, cert_id: bytes) -> StoredAnswer | None:
        self._work()
        found = self.answers.get(cert_id)
        self.hits += found is not None
        return found

    def put(self, answers: Sequence[StoredAnswer]) -> None:
        self.answers |= {answer.cert_id: answer for answer in answers}

    def oldest(self) -> int | None:
        self._work()
        return min((answer.version for answer in self.answers.values()), default=None)

    def _work(self) -> None:
        if self.broken:
            raise ConnectionError("the store is gone")


def unplugged() -> ocsp.ResponderKey:
    raise RuntimeError("nothing is to be signed here")


@dataclass
class Shared:
    """One source and one store; any number of responders, which may be kept from signing."""

    source: Source = field(default_factory=lambda: Source({serial: Good() for serial in range(10, 14)}))
    store: MemoryStore = field(default_factory=MemoryStore)

    def world(self, *, may_sign: bool = True) -> World:
        world = World(source=self.source, store=self.store)
        world.key = None if may_sign else unplugged
        return world

    def presign(self, world: World, serials: Sequence[int] = range(10, 14), *, validity: timedelta = 48 * HOUR) -> None:
        issuer = ocsp.ServedIssuer(
            world.authority.ca.public_bytes(DER), self.source, lambda: world.authority.signer, self.store
        )
        for batch in ocsp.presign(issuer, serials, clock=lambda: world.now, validity=validity):
            self.store.put(batch)


def presign(world: World, serials: Iterator[int] | Sequence[int], **options: object) -> list[StoredAnswer]:
    issuer = ocsp.ServedIssuer(world.authority.ca.public_bytes(DER), world.source, lambda: world.authority.signer)
    made = ocsp.presign(issuer, serials, clock=lambda: NOW, validity=48 * HOUR, **options)  # type: ignore[arg-type]
    return [answer for batch in made for answer in batch]


def test_answers_are_those_that_the_responder_would_give() -> None:
    world = World(source=Source({12: Good(), 13: HOLD}))
    for answer in presign(world, [12, 13, 999], algorithms=[HashAlgorithm.SHA1, HashAlgorithm.SHA256]):
        response = load(answer.body)
        assert response.serial_number == answer.serial
        assert response.certificate_status.name == {12: "GOOD", 13: "REVOKED"}[answer.serial]
        assert (response.this_update_utc, response.next_update_utc) == (NOW, NOW + 48 * HOUR)
        algorithm = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}[response.hash_algorithm.name]
        request = ocsp.parse_request(make_request(answer.serial, algorithm=algorithm))
        assert answer.cert_id == request.cert_ids[0].raw


def test_serial_never_issued_is_passed_over() -> None:
    assert [answer.serial for answer in presign(World(), [999, 12, 998])] == [12]


def test_answers_do_not_outlive_the_signer() -> None:
    world = World()
    world.authority = make_authority()
    issuer = ocsp.ServedIssuer(
        world.authority.ca.public_bytes(DER), world.source, lambda: world.authority.new_signer(not_after=NOW + HOUR)
    )
    ((answer,),) = ocsp.presign(issuer, [12], clock=lambda: NOW, validity=48 * HOUR)
    assert answer.next_update == load(answer.body).next_update_utc == NOW + HOUR
    with pytest.raises(ocsp.SignerNotValid):
        list(ocsp.presign(issuer, [12], clock=lambda: NOW + DAY, validity=HOUR))


def test_loop_takes_what_it_needs_and_its_memory_does_not_grow() -> None:
    world = World(source=Source({serial: Good() for serial in range(1, 6001)}))
    serials = iter(range(1, 6001))

    issuer = ocsp.ServedIssuer(world.authority.ca.public_bytes(DER), world.source, lambda: world.authority.signer)
    made = ocsp.presign(issuer, serials, clock=lambda: NOW, validity=HOUR)
    assert len(next(made)) == 500
    assert next(serials) == 501
    tracemalloc.start()
    batch = next(made)
    early = tracemalloc.get_traced_memory()[0]
    for batch in made:
        assert len(batch) <= 500
    late = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert late - early < 200_000


def test_responder_serves_what_was_signed_elsewhere() -> None:
    shared = Shared()
    shared.presign(shared.world())
    for world in (shared.world(may_sign=False), shared.world(may_sign=False)):
        answer = world.responder.answer(make_request(12))
        assert load(answer.body).certificate_status.name == "GOOD"
        assert ("Expires", "Tue, 03 Mar 2026 08:00:00 GMT") in answer.headers
        assert answer.max_age == 10
    assert shared.store.hits == 2
    assert world.responder.answer(make_request(12)) is answer
    assert shared.store.hits == 2


@pytest.mark.parametrize("asked_before", [True, False])
def test_frozen_certificate_is_not_answered_from_the_store(asked_before: bool) -> None:
    shared = Shared()
    world = shared.world()
    shared.presign(world)
    if asked_before:
        assert world.status(12).certificate_status.name == "GOOD"
    shared.source.change(12, HOLD)
    world.wait(0.25)
    assert world.status(12).certificate_status.name == "REVOKED"
    assert world.status(13).next_update_utc == NOW + 48 * HOUR
    shared.presign(world, [12])
    world.wait(0.25)
    signs_nothing = shared.world(may_sign=False)
    signs_nothing.wait(1)
    assert signs_nothing.status(12).certificate_status.name == "REVOKED"


def test_answer_to_a_status_that_changed_while_it_was_signed_is_void() -> None:
    shared = Shared()
    world = shared.world()

    def freeze() -> None:
        shared.source.after_status = lambda: None
        shared.source.change(12, HOLD)

    shared.source.after_status = freeze
    shared.presign(world)
    assert load(shared.store.answers[ocsp.parse_request(make_request(12)).cert_ids[0].raw].body).serial_number == 12
    assert world.status(12).certificate_status.name == "REVOKED"
    assert world.status(13).next_update_utc == NOW + 48 * HOUR


def test_responder_that_starts_late_reads_what_has_changed_since_the_oldest_answer() -> None:
    shared = Shared()
    shared.presign(shared.world())
    shared.source.change(12, HOLD)
    shared.source.change(77, HOLD)
    world = shared.world()
    assert world.status(12).certificate_status.name == "REVOKED"
    assert world.status(13).next_update_utc == NOW + 48 * HOUR


def test_log_that_does_not_go_back_so_far_makes_the_store_useless_until_it_is_filled_again() -> None:
    shared = Shared()
    shared.presign(shared.world())
    shared.source.change(12, HOLD)
    shared.source.log_begins = 1
    world = shared.world()
    assert world.status(12).certificate_status.name == "REVOKED"
    assert world.status(13).next_update_utc == NOW + timedelta(minutes=10)
    shared.presign(world)
    assert world.status(11).next_update_utc == NOW + 48 * HOUR


def test_log_lost_on_the_way_makes_the_store_useless_too() -> None:
    shared = Shared()
    world = shared.world()
    shared.presign(world)
    assert world.status(11).next_update_utc == NOW + 48 * HOUR
    shared.source.statuses[12] = HOLD
    shared.source.log.extend([1, 2, 3])
    shared.source.log_begins = 3
    world.wait(0.25)
    assert world.status(12).certificate_status.name == "REVOKED"


def test_more_changes_than_are_remembered_make_the_store_useless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocsp.store._MOST_CHANGES", 3)
    shared = Shared()
    world = shared.world()
    shared.presign(world)
    assert world.status(11).next_update_utc == NOW + 48 * HOUR
    for serial in (12, 77, 78, 79):
        shared.source.change(serial, HOLD)
        world.wait(0.25)
        world.status(11)
    assert world.status(12).certificate_status.name == "REVOKED"
    assert world.status(13).next_update_utc == world.now + timedelta(minutes=10)


def test_restored_source_makes_the_store_useless() -> None:
    """What was logged after the copy is gone; the answers from then are signed statuses of nothing."""
    shared = Shared()
    world = shared.world()
    shared.source.change(13, HOLD)
    shared.presign(world)
    assert world.status(11).next_update_utc == NOW + 48 * HOUR
    shared.source.log.clear()
    shared.source.statuses[13] = Good()
    world.wait(0.25)
    assert world.status(13).certificate_status.name == "GOOD"
    late = shared.world()
    assert late.status(13).certificate_status.name == "GOOD"


def test_answer_past_half_its_life_is_signed_anew() -> None:
    """So that a store which is not filled any more delays nothing."""
    shared = Shared()
    world = shared.world()
    shared.presign(world)
    world.wait(24 * 3600 - 1)
    assert world.status(12).next_update_utc == NOW + 48 * HOUR
    world.wait(1)
    assert world.status(12).this_update_utc == NOW + 24 * HOUR


@pytest.mark.parametrize("at", ["start", "later"])
def test_broken_store_costs_a_signature_and_nothing_else(at: str) -> None:
    shared = Shared()
    shared.presign(shared.world())
    world = shared.world()
    shared.store.broken = at == "start"
    assert world.status(12).certificate_status.name == "GOOD"
    shared.store.broken = True
    assert world.status(13).this_update_utc == NOW
    shared.store.broken = False
    assert world.status(11).certificate_status.name == "GOOD"


def test_nonce_is_never_answered_from_the_store() -> None:
    shared = Shared()
    world = shared.world()
    shared.presign(world)
    assert len(world.status(12, nonce=b"n").extensions) == 1
    assert shared.store.hits == 0


steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["ask", "change", "presign"]), st.integers(10, 13)),
        st.tuples(st.sampled_from(["wait", "restart"]), st.integers(0, 3)),
    ),
    max_size=40,
)


@settings(max_examples=150)
@given(steps)
def test_no_answer_is_ever_older_than_the_bound(drawn: list[tuple[str, int]]) -> None:
    """Whatever the order of requests, changes, pre-signing, time and new responders."""
    shared = Shared()
    worlds = [shared.world(), shared.world()]
    history: dict[int, list[tuple[float, str]]] = {serial: [(0.0, "GOOD")] for serial in range(10, 14)}
    for number, (step, value) in enumerate(drawn):
        world = worlds[number % 2]
        if step == "wait":
            for each in worlds:
                each.wait(value / 10)
        elif step == "restart":
            fresh = shared.world()
            fresh.now, fresh.seconds = world.now, world.seconds
            worlds[number % 2] = fresh
        elif step == "presign":
            shared.presign(world, [value])
        elif step == "change":
            held = history[value][-1][1] == "REVOKED"
            shared.source.change(value, Good() if held else HOLD)
            history[value].append((world.seconds, "GOOD" if held else "REVOKED"))
        else:
            recent = {history[value][-1][1]}
            recent |= {said for (_, said), (until, _) in pairwise(history[value]) if until > world.seconds - 0.25}
            assert world.status(value).certificate_status.name in recent


def test_stored_answer_is_looked_for_again_after_the_life_of_a_fresh_one() -> None:
    """So that a store that was emptied, because its signer is out of force, is noticed."""
    shared = Shared()
    world = shared.world()
    shared.presign(world)
    assert world.status(12).next_update_utc == NOW + 48 * HOUR
    shared.store.answers.clear()
    world.wait(599)
    assert world.status(12).this_update_utc == NOW
    world.wait(1)
    assert world.status(12).this_update_utc == NOW + timedelta(minutes=10)


def test_answer_is_whole_again_when_its_signer_is_put_back() -> None:
    world = World()
    (answer,) = presign(world, [12])
    certificate = world.authority.signer.certificate
    start = ocsp.shortened(answer.body, certificate)
    assert len(start) < len(answer.body) - len(certificate)
    assert ocsp.completed(start, certificate) == answer.body
    with pytest.raises(ocsp.ImpossibleResponse):
        ocsp.shortened(answer.body, world.authority.new_signer(not_after=NOW + DAY).certificate)


@pytest.mark.parametrize("serial", [1, 127, 128, 255, 256, 2**64, 2**127, 2**159 - 1])
@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
def test_serial_number_is_found_in_the_cert_id(serial: int, algorithm: HashAlgorithm) -> None:
    facts = certificate_facts(World().authority.ca.public_bytes(DER))
    assert ocsp.serial_in(ocsp.CertIdWriter(facts, algorithm).write(serial).raw) == serial
