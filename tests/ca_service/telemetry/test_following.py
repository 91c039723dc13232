"""One publication process beside its requests: a change comes into force, is measured and kept, without a request."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from ca_service.app import responder
from ca_service.config import Config
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, Unavailable
from ca_service.domain.propagation import Reach
from ca_service.telemetry.following import Following, SeenChanges
from ca_service.telemetry.meter import PrometheusMeter
from ca_service.wiring import Wiring
from ca_service.workflows import propagation
from ca_service.workflows.certificate_status import freeze, unfreeze
from ca_service.workflows.health import health
from ca_service.workflows.publish_crl import publish_crl
from ocsp import Changes
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office
from tests.ca_service.telemetry.running import Scrape


@pytest.fixture
def meter() -> PrometheusMeter:
    return PrometheusMeter()


@pytest.fixture
def wiring(config: Config, clock: TestClock, meter: PrometheusMeter) -> Iterator[Wiring]:
    """A service that is measured."""
    made = Wiring(config, clock=clock, meter=meter)
    yield made
    made.issuing_sessions.drop()
    made.root_sessions.drop()
    made.database.engine.dispose()


@pytest.fixture
def following(wiring: Wiring) -> Following:
    """After its first look at the log."""
    seen = SeenChanges(wiring.clock)
    made = Following(wiring.services, responder(wiring, observer=seen), seen, issuer="issuing")
    made._responder.follow()
    return made


def _later(following: Following, clock: TestClock) -> None:
    """Step when the staleness bound has passed and it is time to write."""
    following._responder.recheck()
    clock.pass_time(seconds=2)
    following.step()


def _kept(office: Office) -> Mapping[Reach, int]:
    with office.services.read() as uow:
        lags = uow.lags.find()
    return {reach: sum(lag.changes for lag in lags if lag.reach is reach) for reach in {lag.reach for lag in lags}}


def test_a_change_is_seen_measured_and_kept_once_without_a_request(
    office: Office, following: Following, meter: PrometheusMeter, clock: TestClock
) -> None:
    freeze(office.services, office.reviewer, office.enrolled().serial, reason="x")
    _later(following, clock)
    _later(following, clock)
    assert _kept(office) == {Reach.OCSP: 1}
    with office.services.read() as uow:
        (lag,) = uow.lags.find()
    assert 2 <= lag.seconds < 60
    assert _scraped(meter)("educa_propagation_seconds_count", reach="ocsp") == 1


def _scraped(meter: PrometheusMeter) -> Scrape:
    families = meter.scraped.collect()
    return Scrape({(s.name, frozenset(s.labels.items())): s.value for f in families for s in f.samples})


def test_what_the_database_would_not_take_is_written_the_next_time(
    office: Office, following: Following, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze(office.services, office.reviewer, office.enrolled().serial, reason="x")

    def away(*_: object) -> None:
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr("ca_service.telemetry.following.record_seen", away)
        _later(following, clock)
    assert _kept(office) == {}
    _later(following, clock)
    assert _kept(office) == {Reach.OCSP: 1}


def test_a_published_list_is_measured_with_all_that_is_new_in_it(office: Office, clock: TestClock) -> None:
    serial = office.enrolled().serial
    freeze(office.services, office.reviewer, serial, reason="x")
    clock.pass_time(seconds=30)
    unfreeze(office.services, office.reviewer, serial, reason="x")
    publish_crl(office.services, office.operator, "issuing")
    publish_crl(office.services, office.operator, "issuing")
    assert _kept(office) in ({Reach.CRL: 2}, {Reach.CRL: 2, Reach.DELTA: 2})
    with office.services.read() as uow:
        assert max(lag.seconds for lag in uow.lags.find(reach=Reach.CRL)) >= 30


def test_a_week_later_it_is_forgotten(office: Office, clock: TestClock) -> None:
    freeze(office.services, office.reviewer, office.enrolled().serial, reason="x")
    publish_crl(office.services, office.operator, "issuing")
    assert propagation.prune(office.services) == 0
    clock.pass_time(days=8)
    assert propagation.prune(office.services) >= 1
    assert _kept(office) == {}


def test_a_process_is_known_while_it_beats(office: Office, following: Following, clock: TestClock) -> None:
    _later(following, clock)
    assert [pulse.part for pulse in health(office.services).alive] == ["publication"]
    clock.pass_time(minutes=2)
    assert health(office.services).alive == []
    clock.pass_time(hours=2)
    _later(following, clock)
    assert [pulse.part for pulse in health(office.services).processes] == ["publication"]


def test_answers_are_counted_once(following: Following, meter: PrometheusMeter, clock: TestClock) -> None:
    for _ in range(3):
        following._responder.answer(b"no request")
    _later(following, clock)
    _later(following, clock)
    assert _scraped(meter)("educa_ocsp_answers_total", outcome="malformed") == 3


def test_an_entry_that_was_rolled_back_is_not_counted(wiring: Wiring, meter: PrometheusMeter, office: Office) -> None:
    certificate = office.enrolled()
    before = _scraped(meter).total("educa_audit_entries_total")
    assert before > 0
    with pytest.raises(Conflict), wiring.database.begin() as uow:  # noqa: PT012  the whole transaction is what fails
        uow.audit.append(office.operator, Tag.CERTIFICATE_INTENT, "1f", unit=certificate.unit_code)
        uow.certificates.add(certificate)
    assert _scraped(meter).total("educa_audit_entries_total") == before
    assert _scraped(meter)("educa_issue_seconds_count", profile="information-administrator") == 1


def test_the_observer_gives_each_look_once() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    seen = SeenChanges(lambda: now)
    seen.applied(Changes(1, [1], [now - timedelta(seconds=0.2)]))
    assert seen.take() == [(now, {0.2: 1})]
    assert seen.take() == []
