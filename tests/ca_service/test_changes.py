"""Change cases from form to certificate, and the tables of all moves."""

from itertools import product
from typing import Any

import pytest

from ca_service.domain import errors
from ca_service.domain.applications import APPLICATION, ApplicationEvent, ApplicationStatus
from ca_service.domain.certificates import CertificateStatus, RevocationReason
from ca_service.domain.changes import CHANGE, AccountEventKind, CertificateAct, ChangeEvent, ChangeKind, ChangeStatus
from ca_service.domain.conflicts import CONFLICT, ConflictEvent, ConflictStatus
from ca_service.domain.enrolments import ENROLMENT, EnrolmentEvent, EnrolmentStatus
from ca_service.domain.holders import HolderStatus
from ca_service.domain.lifecycle import Machine
from ca_service.domain.media import MEDIUM, PARCEL, MediumEvent, MediumStatus, ParcelEvent, ParcelStatus
from ca_service.domain.roles import Role
from ca_service.workflows import change
from tests.ca_service.office import Office, actor

_TABLES: list[tuple[Machine[Any, Any], Any, Any]] = [
    (APPLICATION, ApplicationStatus, ApplicationEvent),
    (MEDIUM, MediumStatus, MediumEvent),
    (PARCEL, ParcelStatus, ParcelEvent),
    (ENROLMENT, EnrolmentStatus, EnrolmentEvent),
    (CHANGE, ChangeStatus, ChangeEvent),
    (CONFLICT, ConflictStatus, ConflictEvent),
]


@pytest.mark.parametrize(("machine", "states", "events"), _TABLES, ids=[table[0].noun for table in _TABLES])
def test_every_move_that_is_not_in_the_table_is_refused(machine: Machine[Any, Any], states: Any, events: Any) -> None:
    for state, event in product(states, events):
        if (state, event) in machine.moves:
            assert machine.after(state, event) in states
        else:
            with pytest.raises(errors.IllegalTransition):
                machine.after(state, event)


def _form(
    office: Office, holder: str, kind: ChangeKind, *, transferred: bool = False, opinion: str = "同意"
) -> change.Form:
    return change.Form(kind, holder, "工作调整", opinion, transferred, office.scan, "form.pdf")


def _carry_out(office: Office, form: change.Form, act: CertificateAct | None) -> None:
    case = change.submit(office.services, office.clerk, form)
    change.decide(office.services, office.reviewer, case.id, change.Decision(approve=True, certificate_act=act))
    change.execute(office.services, office.reviewer, case.id)


def test_a_stop_freezes_a_restore_releases_and_a_transfer_revokes_for_good(office: Office) -> None:
    certificate = office.enrolled()
    holder = str(certificate.holder_id)
    seen = []
    for kind, act, transferred in (
        (ChangeKind.STOP, CertificateAct.FREEZE, False),
        (ChangeKind.RESTORE, None, False),
        (ChangeKind.STOP, CertificateAct.REVOKE, True),
    ):
        _carry_out(office, _form(office, holder, kind, transferred=transferred), act)
        with office.services.read() as uow:
            now, person = uow.certificates.get(certificate.serial), uow.holders.get(holder)
            token = uow.media.get("T1").status
        seen.append((now.status, now.reason, person.status, token))
    assert seen == [
        (CertificateStatus.FROZEN, RevocationReason.CERTIFICATE_HOLD, HolderStatus.STOPPED, MediumStatus.RETURNED),
        (CertificateStatus.ACTIVE, None, HolderStatus.ACTIVE, MediumStatus.RETURNED),
        (CertificateStatus.REVOKED, RevocationReason.AFFILIATION_CHANGED, HolderStatus.STOPPED, MediumStatus.RETURNED),
    ]
    with office.services.read() as uow:
        feed = [event.kind for event in uow.account_events(after=0, limit=10)]
    assert feed == [AccountEventKind.STOP, AccountEventKind.RESTORE, AccountEventKind.STOP]


def test_a_stop_with_certificate_needs_the_units_opinion_and_a_decision_about_it(office: Office) -> None:
    holder = str(office.enrolled().holder_id)
    with pytest.raises(errors.Invalid):
        change.submit(office.services, office.clerk, _form(office, holder, ChangeKind.STOP, opinion=""))
    case = change.submit(office.services, office.clerk, _form(office, holder, ChangeKind.STOP))
    with pytest.raises(errors.Invalid):
        change.decide(office.services, office.reviewer, case.id, change.Decision(approve=True))
    with pytest.raises(errors.IllegalTransition):
        change.execute(office.services, office.reviewer, case.id)


def test_who_entered_a_case_does_not_decide_it(office: Office) -> None:
    case = change.submit(office.services, office.clerk, _form(office, office.holder(), ChangeKind.UNLOCK))
    own = actor(Role.REVIEWER, login=office.clerk.login)
    with pytest.raises(errors.Forbidden):
        change.decide(office.services, own, case.id, change.Decision(approve=True))


def test_a_form_without_a_readable_scan_is_refused(office: Office) -> None:
    form = change.Form(ChangeKind.UNLOCK, office.holder(), "忘记密码", "", False, b"not a scan", "form.pdf")
    with pytest.raises(errors.Invalid):
        change.submit(office.services, office.clerk, form)
