"""What is certified is what was approved: a row changed by hand stops the push and the issuing, and is recorded."""

import pytest
from sqlalchemy import text

from ca_service.domain import errors
from ca_service.domain.changes import ChangeKind
from ca_service.wiring import Wiring
from ca_service.workflows import change, handovers, push, review
from tests.ca_service.desk import CENTRE_REVIEWER, Desk
from tests.ca_service.office import Office, SoftwareKeyInPlaceOfToken

# Where two act at once, the store matters: test_two_at_once.py runs on both.
pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


def _with_code(desk: Desk, office: Office) -> tuple[SoftwareKeyInPlaceOfToken, tuple[str, str]]:
    """A person who was approved here, with token and codes in hand."""
    holder, token = desk.confirmed(desk.enter()), office.token()
    handovers.hand_over(office.services, office.custodian, token.serial, holder_id=holder)
    return token, office.codes(holder)


def _by_hand(wiring: Wiring, statement: str) -> None:
    with wiring.database.engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount


def test_what_was_approved_is_certified(desk: Desk, office: Office) -> None:
    token, codes = _with_code(desk, office)
    assert office.fetch(token, office.begin(token, codes)).certificate


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE holder SET name = '别人'",
        "UPDATE holder SET user_type = '系统管理员'",
        "UPDATE holder SET unit_code = '150302'",
        "UPDATE holder SET approved_sha256 = '', approved_in = '', name = '别人'",
        "UPDATE holder SET approved_in = 'C1'",
        "UPDATE application SET name = '别人'",
        "UPDATE application SET approved_sha256 = ''",
        "UPDATE batch SET scan_sha256 = sheet_sha256",
        "UPDATE unit SET name = '别的学校' WHERE code IN (SELECT unit_code FROM holder)",
    ],
)
def test_a_row_changed_by_hand_is_not_certified_and_the_attempt_is_recorded(
    desk: Desk, office: Office, wiring: Wiring, statement: str
) -> None:
    token, codes = _with_code(desk, office)
    begun = office.begin(token, codes)
    _by_hand(wiring, statement)
    with pytest.raises(errors.NotApproved):
        office.fetch(token, begun)
    with office.services.read() as uow:
        assert not uow.certificates.find(profile="information-administrator")
        (enrolment,) = uow.enrolments.find()
    assert desk.audited("enrolment:certificate:refused") == [("helper", enrolment.id)]


def test_a_person_of_an_outside_directory_is_certified_as_pushed(office: Office, wiring: Wiring) -> None:
    holder, token = office.handed_over()
    begun = office.begin(token, office.codes(holder))
    _by_hand(wiring, "UPDATE holder SET name = '别人'")
    with pytest.raises(errors.NotApproved):
        office.fetch(token, begun)
    _by_hand(wiring, "UPDATE holder SET name = '示范人'")
    assert office.fetch(token, office.begin(token, office.codes(holder))).certificate


def test_who_is_stopped_with_a_code_in_hand_gets_no_certificate(desk: Desk, office: Office) -> None:
    token, codes = _with_code(desk, office)
    begun = office.begin(token, codes)
    with office.services.read() as uow:
        (holder,) = uow.holders.find()
    form = change.Form(ChangeKind.STOP, holder.id, "调离", "同意", False, office.scan, "form.pdf")
    case = change.submit(office.services, office.clerk, form)
    change.decide(office.services, CENTRE_REVIEWER, case.id, change.Decision(approve=True))
    change.execute(office.services, CENTRE_REVIEWER, case.id)
    with pytest.raises(errors.NotApproved, match="停用"):
        office.fetch(token, begun)


@pytest.mark.parametrize("approved", ["", "0" * 64])
def test_a_push_that_does_not_carry_what_was_approved_here_is_refused(
    desk: Desk, office: Office, approved: str
) -> None:
    waiting = desk.enter()
    (own,) = desk.at_centre(waiting)
    person = push.PushedPerson(
        own, waiting.unit_code, waiting.name, waiting.user_type, waiting.contact, approved_sha256=approved
    )
    (answer,) = office.push([person])
    assert (answer.outcome, answer.holder_id) == (push.Outcome.REFUSED, "")
    with office.services.read() as uow:
        assert not uow.holders.find()


def test_a_unit_renamed_between_approval_and_push_brings_the_application_back_to_the_centre(
    desk: Desk, office: Office, wiring: Wiring
) -> None:
    own = desk.enter()
    review.approve(office.services, CENTRE_REVIEWER, desk.at_centre(own))
    _by_hand(wiring, f"UPDATE unit SET name = '改名小学' WHERE code = '{own.unit_code}'")
    assert desk.pushed() == {}
    assert desk.audited("ra:application:reopened") == [("push", own.id)]
    review.approve(office.services, CENTRE_REVIEWER, [own.id])
    assert set(desk.pushed()) == {own.id}
