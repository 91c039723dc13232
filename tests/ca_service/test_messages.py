"""The outbox: retried, never sent twice, shown when nobody knows, and never with an address in the open."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ca_service.domain import errors
from ca_service.domain.messages import (
    CLAIM_LIFETIME,
    MESSAGE,
    WAITS,
    Channel,
    Letter,
    Message,
    MessageEvent,
    MessageStatus,
)
from ca_service.domain.roles import Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows import messages
from ca_service.workflows.ports import Postponed, Rejected, Unsure
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import LEAGUE, Office, actor

REVIEWER = actor(Role.REVIEWER)


class CourierThatAnswers:
    """Stands for a gateway: raises what it is told, or takes the message."""

    def __init__(self, *answers: Exception) -> None:
        self.answers, self.taken = list(answers), list[str]()

    def send(self, message: Message) -> None:
        if self.answers:
            raise self.answers.pop(0)
        self.taken.append(message.id)


def _post(office: Office, *, unit: str = CENTRE_CODE) -> Message:
    letter = Letter("19900000001", "您好")
    with office.services.begin() as uow:
        return messages.post(office.services, uow, Channel.SMS, letter, unit=unit)


def _deliver(office: Office, clock: TestClock, courier: CourierThatAnswers) -> int:
    clock.pass_time(seconds=1)
    return messages.deliver(office.services, {Channel.SMS: courier})


def _status(office: Office, message: Message) -> MessageStatus:
    with office.services.read() as uow:
        return uow.messages.get(message.id).status


def test_a_message_goes_out_once(office: Office, clock: TestClock) -> None:
    message, courier = _post(office), CourierThatAnswers()
    assert [_deliver(office, clock, courier) for _ in range(3)] == [1, 0, 0]
    assert courier.taken == [message.id]
    assert _status(office, message) is MessageStatus.SENT


def test_two_workers_at_once_send_it_once(office: Office, clock: TestClock) -> None:
    sent = [_post(office).id for _ in range(5)]
    courier = CourierThatAnswers()
    clock.pass_time(seconds=1)
    with ThreadPoolExecutor(4) as workers:
        taken = workers.map(lambda _: messages.deliver(office.services, {Channel.SMS: courier}), range(4))
    assert sum(taken) == 5
    assert sorted(courier.taken) == sorted(sent)


def test_a_temporary_failure_is_tried_again_later_and_later(office: Office, clock: TestClock) -> None:
    message, courier = _post(office), CourierThatAnswers(*(Postponed("busy") for _ in WAITS))
    for wait in WAITS:
        _deliver(office, clock, courier)
        assert _status(office, message) is MessageStatus.PENDING
        _deliver(office, clock, courier)
        assert courier.taken == []
        clock.pass_time(seconds=wait.total_seconds())
    assert _deliver(office, clock, courier) == 1


def test_after_the_last_try_a_person_has_to_look(office: Office, clock: TestClock) -> None:
    message, courier = _post(office), CourierThatAnswers(*(Postponed("busy") for _ in range(len(WAITS) + 1)))
    for _ in range(len(WAITS) + 1):
        _deliver(office, clock, courier)
        clock.pass_time(days=1)
    assert _status(office, message) is MessageStatus.FAILED
    assert _deliver(office, clock, courier) == 0


@pytest.mark.parametrize(
    ("failure", "status"),
    [(Rejected("no such number"), MessageStatus.FAILED), (Unsure("cut"), MessageStatus.UNCERTAIN)],
)
def test_what_must_not_be_repeated_waits_for_a_person(
    office: Office, clock: TestClock, failure: Exception, status: MessageStatus
) -> None:
    message, courier = _post(office), CourierThatAnswers(failure)
    _deliver(office, clock, courier)
    clock.pass_time(days=2)
    assert (_deliver(office, clock, courier), _status(office, message)) == (0, status)
    messages.resend(office.services, REVIEWER, [message.id])
    assert _deliver(office, clock, courier) == 1


def test_a_worker_that_dies_while_sending_leaves_an_uncertain_message(office: Office, clock: TestClock) -> None:
    message, courier = _post(office), CourierThatAnswers(KeyboardInterrupt())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        _deliver(office, clock, courier)
    assert (messages.notice_lost(office.services), _status(office, message)) == (0, MessageStatus.SENDING)
    clock.pass_time(seconds=CLAIM_LIFETIME.total_seconds() + 1)
    assert (messages.notice_lost(office.services), _status(office, message)) == (1, MessageStatus.UNCERTAIN)
    assert _deliver(office, clock, courier) == 0


def test_what_was_sent_cannot_be_sent_again(office: Office, clock: TestClock) -> None:
    message = _post(office)
    _deliver(office, clock, CourierThatAnswers())
    with pytest.raises(errors.IllegalTransition):
        messages.resend(office.services, REVIEWER, [message.id])


def test_the_list_masks_the_address_and_leaves_the_text_out(office: Office) -> None:
    _post(office)
    (shown,) = messages.list_messages(office.services, REVIEWER).rows
    assert shown.letter == Letter("199******01", "")


def test_a_league_sees_the_messages_of_its_own_units(office: Office) -> None:
    _post(office, unit="150400")
    _post(office, unit=office.school)
    league = actor(Role.REVIEWER, LEAGUE)
    assert [message.unit_code for message in messages.list_messages(office.services, league).rows] == [office.school]


@pytest.mark.parametrize("status", MessageStatus)
@pytest.mark.parametrize("event", MessageEvent)
def test_moves_that_the_table_does_not_have_are_refused(status: MessageStatus, event: MessageEvent) -> None:
    if (status, event) in MESSAGE.moves:
        assert MESSAGE.after(status, event) in MessageStatus
    else:
        with pytest.raises(errors.IllegalTransition):
            MESSAGE.after(status, event)
