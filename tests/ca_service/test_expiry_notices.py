"""Holders are told that their certificate ends: at the window, 30, 7 and 1 days before, each once, whoever works."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, BrokenBarrierError

import pytest

from ca_service.clock import SHANGHAI
from ca_service.domain.certificates import Certificate
from ca_service.domain.errors import Conflict
from ca_service.domain.messages import Channel
from ca_service.workflows.certificate_status import freeze
from ca_service.workflows.expiry_notices import announce_ends
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import CONTACT, Office
from tests.ca_service.test_renew import enrolled


def told(office: Office) -> list[str]:
    """The messages about an end, oldest first."""
    with office.services.read() as uow:
        found = uow.messages.find(channel=Channel.SMS, order="created_at")
    assert {message.letter.to for message in found} == {CONTACT.mobile}
    return [message.letter.text for message in found if "到期（" in message.letter.text]


def at_days_before(clock: TestClock, certificate: Certificate, days: float) -> None:
    """Put the clock to a while after the moment that many days before the end."""
    clock.passed += certificate.not_after - timedelta(days=days) - clock() + timedelta(minutes=1)


def test_each_moment_is_told_once_however_often_the_worker_looks(office: Office, clock: TestClock) -> None:
    mine = office.enrolled()
    for days in (200, 31, 30, 29, 8, 7, 6, 1, 0.5):
        at_days_before(clock, mine, days)
        announce_ends(office.services)
        announce_ends(office.services)

    day = mine.not_after.astimezone(SHANGHAI)
    assert [text.split("（")[1].split("）")[0] for text in told(office)] == ["还有 29 天", "还有 6 天", "不足 1 天"]
    assert all(f"{day.year} 年 {day.month} 月 {day.day} 日 到期" in text for text in told(office))
    assert all(mine.subject not in text for text in told(office))


def test_a_longer_window_is_one_moment_more(office: Office, clock: TestClock) -> None:
    longer = replace(office.services, terms=replace(office.services.terms, renewal_window=timedelta(days=60)))
    mine = Office(longer).enrolled()
    for days in (61, 60, 30, 7, 1):
        at_days_before(clock, mine, days)
        announce_ends(longer)
    assert len(told(office)) == 4


def test_after_a_standstill_one_message_goes_out(office: Office, clock: TestClock) -> None:
    mine = office.enrolled()
    at_days_before(clock, mine, 3)
    assert announce_ends(office.services) == 1
    assert len(told(office)) == 1


@pytest.mark.parametrize("ended", ["expired", "frozen", "renewed"])
def test_who_has_nothing_to_renew_is_not_told(office: Office, clock: TestClock, ended: str) -> None:
    renewing = enrolled(office, "1")
    at_days_before(clock, renewing.old, -1 if ended == "expired" else 20)
    if ended == "frozen":
        freeze(office.services, office.reviewer, renewing.old.serial, reason="调查")
    if ended == "renewed":
        begun = renewing.begin()
        renewing.confirm(begun, renewing.fetch(begun))
    assert announce_ends(office.services) == 0
    assert told(office) == []


def test_the_new_certificate_has_moments_of_its_own(office: Office, clock: TestClock) -> None:
    renewing = enrolled(office, "1")
    at_days_before(clock, renewing.old, 20)
    begun = renewing.begin()
    new = renewing.confirm(begun, renewing.fetch(begun))
    at_days_before(clock, new, 20)
    assert announce_ends(office.services) == 1


def test_of_two_workers_at_once_one_tells(office: Office, clock: TestClock) -> None:
    mine = office.enrolled()
    at_days_before(clock, mine, 20)
    both_have_read = Barrier(2)

    def meeting(octets: int) -> bytes:
        with suppress(BrokenBarrierError):  # on SQLite the second reads when the first has written
            both_have_read.wait(0.5)
        return os.urandom(octets)

    services = replace(office.services, random_bytes=meeting)  # asked for the message's id, before the moment is set

    def work(_: int) -> int:
        try:
            return announce_ends(services)
        except Conflict:
            return 0

    with ThreadPoolExecutor(2) as workers:
        assert sum(workers.map(work, range(2))) == 1
    assert len(told(office)) == 1


def test_a_certificate_from_before_this_was_kept_is_told_as_well(office: Office, clock: TestClock) -> None:
    mine = office.enrolled()
    with office.services.begin() as uow:
        uow.certificates.change(mine, end_notice_at=mine.confirmed_at)  # what the migration writes
    assert announce_ends(office.services) == 0
    at_days_before(clock, mine, 20)
    assert announce_ends(office.services) == 1
