"""When lists come: on change but not at each, by schedule, once however many workers there are; when entries go."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from cryptography import x509

from ca_service.config import Config
from ca_service.domain.certificates import Certificate, RevocationReason
from ca_service.domain.crls import CrlLine, CrlStatus, PublishedCrl
from ca_service.periodic import WORKER
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze, revoke, unfreeze
from ca_service.workflows.ports import Services
from ca_service.workflows.publish_crl import publish_crl, publish_if_due
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office

_PAUSE = timedelta(seconds=30)


def _patient(office: Office) -> Services:
    """The service with a longer pause between two lists."""
    return replace(office.services, terms=replace(office.services.terms, crl_pause=_PAUSE))


def _published(office: Office) -> Sequence[PublishedCrl]:
    with office.services.read() as uow:
        return [one for one in uow.crls.find(name="issuing", order="number") if one.status is CrlStatus.PUBLISHED]


def _serials(published: PublishedCrl) -> set[str]:
    return {f"{entry.serial_number:x}" for entry in x509.load_der_x509_crl(published.der or b"")}


def _freeze(office: Office, certificate: Certificate) -> None:
    freeze(office.services, office.reviewer, certificate.serial, reason="遗失")


def test_many_changes_at_once_are_one_list_after_the_pause(office: Office, clock: TestClock) -> None:
    services, certificates = _patient(office), [office.enrolled(str(n)) for n in range(8)]
    publish_crl(office.services, office.operator, "issuing")
    for certificate in certificates:
        _freeze(office, certificate)
        assert publish_if_due(services, WORKER, "issuing") == []
    clock.passed += _PAUSE
    (published,) = publish_if_due(services, WORKER, "issuing")
    assert _serials(published) == {certificate.serial for certificate in certificates}
    assert publish_if_due(services, WORKER, "issuing") == []


def test_lists_lie_at_least_the_pause_apart_however_steadily_things_change(office: Office, clock: TestClock) -> None:
    services, certificate = _patient(office), office.enrolled()
    first = len(_published(office))
    for number in range(60):
        act = unfreeze if number % 2 else freeze
        act(office.services, office.reviewer, certificate.serial, reason="遗失")
        publish_if_due(services, WORKER, "issuing")
        clock.pass_time(seconds=7)
    moments = [one.this_update for one in _published(office)[first:]]
    assert len(moments) > 10
    assert min(b - a for a, b in pairwise(moments)) >= _PAUSE


def test_of_many_workers_that_see_the_same_change_one_publishes(
    office: Office, config: Config, clock: TestClock
) -> None:
    certificates = [office.enrolled(str(n)) for n in range(4)]
    before = len(_published(office))
    # Connections of their own, as in processes of their own; the lock is the database's.
    workers = [Wiring(config, clock=clock) for _ in range(4)]
    for worker in workers:
        worker.services.authority("issuing")
    for certificate in certificates:
        clock.pass_time(seconds=5)
        _freeze(office, certificate)
        start = threading.Barrier(len(workers))

        def work(worker: Wiring, start: threading.Barrier = start) -> int:
            start.wait(20)
            return len(publish_if_due(worker.services, WORKER, "issuing"))

        with ThreadPoolExecutor(len(workers)) as crowd:
            assert sum(crowd.map(work, workers)) == 1
    for worker in workers:
        worker.issuing_sessions.drop()
        worker.database.engine.dispose()
    lists = _published(office)[before:]
    assert [len(_serials(one)) for one in lists] == [1, 2, 3, 4]
    assert [one.number for one in lists] == list(range(lists[0].number, lists[0].number + 4))


def test_while_one_worker_signs_another_waits_for_it_a_minute_and_no_longer(office: Office, clock: TestClock) -> None:
    publish_crl(office.services, office.operator, "issuing")
    clock.pass_time(hours=2)
    with office.services.begin() as uow:
        latest = uow.crls.latest("issuing")
        assert latest is not None
        number = uow.issuers.reserve_crl_number(CrlLine("issuing"))
        now = clock().replace(microsecond=0)
        dead = replace(latest, number=number, status=CrlStatus.RESERVED, this_update=now, der=None, delta=None)
        uow.crls.add(dead)
    assert publish_if_due(office.services, WORKER, "issuing") == []
    clock.pass_time(seconds=61)
    (published,) = publish_if_due(office.services, WORKER, "issuing")
    assert published.number == number + 1


def test_without_a_change_the_list_is_renewed_by_the_interval(office: Office, clock: TestClock) -> None:
    publish_crl(office.services, office.operator, "issuing")
    clock.pass_time(minutes=59)
    assert publish_if_due(office.services, WORKER, "issuing") == []
    clock.pass_time(minutes=2)
    assert len(publish_if_due(office.services, WORKER, "issuing")) == 1


@pytest.fixture
def ended(office: Office, clock: TestClock) -> Certificate:
    """A revoked certificate that is on a list; in half an hour it expires."""
    certificate = office.enrolled()
    reason = RevocationReason.KEY_COMPROMISE
    revoke(office.services, office.reviewer, certificate.serial, reason="遗失", crl_reason=reason)
    clock.passed = certificate.not_after - clock() - timedelta(minutes=30)
    publish_crl(office.services, office.operator, "issuing")
    return certificate


def test_an_expired_certificate_is_on_one_regular_list_more_and_then_on_none(
    office: Office, clock: TestClock, ended: Certificate
) -> None:
    """RFC 5280 §3.3: not removed until it appears on one regularly scheduled CRL issued beyond its validity."""
    lists: list[PublishedCrl] = []
    for _ in range(3):
        clock.pass_time(hours=1, seconds=1)
        lists += publish_if_due(office.services, WORKER, "issuing")
    beyond, following, last = lists
    assert beyond.this_update > ended.not_after
    assert [_serials(one) for one in (beyond, following, last)] == [{ended.serial}, set(), set()]


def test_a_list_between_because_of_a_change_is_not_the_regular_one(
    office: Office, clock: TestClock, ended: Certificate
) -> None:
    other = office.enrolled("2")
    clock.pass_time(minutes=40)
    between: list[PublishedCrl] = []
    for act in (freeze, unfreeze):
        act(office.services, office.reviewer, other.serial, reason="遗失")
        clock.pass_time(seconds=5)
        between += publish_if_due(office.services, WORKER, "issuing")
    assert [one.scheduled for one in between] == [False, False]
    assert all(one.this_update > ended.not_after and ended.serial in _serials(one) for one in between)
    clock.pass_time(hours=1)
    (regular,) = publish_if_due(office.services, WORKER, "issuing")
    assert regular.scheduled
    assert ended.serial in _serials(regular)
    clock.pass_time(hours=1)
    (after,) = publish_if_due(office.services, WORKER, "issuing")
    assert ended.serial not in _serials(after)


def test_what_is_revoked_after_it_expired_is_listed_once(office: Office, clock: TestClock) -> None:
    certificate = office.enrolled()
    clock.passed = certificate.not_after - clock() + timedelta(hours=2)
    publish_crl(office.services, office.operator, "issuing")
    clock.pass_time(hours=2)
    publish_crl(office.services, office.operator, "issuing")
    lost = RevocationReason.KEY_COMPROMISE
    revoke(office.services, office.reviewer, certificate.serial, reason="遗失", crl_reason=lost)
    listed = []
    for _ in range(3):
        clock.pass_time(hours=2)
        listed.append(_serials(publish_crl(office.services, office.operator, "issuing")))
    assert listed == [{certificate.serial}, set(), set()]
