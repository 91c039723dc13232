"""The signer is taken away: the last good list stays, the centre is told before it runs out, and all mends itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from ca_service.app import publication_pages
from ca_service.config import Config
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.crl_alarms import AlarmKind
from ca_service.domain.crls import CrlStatus
from ca_service.domain.errors import StateUnknown, Unavailable
from ca_service.domain.key_use import Use
from ca_service.domain.messages import Channel, Message
from ca_service.domain.responsible import Duty, OfficeContact, ResponsiblePerson
from ca_service.domain.units import CENTRE_CODE
from ca_service.periodic import WORKER, tell_alarms
from ca_service.store.models import CertificateRow
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze
from ca_service.workflows.crl_alarms import raise_alarms
from ca_service.workflows.ports import Authority
from ca_service.workflows.publish_crl import publish_crl, publish_if_due
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office

_EMAIL, _MOBILE = "duty@centre.example", "19900000009"


@contextmanager
def _token_away(config: Config, wiring: Wiring) -> Iterator[None]:
    """The token's folder is somewhere else, as when the device is pulled out."""
    folder, elsewhere = config.folder / "tokens", config.folder / "tokens-away"
    folder.rename(elsewhere)
    folder.mkdir()
    wiring.issuing_sessions.drop()
    try:
        yield
    finally:
        folder.rmdir()
        elsewhere.rename(folder)
        wiring.issuing_sessions.drop()


@pytest.fixture
def pages(wiring: Wiring) -> FlaskClient:
    return publication_pages(wiring).test_client()


@pytest.fixture
def on_duty(office: Office) -> None:
    """The centre's roster names somebody, and somebody who is not there any more."""
    now = datetime.now(UTC)

    def person(number: int, email: str, ended: datetime | None) -> ResponsiblePerson:
        contact = OfficeContact("0471-3000001", _MOBILE, email)
        return ResponsiblePerson(
            f"R{number}", CENTRE_CODE, Duty.ADMINISTRATOR, number, "值班人", "技术部", "工程师", contact, "x", now,
            "x" if ended else None, ended,
        )  # fmt: skip

    with office.services.begin() as uow:
        uow.responsible.add_all([person(1, _EMAIL, None), person(2, "former@centre.example", now)])


def _told(office: Office) -> list[Message]:
    with office.services.read() as uow:
        return [message for message in uow.messages.find() if "告警" in message.letter.text]


@pytest.mark.usefixtures("on_duty")
def test_an_outage_of_the_signer_is_told_while_the_last_good_list_is_in_force_and_ends_by_itself(
    office: Office, wiring: Wiring, config: Config, clock: TestClock, pages: FlaskClient
) -> None:
    certificate = office.enrolled()
    good = publish_crl(office.services, office.operator, "issuing")
    freeze(office.services, office.reviewer, certificate.serial, reason="遗失")
    clock.pass_time(hours=2)
    with _token_away(config, wiring):
        with pytest.raises(Unavailable):
            publish_if_due(office.services, WORKER, "issuing")
        assert raise_alarms(office.services, WORKER) == []
        ready, key_away = pages.get("/readyz").text.splitlines()
        assert (ready, key_away.startswith("warning: token ")) == ("ready", True)
        clock.pass_time(hours=15)
        (late,) = raise_alarms(office.services, WORKER)
        assert (late.name, late.number, late.kind) == ("issuing", good.number, AlarmKind.LATE)
        assert [message.letter.to for message in _told(office)] == [_EMAIL]
        assert raise_alarms(office.services, WORKER) == []
        answer = pages.get("/readyz")
        assert (answer.status_code, answer.text.splitlines()[2:]) == (200, ["warning: CRL issuing: late"])
        assert pages.get("/crl/issuing.crl").data == good.der
        clock.pass_time(hours=5, minutes=30)
        assert tell_alarms(wiring) == 1
        assert {message.channel for message in _told(office)} == {Channel.EMAIL, Channel.SMS}
        clock.pass_time(hours=2)
        assert [alarm.kind for alarm in raise_alarms(office.services, WORKER)] == [AlarmKind.EXPIRED]
        assert pages.get("/readyz").status_code == 503
        assert pages.get("/crl/issuing.crl").data == good.der
        with pytest.raises(Unavailable):
            publish_if_due(office.services, WORKER, "issuing")
    clock.pass_time(seconds=15)
    (published,) = publish_if_due(office.services, WORKER, "issuing")
    assert pages.get("/crl/issuing.crl").data == published.der
    assert pages.get("/readyz").text == "ready\n"
    assert raise_alarms(office.services, WORKER) == []
    with office.services.read() as uow:
        subjects = [entry.subject for entry in uow.audit.entries() if entry.tag == Tag.CRL_ALARM]
    assert subjects == [f"issuing#{good.number}"] * 3


class _KeyGoneAfterIntent:
    """Says that the key is there, which then goes away before it signs."""

    def __init__(self, real: Authority) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def require_key(self, use: Use) -> None:
        """It was there."""


def test_while_the_key_is_away_no_number_is_taken_and_no_serial_is_written_down(
    office: Office, wiring: Wiring, config: Config, clock: TestClock
) -> None:
    published = publish_crl(office.services, office.operator, "issuing")
    clock.pass_time(hours=2)
    holder, token = office.handed_over()
    begun = office.begin(token, office.codes(holder))
    with _token_away(config, wiring):
        for _ in range(3):
            with pytest.raises(Unavailable):
                publish_if_due(office.services, WORKER, "issuing")
            with pytest.raises(Unavailable):
                office.fetch(token, begun)
        with office.services.read() as uow:
            assert uow.issuers.get("issuing").crl_number == published.number
            assert uow.certificates.count(status=CertificateStatus.SIGNING) == 0
    assert office.fetch(token, begun).certificate


def test_a_number_that_could_not_be_signed_is_given_up_without_its_contents_and_asked_for_again_later(
    office: Office, wiring: Wiring, config: Config, clock: TestClock
) -> None:
    publish_crl(office.services, office.operator, "issuing")
    clock.pass_time(hours=2)
    gone_after = replace(office.services, authority=lambda name: _KeyGoneAfterIntent(wiring.authority(name)))
    with _token_away(config, wiring):
        with pytest.raises(Unavailable):
            publish_if_due(gone_after, WORKER, "issuing")
        with office.services.read() as uow:
            newest = uow.crls.find(name="issuing", order="-number", limit=1)[0]
        assert (newest.status, newest.tbs, newest.delta_tbs) == (CrlStatus.GIVEN_UP, b"", None)
        assert publish_if_due(gone_after, WORKER, "issuing") == []
    clock.pass_time(seconds=11)
    (published,) = publish_if_due(office.services, WORKER, "issuing")
    assert published.number == newest.number + 1


@pytest.mark.usefixtures("on_duty")
def test_a_list_that_the_gate_refused_is_told_at_once_and_once(
    office: Office, wiring: Wiring, clock: TestClock, pages: FlaskClient
) -> None:
    frozen = office.enrolled()
    freeze(office.services, office.reviewer, frozen.serial, reason="遗失")
    publish_crl(office.services, office.operator, "issuing")
    with wiring.database.engine.begin() as connection:
        row = CertificateRow
        tampered = update(row).where(row.serial == frozen.serial)
        connection.execute(tampered.values(status=CertificateStatus.ACTIVE, crl_entry=None))
    for _ in range(2):
        with pytest.raises(StateUnknown):
            publish_crl(office.services, office.operator, "issuing")
        raise_alarms(office.services, WORKER)
        clock.pass_time(minutes=1)
    assert sorted(message.letter.to for message in _told(office)) == [_MOBILE, _EMAIL]
    assert all(frozen.serial not in message.letter.text for message in _told(office))
    assert pages.get("/readyz").text == "ready\nwarning: CRL issuing: refused\n"


def test_lists_that_are_published_as_they_should_be_alarm_nobody(office: Office, clock: TestClock) -> None:
    publish_crl(office.services, office.operator, "issuing")
    for _ in range(30):
        clock.pass_time(hours=1)
        assert raise_alarms(office.services, WORKER) == []
        publish_if_due(office.services, WORKER, "issuing")


def test_the_roots_list_is_told_a_month_before_its_end(office: Office, clock: TestClock) -> None:
    clock.pass_time(days=149)
    assert [alarm.name for alarm in raise_alarms(office.services, WORKER) if alarm.name == "root"] == []
    clock.pass_time(days=2)
    raised = raise_alarms(office.services, WORKER)
    assert [alarm.kind for alarm in raised if alarm.name == "root"] == [AlarmKind.LATE]
    publish_crl(office.services, office.operator, "root")
    clock.passed += timedelta(days=1)
    assert [alarm.name for alarm in raise_alarms(office.services, WORKER) if alarm.name == "root"] == []


def test_the_token_is_where_it_was(founded: Config) -> None:
    assert list(Path(founded.folder / "tokens").iterdir())
