"""Notices by e-mail: written with the act, to the person's address, with nothing personal in them."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ca_service.domain import errors
from ca_service.domain.changes import CertificateAct, Change, ChangeKind, Particular
from ca_service.domain.conflicts import ConflictEvent
from ca_service.domain.messages import Channel, Letter, Message, MessageStatus
from ca_service.workflows import change, messages, review
from ca_service.workflows.conflict_cases import ConflictDecision, decide_conflict
from ca_service.workflows.ports import Courier
from tests.ca_service.desk import BANNER_REVIEWER, CENTRE, CENTRE_REVIEWER, Desk, contact
from tests.ca_service.office import Office

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


def _mails(office: Office) -> Sequence[Message]:
    with office.services.read() as uow:
        return uow.messages.find(channel=Channel.EMAIL, order="created_at")


def _case(office: Office, holder: str, kind: ChangeKind, **after: str) -> Change:
    values = {Particular(name): value for name, value in after.items()}
    form = change.Form(kind, holder, "本人申请", "同意", False, office.scan, "form.pdf", after=values)
    return change.submit(office.services, office.clerk, form)


def _executed(office: Office, case: Change, act: CertificateAct | None = None) -> None:
    decision = change.Decision(approve=True, certificate_act=act)
    change.decide(office.services, CENTRE_REVIEWER, case.id, decision)
    change.execute(office.services, CENTRE_REVIEWER, case.id)


def test_a_return_and_a_registration_are_told_to_the_person_and_say_nothing_personal(
    office: Office, desk: Desk
) -> None:
    made = desk.enter(7, name="示范庚")
    review.give_back(office.services, BANNER_REVIEWER, [made.id], reason="身份证号码与示范庚的证件不一致")
    review.resubmit(office.services, office.clerk, [made.id])
    desk.confirmed(desk.application(made.id))
    returned, registered = _mails(office)
    assert "已退回" in returned.letter.text
    assert "已审核通过并登记" in registered.letter.text
    with office.services.read() as uow:
        unit = uow.units.get(made.unit_code).name
    personal = (*vars(contact(7)).values(), "示范庚", made.id, "不一致")
    for mail in (returned, registered):
        assert (mail.letter.to, mail.unit_code, mail.status) == (
            "p7@example.com",
            made.unit_code,
            MessageStatus.PENDING,
        )
        assert unit in mail.letter.text
        assert [value for value in personal if value in mail.letter.text + mail.letter.subject] == []


def test_a_change_case_is_told_when_it_is_returned_and_when_it_is_carried_out(office: Office, desk: Desk) -> None:
    holder = desk.confirmed(desk.enter(7))
    case = _case(office, holder, ChangeKind.STOP)
    change.give_back(office.services, BANNER_REVIEWER, case.id, reason="缺少公章")
    change.resubmit(office.services, office.clerk, case.id)
    _executed(office, case)
    assert [mail.letter.subject for mail in _mails(office)[1:]] == ["教育CA：变更申请已退回", "教育CA：变更已办理"]


def test_a_changed_address_is_told_to_the_new_and_to_the_former(office: Office, desk: Desk) -> None:
    holder = desk.confirmed(desk.enter(7))
    _executed(office, _case(office, holder, ChangeKind.INFORMATION_CHANGE, email="new@example.com"))
    assert [mail.letter.to for mail in _mails(office)[1:]] == ["new@example.com", "p7@example.com"]


def test_who_is_returned_in_a_conflict_is_told_too(office: Office, desk: Desk) -> None:
    first, second = (desk.enter(7, unit=unit) for unit in desk.schools()[:2])
    with office.services.read() as uow:
        (case,) = uow.conflicts.find()
    decide_conflict(office.services, BANNER_REVIEWER, case.id, ConflictDecision(ConflictEvent.RETURN_BOTH, "重复"))
    assert {mail.unit_code for mail in _mails(office)} == {first.unit_code, second.unit_code}


def test_an_act_that_is_refused_or_a_person_without_an_address_sends_nothing(office: Office, desk: Desk) -> None:
    made = desk.enter(7)
    with pytest.raises(errors.Invalid):
        review.give_back(office.services, BANNER_REVIEWER, [made.id], reason=" ")
    with office.services.begin() as uow:
        uow.applications.change(made, contact=replace(made.contact, email=""))
    review.give_back(office.services, BANNER_REVIEWER, [made.id], reason="缺少公章")
    assert _mails(office) == []


class _Recorder(Courier):
    def __init__(self, channel: Channel, sent: list[Channel]) -> None:
        self._channel, self._sent = channel, sent

    def send(self, message: Message) -> None:
        assert message.channel is self._channel
        self._sent.append(self._channel)


def test_a_code_by_sms_does_not_wait_for_older_mail(office: Office) -> None:
    sent: list[Channel] = []
    with office.services.begin() as uow:
        for channel in (Channel.EMAIL, Channel.EMAIL, Channel.SMS):
            messages.post(office.services, uow, channel, Letter("x", "y"), unit=CENTRE)
    couriers = {channel: _Recorder(channel, sent) for channel in (Channel.SMS, Channel.EMAIL)}
    assert messages.deliver(office.services, couriers) == 3
    assert sent == [Channel.SMS, Channel.EMAIL, Channel.EMAIL]
