"""Certificates that name what is no longer so: marked, told, listed, and renewed on the same token at any time."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from ca_service.domain import errors
from ca_service.domain.certificates import CertificateStatus, RevocationReason
from ca_service.domain.changes import AccountEventKind, CertificateAct, ChangeKind, Particular
from ca_service.domain.media import MediumStatus
from ca_service.domain.messages import Channel
from ca_service.domain.roles import Role
from ca_service.domain.unit_cases import Order, UnitAct
from ca_service.wiring import Wiring
from ca_service.workflows import change, handovers
from ca_service.workflows.outdated import due_for_replacement
from tests.ca_service.desk import CENTRE_REVIEWER, Desk
from tests.ca_service.office import Office, actor
from tests.ca_service.test_renew import Renewing, enrolled
from tests.ca_service.units.acts import carry_out

_P = Particular
_REPLACE = change.Decision(approve=True, certificate_act=CertificateAct.REPLACE)


@pytest.fixture
def mine(office: Office) -> Renewing:
    return enrolled(office, "1")


def _due(office: Office) -> list[tuple[str, str]]:
    return [(c.serial, c.outdated_by) for c in due_for_replacement(office.services, office.clerk).rows]


def _renewed(mine: Renewing) -> x509.Name:
    """Renew on the same token; what the new certificate says."""
    begun = mine.begin()
    delivered = mine.fetch(begun)
    assert mine.status() is CertificateStatus.ACTIVE
    mine.confirm(begun, delivered)
    assert mine.status() is CertificateStatus.SUPERSEDED
    return x509.load_der_x509_certificate(delivered.certificate).subject


def _says(subject: x509.Name, *oids: x509.ObjectIdentifier) -> list[Any]:
    return [subject.get_attributes_for_oid(oid)[0].value for oid in oids]


def _rename(office: Office, name: str) -> str:
    return carry_out(office, Order(UnitAct.RENAME, office.school, name=name)).id


def test_a_renamed_units_certificate_is_renewed_at_once_and_carries_the_new_name(mine: Renewing) -> None:
    office = mine.office
    with pytest.raises(errors.RenewalNotDue):
        mine.begin()
    _rename(office, "示范第一实验小学")
    second = _rename(office, "示范第二实验小学")
    assert _due(office) == [(mine.old.serial, second)]
    assert _says(_renewed(mine), NameOID.ORGANIZATION_NAME) == ["示范第二实验小学"]
    assert _due(office) == []
    with office.services.read() as uow:
        assert uow.certificates.get(mine.old.serial).reason is RevocationReason.SUPERSEDED
        assert uow.media.get(str(mine.old.medium_serial)).status is MediumStatus.IN_USE
        letters = [message.letter.text for message in uow.messages.find(channel=Channel.EMAIL, order="created_at")]
    told = [letter for letter in letters if "换发" in letter]
    assert len(told) == 2
    assert "示范第二实验小学" in told[1]


def test_a_merged_units_person_is_told_by_the_feed_and_gets_a_certificate_of_the_new_unit(mine: Renewing) -> None:
    office, former = mine.office, mine.office.school
    survivor = next(code for code in Desk(office).schools() if code != former)
    case = carry_out(office, Order(UnitAct.MERGE, former, target_code=survivor))
    with office.services.read() as uow:
        (event,) = uow.account_events(after=0, limit=9)
        name = uow.units.get(survivor).name
    assert (event.kind, event.unit_code, event.from_unit) == (AccountEventKind.UNIT_CHANGE, survivor, former)
    assert (event.holder_id, event.change_id) == (mine.old.holder_id, case.id)
    assert _due(office) == [(mine.old.serial, case.id)]
    says = _says(_renewed(mine), NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATION_IDENTIFIER)
    assert says == [name, survivor]


def test_a_merge_into_a_unit_that_is_renamed_and_merged_again_is_followed(mine: Renewing) -> None:
    office, former = mine.office, mine.office.school
    first, second = (code for code in Desk(office).schools()[:3] if code != former)
    carry_out(office, Order(UnitAct.MERGE, former, target_code=first))
    carry_out(office, Order(UnitAct.RENAME, first, name="示范联合小学"))
    carry_out(office, Order(UnitAct.MERGE, first, target_code=second))
    carry_out(office, Order(UnitAct.RENAME, second, name="示范中心小学"))
    says = _says(_renewed(mine), NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATION_IDENTIFIER)
    assert says == ["示范中心小学", second]


def test_a_reviewed_persons_unit_is_followed_too(office: Office) -> None:
    desk = Desk(office)
    holder = desk.confirmed(desk.enter())
    survivor = next(code for code in desk.schools() if code != office.school)
    carry_out(office, Order(UnitAct.RENAME, office.school, name="示范第一实验小学"))
    carry_out(office, Order(UnitAct.MERGE, office.school, target_code=survivor))
    _certified(office, holder)


def _certified(office: Office, holder: str) -> None:
    token = office.token("T9")
    handovers.hand_over(office.services, office.custodian, token.serial, holder_id=holder)
    assert office.fetch(token, office.begin(token, office.codes(holder))).certificate


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE unit SET name = '改名小学' WHERE code = '{school}'",
        "UPDATE unit SET name = '改名小学' WHERE code = '{school}'; UPDATE unit_case SET status = 'withdrawn'",
        "UPDATE unit_case SET decided_by = proposed_by",
        "UPDATE holder SET unit_code = '{other}'",
    ],
)
def test_what_no_two_people_decided_is_not_certified(office: Office, wiring: Wiring, statement: str) -> None:
    desk = Desk(office)
    holder, other = desk.confirmed(desk.enter()), desk.schools()[2]
    _rename(office, "示范第一实验小学")
    with wiring.database.engine.begin() as connection:
        for one in statement.split(";"):
            connection.execute(text(one.format(school=office.school, other=other)))
    with pytest.raises(errors.NotApproved):
        _certified(office, holder)


def _changed(mine: Renewing, desk: Desk, after: dict[Particular, str]) -> str:
    office = mine.office
    form = change.Form(
        ChangeKind.INFORMATION_CHANGE, str(mine.old.holder_id), "变更", "同意", False, office.scan, "form.pdf",
        after=after,
    )  # fmt: skip
    case = change.submit(office.services, office.clerk, form)
    change.decide(office.services, CENTRE_REVIEWER, case.id, _REPLACE)
    change.execute(office.services, CENTRE_REVIEWER, case.id)
    assert desk.office is office
    return case.id


@pytest.mark.parametrize("moves", [False, True])
def test_a_new_name_or_unit_is_carried_by_the_next_certificate_on_the_same_token(
    mine: Renewing, *, moves: bool
) -> None:
    office = mine.office
    desk = Desk(office)
    after = {_P.UNIT: desk.schools()[2]} if moves else {_P.NAME: "示范新"}
    case = _changed(mine, desk, after)
    assert mine.status() is CertificateStatus.ACTIVE
    assert _due(office) == [(mine.old.serial, case)]
    subject = _renewed(mine)
    oid = NameOID.ORGANIZATION_IDENTIFIER if moves else NameOID.COMMON_NAME
    assert _says(subject, oid) == list(after.values())


def test_a_stop_is_never_a_replacement(mine: Renewing) -> None:
    office = mine.office
    form = change.Form(ChangeKind.STOP, str(mine.old.holder_id), "停用", "同意", False, office.scan, "form.pdf")
    case = change.submit(office.services, office.clerk, form)
    with pytest.raises(errors.Invalid):
        change.decide(office.services, CENTRE_REVIEWER, case.id, _REPLACE)


def test_due_is_seen_in_the_own_subtree_only(mine: Renewing) -> None:
    _rename(mine.office, "示范第一实验小学")
    assert not due_for_replacement(mine.office.services, actor(Role.CLERK, "150400")).rows
