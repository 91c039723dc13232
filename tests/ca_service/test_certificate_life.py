"""The life of a certificate: every step has its ground, an order its second officer, and time never releases."""

from datetime import timedelta

import pytest

from ca_service.domain import errors
from ca_service.domain.certificates import Certificate, CertificateEvent, CertificateStatus, RevocationReason
from ca_service.domain.orders import OrderStatus
from ca_service.domain.roles import Role
from ca_service.periodic import WORKER
from ca_service.workflows import certificate_status as status
from ca_service.workflows import certificates, orders
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import BANNER, LEAGUE, Office, actor

SECOND = actor(Role.REVIEWER, login="second")


def _now(office: Office, serial: str) -> CertificateStatus:
    with office.services.read() as uow:
        return uow.certificates.get(serial).status


def _unconfirmed(office: Office) -> Certificate:
    holder, token = office.handed_over()
    begun = office.begin(token, office.codes(holder))
    office.fetch(token, begun)
    with office.services.read() as uow:
        (found,) = uow.certificates.find(holder_id=holder)
    return found


def test_the_history_tells_every_step_and_its_ground(office: Office) -> None:
    serial = office.enrolled().serial
    status.freeze(office.services, office.reviewer, serial, reason="遗失")
    status.unfreeze(office.services, office.reviewer, serial, reason="找到")
    status.revoke(office.services, office.reviewer, serial, reason="泄露", crl_reason=RevocationReason.KEY_COMPROMISE)
    steps = certificates.history(office.services, office.reviewer, serial)
    assert [(step.event, step.status) for step in steps] == [
        (CertificateEvent.SIGN, CertificateStatus.ISSUED),
        (CertificateEvent.CONFIRM, CertificateStatus.ACTIVE),
        (CertificateEvent.FREEZE, CertificateStatus.FROZEN),
        (CertificateEvent.UNFREEZE, CertificateStatus.ACTIVE),
        (CertificateEvent.REVOKE, CertificateStatus.REVOKED),
    ]
    with office.services.read() as uow:
        known = {order.id for order in uow.orders.find()} | {enrolment.id for enrolment in uow.enrolments.find()}
    assert {step.ground for step in steps[1:]} <= known
    versions = [step.version for step in steps[2:]]
    assert versions == sorted(set(versions))


def test_any_officer_above_may_freeze_but_only_the_centre_releases_or_revokes(office: Office) -> None:
    serial = office.enrolled().serial
    for who in (actor(Role.CLERK, BANNER), actor(Role.REVIEWER, "150400"), actor(Role.AUDITOR)):
        with pytest.raises(errors.Forbidden):
            status.freeze(office.services, who, serial, reason="电话")
    league = actor(Role.REVIEWER, LEAGUE)
    status.freeze(office.services, league, serial, reason="电话报失")
    with pytest.raises(errors.Forbidden):
        status.unfreeze(office.services, league, serial, reason="找到")


def test_an_order_is_confirmed_by_another_officer(office: Office) -> None:
    serial = office.enrolled().serial
    status.freeze(office.services, office.reviewer, serial, reason="电话报失")
    (order,) = orders.list_orders(office.services, office.reviewer, waiting=True).rows
    with pytest.raises(errors.Forbidden):
        orders.confirm_order(office.services, office.reviewer, order.id)
    assert orders.confirm_order(office.services, SECOND, order.id).status is OrderStatus.CONFIRMED
    assert orders.list_orders(office.services, office.reviewer, waiting=True).rows == []
    with pytest.raises(errors.IllegalTransition):
        orders.confirm_order(office.services, SECOND, order.id)


def test_an_order_without_a_second_officer_is_escalated_and_nothing_is_undone(office: Office, clock: TestClock) -> None:
    serial = office.enrolled().serial
    status.freeze(office.services, office.reviewer, serial, reason="电话报失")
    assert orders.escalate_orders(office.services, WORKER) == 0
    clock.pass_time(hours=25)
    assert [orders.escalate_orders(office.services, WORKER) for _ in range(2)] == [1, 0]
    assert _now(office, serial) is CertificateStatus.FROZEN
    (order,) = orders.list_orders(office.services, SECOND, waiting=True).rows
    assert orders.confirm_order(office.services, SECOND, order.id).status is OrderStatus.CONFIRMED


def test_a_hold_does_not_stand_in_for_the_proof_of_the_key(office: Office) -> None:
    serial = _unconfirmed(office).serial
    status.freeze(office.services, office.reviewer, serial, reason="情况不明")
    status.unfreeze(office.services, office.reviewer, serial, reason="查明")
    assert _now(office, serial) is CertificateStatus.ISSUED


def test_what_nobody_confirms_is_frozen_then_revoked(office: Office, clock: TestClock) -> None:
    serial = _unconfirmed(office).serial
    assert orders.close_unconfirmed(office.services, WORKER) == []
    clock.pass_time(hours=25)
    orders.close_unconfirmed(office.services, WORKER)
    assert _now(office, serial) is CertificateStatus.FROZEN
    clock.pass_time(days=6)
    assert orders.close_unconfirmed(office.services, WORKER) == []
    clock.pass_time(days=2)
    orders.close_unconfirmed(office.services, WORKER)
    assert _now(office, serial) is CertificateStatus.REVOKED


def test_a_confirmed_certificate_on_hold_is_left_to_people(office: Office, clock: TestClock) -> None:
    serial = office.enrolled().serial
    status.freeze(office.services, office.reviewer, serial, reason="调查")
    clock.pass_time(days=200)
    orders.close_unconfirmed(office.services, WORKER)
    assert _now(office, serial) is CertificateStatus.FROZEN
    (held,) = orders.overdue_holds(office.services, office.reviewer).rows
    assert held.serial == serial


def test_the_holder_is_reminded_once_in_each_period(office: Office, clock: TestClock) -> None:
    serial = office.enrolled().serial
    status.freeze(office.services, office.reviewer, serial, reason="调查")
    reminders = []
    for _ in range(4):
        clock.pass_time(days=16)
        reminders.append(orders.remind_of_holds(office.services))
    assert reminders == [0, 1, 0, 1]
    with office.services.read() as uow:
        texts = [message.letter.text for message in uow.messages.find()]
    assert sum("已冻结" in text for text in texts) == 2


def test_an_expired_certificate_is_not_released(office: Office, clock: TestClock) -> None:
    certificate = office.enrolled()
    status.freeze(office.services, office.reviewer, certificate.serial, reason="调查")
    clock.passed += certificate.not_after - clock() + timedelta(seconds=1)
    with pytest.raises(errors.Conflict, match="过期"):
        status.unfreeze(office.services, office.reviewer, certificate.serial, reason="查明")
    with office.services.read() as uow:
        assert uow.certificates.get(certificate.serial).shown_status(clock()) == "expired"
