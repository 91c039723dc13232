"""What a responder tells of itself: each request is counted once, each change is told once it is in force."""

from dataclasses import asdict, dataclass, field

import pytest

import ocsp
from ocsp.status import CERTIFICATE_HOLD, Changes, Revoked
from tests.ocsp.test_wsgi import call
from tests.ocsp.world import NOW, SourceBrokenError, World, make_authority, make_multi_request, make_request

FROZEN = Revoked(NOW, CERTIFICATE_HOLD)


@dataclass
class Told:
    """An observer that remembers."""

    changes: list[Changes] = field(default_factory=list)

    def applied(self, changes: Changes) -> None:
        self.changes.append(changes)


def _counted(world: World) -> dict[str, int]:
    return {name: number for name, number in asdict(world.responder.counts).items() if number}


def test_every_way_to_an_answer_is_counted_and_each_request_once() -> None:
    world, one = World(), make_request(10)
    for body in (one, one, one, make_request(10, nonce=b"n" * 16), make_multi_request(one, make_request(11))):
        world.responder.answer(body)
    for body in (make_request(999), b"no request", make_request(10, authority=make_authority("Another CA"))):
        world.responder.answer(body)
    assert _counted(world) == {
        "signed": 1, "cached": 2, "signed_once": 2, "never_issued": 1, "malformed": 1, "unauthorized": 1,
    }  # fmt: skip


def test_other_octets_about_a_known_certificate_are_recognised() -> None:
    world, one = World(), make_request(10)
    world.responder.answer(one)
    # An extension of the request that we do not know, and that is not critical.
    unknown = bytes.fromhex("a20f300d300b06042a03040504030101ff")
    world.responder.answer(make_multi_request(one, extensions=unknown))
    assert _counted(world) == {"signed": 1, "recognised": 1}


def test_a_source_that_fails_is_try_later_and_an_http_error_is_refused() -> None:
    world = World()
    world.source.broken = True
    world.responder.answer(make_request(10))
    call(world, "POST", "/ocsp", b"x", CONTENT_TYPE="text/plain")
    call(world, "GET", "/elsewhere")
    assert _counted(world) == {"try_later": 1, "refused": 2}


def test_a_change_is_told_once_when_the_next_answer_knows_it() -> None:
    told = Told()
    world = World(observer=told)
    world.status(10)
    assert told.changes == []
    world.source.change(10, FROZEN)
    world.wait(world.policy.staleness)
    world.status(10)
    world.wait(world.policy.staleness)
    world.status(10)
    assert [(change.version, change.serials, change.moments) for change in told.changes] == [(1, [10], [NOW])]


def test_following_brings_a_change_into_force_without_a_request() -> None:
    told = Told()
    world = World(observer=told)
    world.status(10)
    world.source.change(10, FROZEN)
    world.responder.follow()
    assert told.changes == [], "the staleness bound has not passed: nobody asks the log"
    world.wait(world.policy.staleness)
    world.responder.follow()
    assert len(told.changes) == 1
    reads = world.source.log_reads
    assert world.status(10).certificate_status.name == "REVOKED"
    assert world.source.log_reads == reads, "the request did not wait for the log"


def test_what_lies_before_the_start_is_not_told() -> None:
    told = Told()
    world = World(observer=told)
    world.source.change(10, FROZEN)
    world.responder.follow()
    assert told.changes == []


def test_following_raises_what_the_source_raises() -> None:
    world = World()
    world.source.broken = True
    with pytest.raises(SourceBrokenError):
        world.responder.follow()
    assert isinstance(world.responder.counts, ocsp.Counts)
