"""Change forms: their way up the tree, information changes before and after, and what execution hands over."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from ca_service.domain import errors
from ca_service.domain.certificates import CertificateStatus, RevocationReason
from ca_service.domain.changes import (
    AccountEventKind,
    CertificateAct,
    Change,
    ChangeKind,
    ChangeStatus,
    Particular,
    Signature,
)
from ca_service.domain.media import MediumStatus
from ca_service.domain.roles import Actor, Role
from ca_service.wiring import Wiring
from ca_service.workflows import change, enrol, handovers
from ca_service.workflows.certificate_status import by_serial
from ca_service.workflows.enrol_sessions import Session
from tests.ca_service.desk import BANNER_REVIEWER, CENTRE, CENTRE_REVIEWER, LEAGUE_REVIEWER, Desk, id_number
from tests.ca_service.office import BANNER, LEAGUE, Office, actor

_K, _P = ChangeKind, Particular

# Where two act at once, the store matters: test_two_at_once.py runs on both.
pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


def _form(office: Office, holder: str, kind: ChangeKind = _K.UNLOCK, **more: Any) -> change.Form:
    plain: dict[str, Any] = {"explanation": "工作调整", "opinion": "同意", "transferred": False, "scan": office.scan}
    return change.Form(kind, holder, scan_name="form.pdf", **{**plain, **more})


def _informed(office: Office, holder: str, after: Mapping[Particular, str]) -> Change:
    case = change.submit(office.services, office.clerk, _form(office, holder, _K.INFORMATION_CHANGE, after=after))
    change.decide(office.services, CENTRE_REVIEWER, case.id, change.Decision(approve=True))
    return change.execute(office.services, CENTRE_REVIEWER, case.id)


def test_a_case_goes_up_the_tree_by_different_hands_and_is_decided_at_the_centre(desk: Desk, office: Office) -> None:
    case = change.submit(office.services, office.clerk, _form(office, office.holder()))
    assert case.at_unit == BANNER
    with pytest.raises(errors.Forbidden):
        change.forward(office.services, LEAGUE_REVIEWER, case.id)
    change.forward(office.services, BANNER_REVIEWER, case.id)
    with pytest.raises(errors.Conflict, match="他人"):
        change.forward(office.services, BANNER_REVIEWER, case.id)
    with pytest.raises(errors.Forbidden):
        change.decide(office.services, LEAGUE_REVIEWER, case.id, change.Decision(approve=True))
    change.forward(office.services, LEAGUE_REVIEWER, case.id)
    with pytest.raises(errors.Conflict):
        change.forward(office.services, CENTRE_REVIEWER, case.id)
    change.decide(office.services, CENTRE_REVIEWER, case.id, change.Decision(approve=True))
    change.execute(office.services, CENTRE_REVIEWER, case.id)
    with office.services.read() as uow:
        ways = [(s.event, s.from_unit, s.to_unit) for s in uow.steps.find(subject=case.id)]
        feed = [(e.kind, e.change_id) for e in uow.account_events(after=0, limit=9)]
    assert ways == [
        ("forward", BANNER, LEAGUE),
        ("forward", LEAGUE, CENTRE),
        ("approve", CENTRE, CENTRE),
        ("execute", CENTRE, CENTRE),
    ]
    assert feed == [(AccountEventKind.UNLOCK, case.id)]
    assert [who for who, _ in desk.audited("ra:review:refused")] == [LEAGUE_REVIEWER.login] * 2


def test_the_centre_may_decide_a_case_that_is_still_below_and_the_step_says_where_it_lay(office: Office) -> None:
    case = change.submit(office.services, office.clerk, _form(office, office.holder()))
    change.decide(office.services, CENTRE_REVIEWER, case.id, change.Decision(approve=True))
    with office.services.read() as uow:
        (step,) = uow.steps.find(subject=case.id)
    assert (step.event, step.from_unit, step.to_unit) == ("approve", BANNER, CENTRE)


def test_a_returned_case_says_why_is_mended_and_comes_again(office: Office) -> None:
    holder = office.holder()
    case = change.submit(office.services, office.clerk, _form(office, holder))
    with pytest.raises(errors.Invalid):
        change.give_back(office.services, BANNER_REVIEWER, case.id, reason=" ")
    back = change.give_back(office.services, BANNER_REVIEWER, case.id, reason="说明不清")
    assert (back.status, back.at_unit, back.decision_reason) == (ChangeStatus.RETURNED, office.school, "说明不清")
    with pytest.raises(errors.Invalid):
        change.resubmit(office.services, office.clerk, case.id, _form(office, holder, _K.STOP))
    mended = _form(office, holder, explanation="连续输错密码", scan=b"")
    again = change.resubmit(office.services, office.clerk, case.id, mended)
    assert (again.status, again.at_unit, again.explanation) == (ChangeStatus.SUBMITTED, BANNER, "连续输错密码")
    assert again.scan_sha256 == case.scan_sha256
    with pytest.raises(errors.Forbidden, match="录入人"):
        change.forward(office.services, actor(Role.REVIEWER, BANNER, office.clerk.login), case.id)


def test_a_second_form_of_the_kind_waits_for_the_first(office: Office) -> None:
    holder = office.holder()
    first = change.submit(office.services, office.clerk, _form(office, holder))
    with pytest.raises(errors.Conflict, match=first.id):
        change.submit(office.services, office.clerk, _form(office, holder))
    change.submit(office.services, office.clerk, _form(office, holder, _K.RESET_PASSWORD))
    change.decide(office.services, CENTRE_REVIEWER, first.id, change.Decision(approve=False, reason="重复"))
    change.submit(office.services, office.clerk, _form(office, holder))


@pytest.mark.parametrize(
    ("statement", "stale"),
    [
        ("UPDATE change_case SET explanation = '别的'", True),
        ("UPDATE change_case SET scan_sha256 = approved_sha256", True),
        ("UPDATE change_case SET opinion = '别的'", True),
        ("UPDATE change_case SET certificate_act = 'freeze'", False),
    ],
)
def test_a_case_changed_by_hand_is_neither_decided_unseen_nor_executed(
    desk: Desk, office: Office, wiring: Wiring, statement: str, *, stale: bool
) -> None:
    case = change.submit(office.services, office.clerk, _form(office, office.holder(), _K.STOP))
    change.decide(office.services, CENTRE_REVIEWER, case.id, change.Decision(approve=True), seen=case.shown_sha256())
    with wiring.database.engine.begin() as connection:
        connection.execute(text(statement))
    with pytest.raises(errors.Conflict, match="不一致"):
        change.execute(office.services, CENTRE_REVIEWER, case.id)
    now = change.case(office.services, CENTRE_REVIEWER, case.id)
    assert (now.status, now.at_unit, now.certificate_act) == (ChangeStatus.SUBMITTED, CENTRE, None)
    assert desk.audited("change:case:reopened") == [(CENTRE_REVIEWER.login, case.id)]
    if stale:
        with pytest.raises(errors.Conflict, match="过时"):
            change.decide(
                office.services, CENTRE_REVIEWER, case.id, change.Decision(approve=True), seen=case.shown_sha256()
            )


def test_new_telephone_numbers_take_effect_and_the_certificate_lives_on(desk: Desk, office: Office) -> None:
    certificate = _enrolled(desk, office)
    holder = str(certificate.holder_id)
    _informed(office, holder, {_P.MOBILE: "199 0000 4321", _P.OFFICE_PHONE: "0473-3000099", _P.NAME: ""})
    with office.services.read() as uow:
        person = uow.holders.get(holder)
        now = uow.certificates.get(certificate.serial)
        (event,) = uow.account_events(after=0, limit=9)
    assert (person.contact.mobile, person.contact.office_phone) == ("19900004321", "0473-3000099")
    assert (person.contact.id_number, person.name) == (id_number(1), "示范人")
    assert now.status is CertificateStatus.ACTIVE
    assert (event.kind, event.unit_code) == (AccountEventKind.INFORMATION_CHANGE, person.unit_code)


def _enrolled(desk: Desk, office: Office) -> Any:
    """The active certificate of a person who was approved here."""
    holder, token = desk.confirmed(desk.enter()), office.token()
    handovers.hand_over(office.services, office.custodian, token.serial, holder_id=holder)
    return _downloaded(office, holder, token)


def _downloaded(office: Office, holder: str, token: Any) -> Any:
    begun = office.begin(token, office.codes(holder))
    delivered = office.fetch(token, begun)
    return enrol.confirm(office.services, Session(begun.session), signature=token.prove(delivered.challenge))


def test_a_new_name_revokes_the_certificate_and_the_next_one_carries_it(desk: Desk, office: Office) -> None:
    old = _enrolled(desk, office)
    holder, after = str(old.holder_id), {_P.NAME: "示范新"}
    case = change.submit(office.services, office.clerk, _form(office, holder, _K.INFORMATION_CHANGE, after=after))
    for act in (None, CertificateAct.FREEZE):
        with pytest.raises(errors.Invalid):
            change.decide(office.services, CENTRE_REVIEWER, case.id, change.Decision(True, certificate_act=act))
    change.decide(
        office.services, CENTRE_REVIEWER, case.id, change.Decision(True, certificate_act=CertificateAct.REVOKE)
    )
    change.execute(office.services, CENTRE_REVIEWER, case.id)
    with office.services.read() as uow:
        now, medium = by_serial(uow, old.serial), uow.media.get("T1")
    assert (now.status, now.reason) == (CertificateStatus.REVOKED, RevocationReason.AFFILIATION_CHANGED)
    assert medium.status is MediumStatus.RETURNED
    token = office.token("T2")
    handovers.hand_over(office.services, office.custodian, token.serial, holder_id=holder)
    assert _downloaded(office, holder, token).subject == "示范新"


def test_a_renamed_unit_is_approved_again_by_an_information_change(desk: Desk, office: Office, wiring: Wiring) -> None:
    holder, token = desk.confirmed(desk.enter()), office.token()
    handovers.hand_over(office.services, office.custodian, token.serial, holder_id=holder)
    codes = office.codes(holder)
    with wiring.database.engine.begin() as connection:
        connection.execute(text("UPDATE unit SET name = '改名小学' WHERE code IN (SELECT unit_code FROM holder)"))
    with pytest.raises(errors.NotApproved):
        office.fetch(token, office.begin(token, codes))
    case = _informed(office, holder, {})
    assert case.paper
    assert case.paper.after == {"unit_name": "改名小学"}
    assert office.fetch(token, office.begin(token, codes)).certificate


def test_a_person_moves_to_another_unit_only_where_the_place_is_free(desk: Desk, office: Office) -> None:
    first, second, third = desk.schools()[:3]
    holder = desk.confirmed(desk.enter(1, unit=first))
    desk.enter(2, unit=second)
    with pytest.raises(errors.Conflict, match="已有一名"):
        change.submit(
            office.services, office.clerk, _form(office, holder, _K.INFORMATION_CHANGE, after={_P.UNIT: second})
        )
    moved = _informed(office, holder, {_P.UNIT: third})
    with office.services.read() as uow:
        assert uow.holders.get(holder).unit_code == third
        assert uow.account_events(after=0, limit=9)[-1].unit_code == third
    assert moved.status is ChangeStatus.EXECUTED
    desk.enter(3, unit=first)


def test_an_information_change_never_starts_from_data_changed_by_hand(
    desk: Desk, office: Office, wiring: Wiring
) -> None:
    holder = desk.confirmed(desk.enter())
    with wiring.database.engine.begin() as connection:
        connection.execute(text("UPDATE holder SET name = '别人'"))
    with pytest.raises(errors.NotApproved):
        _informed(office, holder, {_P.MOBILE: "19900004321"})


def test_a_case_whose_ground_changed_is_not_approved(desk: Desk, office: Office) -> None:
    holder = desk.confirmed(desk.enter())
    case = change.submit(
        office.services, office.clerk, _form(office, holder, _K.INFORMATION_CHANGE, after={_P.NAME: "示范新"})
    )
    change.decide(office.services, CENTRE_REVIEWER, case.id, change.Decision(approve=True))
    with office.services.begin() as uow:
        person = uow.holders.get(holder)
        uow.holders.change(person, approved_sha256="", approved_in="", unit_code=person.unit_code)
    with pytest.raises(errors.Conflict, match="有变化"):
        change.execute(office.services, CENTRE_REVIEWER, case.id)
    refused = change.Decision(approve=False, reason="信息已变，请重新填写")
    assert change.decide(office.services, CENTRE_REVIEWER, case.id, refused).status is ChangeStatus.REFUSED


@pytest.mark.parametrize(
    "more",
    [
        {"explanation": " "},
        {"explanation": "长" * 501},
        {"scan": b"no scan"},
        {"after": {_P.MOBILE: "19900004321"}},
        {"kind": _K.INFORMATION_CHANGE},
        {"kind": _K.INFORMATION_CHANGE, "after": {_P.MOBILE: "12345"}},
        {"kind": _K.INFORMATION_CHANGE, "after": {_P.NAME: "<b>"}},
        {"kind": _K.INFORMATION_CHANGE, "after": {_P.UNIT_NAME: "随便"}},
        {"kind": _K.INFORMATION_CHANGE, "after": {_P.NAME: "示范人"}},
    ],
)
def test_a_form_that_says_nothing_or_too_much_is_refused(office: Office, more: dict[str, Any]) -> None:
    holder = office.holder()
    fields = {"kind": _K.UNLOCK, **more}
    with pytest.raises(errors.Invalid):
        change.submit(office.services, office.clerk, _form(office, holder, **fields))


def test_a_signature_of_tomorrow_is_refused_and_todays_is_kept(office: Office) -> None:
    holder, today = office.holder(), office.services.clock().date()
    with pytest.raises(errors.Invalid, match="签字日期"):
        change.submit(
            office.services, office.clerk, _form(office, holder, signed={Signature.UNIT: today + timedelta(days=3)})
        )
    case = change.submit(office.services, office.clerk, _form(office, holder, signed={Signature.UNIT: today}))
    assert case.paper
    assert case.paper.signed == {"unit-stamp": today.isoformat()}


@pytest.mark.parametrize("who", [actor(Role.CLERK, "150400"), actor(Role.REVIEWER, LEAGUE)])
def test_a_form_about_somebody_elses_person_is_refused_and_recorded(desk: Desk, office: Office, who: Actor) -> None:
    holder = office.holder()
    with pytest.raises(errors.Forbidden):
        change.submit(office.services, who, _form(office, holder))
    assert desk.audited("ra:review:refused") == [(who.login, holder)]


def test_a_person_is_found_by_whole_name_number_or_id_number_in_the_own_subtree_and_masked(
    desk: Desk, office: Office
) -> None:
    holder = desk.confirmed(desk.enter())
    for words in ("示范人", holder, id_number(1).lower()):
        (found,) = change.people(office.services, office.clerk, words)
        assert (found.id, found.name) == (holder, "示*")
        assert id_number(1) not in str(found)
    for words in ("", "示范", "%"):
        assert not change.people(office.services, office.clerk, words)
    assert not change.people(office.services, actor(Role.CLERK, "150400"), "示范人")
    with pytest.raises(errors.Forbidden):
        change.people(office.services, office.clerk, "示范人", unit_code="150400")


def test_a_case_is_shown_masked_unless_the_role_may_see_it(desk: Desk, office: Office) -> None:
    holder = desk.confirmed(desk.enter())
    case = change.submit(
        office.services,
        office.clerk,
        _form(office, holder, _K.INFORMATION_CHANGE, after={_P.NAME: "示范新", _P.MOBILE: "19900004321"}),
    )
    plain = change.show(office.services, CENTRE_REVIEWER, case.id)
    hidden = change.show(office.services, actor(Role.AUDITOR), case.id)
    assert plain.change.paper
    assert hidden.change.paper
    assert plain.change.paper.after == {"name": "示范新", "mobile": "19900004321"}
    assert hidden.change.paper.after == {"name": "示*", "mobile": "199******21"}
    assert plain.sha256 == hidden.sha256
    assert desk.audited("change:case:unmasked") == [(CENTRE_REVIEWER.login, case.id)]
