"""A token that comes back with a change form: custody and certificate move together, and it is given back by hand."""

from collections.abc import Callable

import pytest

from ca_service.domain import errors
from ca_service.domain.certificates import Certificate, CertificateStatus, RevocationReason
from ca_service.domain.changes import CertificateAct, ChangeKind
from ca_service.domain.media import MediumStatus
from ca_service.domain.messages import Channel
from ca_service.domain.roles import Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows import change, custody, handovers, incidents, returned
from ca_service.workflows.certificate_status import freeze, revoke, unfreeze
from tests.ca_service.office import BANNER, Office, actor

_S = MediumStatus
BANNER_CUSTODIAN = actor(Role.CUSTODIAN, BANNER)


def _carry_out(office: Office, holder: str, kind: ChangeKind, act: CertificateAct | None = None) -> str:
    form = change.Form(kind, holder, "休产假", "同意，介质随表交回", False, office.scan, "form.pdf")
    case = change.submit(office.services, office.clerk, form)
    change.decide(office.services, office.reviewer, case.id, change.Decision(approve=True, certificate_act=act))
    change.execute(office.services, office.reviewer, case.id)
    return case.id


def _frozen(office: Office) -> Certificate:
    """A certificate on hold after a stop, its token handed in with the form."""
    certificate = office.enrolled()
    _carry_out(office, str(certificate.holder_id), ChangeKind.STOP, CertificateAct.FREEZE)
    return certificate


def _where(office: Office, serial: str = "T1") -> tuple[MediumStatus, str]:
    with office.services.read() as uow:
        medium = uow.media.get(serial)
        return medium.status, medium.place


def _status(office: Office, certificate: Certificate) -> CertificateStatus:
    with office.services.read() as uow:
        return uow.certificates.get(certificate.serial).status


def _said(office: Office, case: str) -> str:
    """What the step of the execution says for good."""
    with office.services.read() as uow:
        return uow.steps.find(subject=case, event="execute")[0].reason


def test_a_stop_that_freezes_takes_the_token_in_with_the_hold(office: Office) -> None:
    certificate = office.enrolled()
    case = _carry_out(office, str(certificate.holder_id), ChangeKind.STOP, CertificateAct.FREEZE)
    assert _where(office) == (_S.RETURNED, CENTRE_CODE)
    assert _status(office, certificate) is CertificateStatus.FROZEN
    assert "随表交回" in _said(office, case)
    _, steps = custody.show(office.services, office.custodian, "T1")
    assert (steps[-1].event, steps[-1].from_place, steps[-1].note) == (
        "hand-in",
        certificate.holder_id,
        f"case {case}",
    )
    with office.services.read() as uow:
        assert [(e.tag, e.subject) for e in uow.audit.entries()].count(("media:medium:handed-in", "T1")) == 1


def test_where_nothing_was_decided_for_a_certificate_no_token_came_with_the_form(office: Office) -> None:
    holder, _ = office.handed_over()
    _carry_out(office, holder, ChangeKind.STOP)
    assert _where(office) == (_S.HANDED_OVER, holder)


def test_a_restore_releases_the_hold_and_leaves_the_token_where_it_lies(office: Office) -> None:
    certificate = _frozen(office)
    case = _carry_out(office, str(certificate.holder_id), ChangeKind.RESTORE)
    assert _status(office, certificate) is CertificateStatus.ACTIVE
    assert _where(office) == (_S.RETURNED, CENTRE_CODE)
    for said in (_said(office, case), returned.whereabouts(office.services, office.clerk, case)):
        assert "T1" in said
        assert "尚未发还" in said
    assert len(office.told(Channel.EMAIL, "尚未发还")) == 1


def test_who_keeps_it_gives_it_back_as_a_row_of_the_dispatch_record(office: Office) -> None:
    certificate = _frozen(office)
    holder = str(certificate.holder_id)
    case = _carry_out(office, holder, ChangeKind.RESTORE)
    handovers.hand_over(office.services, office.custodian, "T1", holder_id=holder)
    assert _where(office) == (_S.IN_USE, holder)
    assert returned.whereabouts(office.services, office.clerk, case) == ""
    sheet = handovers.prepare_sheet(office.services, office.custodian)
    lines = handovers.sheet_lines(office.services, office.custodian, sheet.id)
    assert [(line.hand_over.serial, line.hand_over.holder_id) for line in lines] == [("T1", holder)] * 2
    _, steps = custody.show(office.services, office.custodian, "T1")
    assert [step.event for step in steps][-3:] == ["hand-in", "give-back", "activate"]


def test_a_token_whose_certificate_was_never_confirmed_goes_on_with_the_download(office: Office) -> None:
    holder, token = office.handed_over()
    codes = office.codes(holder)
    office.fetch(token, office.begin(token, codes))
    _carry_out(office, holder, ChangeKind.STOP, CertificateAct.FREEZE)
    _carry_out(office, holder, ChangeKind.RESTORE)
    handovers.hand_over(office.services, office.custodian, "T1", holder_id=holder)
    assert _where(office) == (_S.HANDED_OVER, holder)
    begun = office.begin(token, codes)
    confirmed = office.confirm(token, begun, office.fetch(token, begun))
    assert (confirmed.status, _where(office)) == (CertificateStatus.ACTIVE, (_S.IN_USE, holder))


def test_it_is_not_given_back_while_on_hold_nor_to_another_nor_by_another(office: Office) -> None:
    certificate = _frozen(office)
    holder, other = str(certificate.holder_id), office.colleague("U1")
    with pytest.raises(errors.Conflict, match="已停用"):
        handovers.hand_over(office.services, office.custodian, "T1", holder_id=holder)
    with pytest.raises(errors.Conflict, match="只能在证书恢复之后发还原持有人"):
        handovers.hand_over(office.services, office.custodian, "T1", holder_id=other)
    _carry_out(office, holder, ChangeKind.RESTORE)
    with pytest.raises(errors.Conflict, match="发还原持有人"):
        handovers.hand_over(office.services, office.custodian, "T1", holder_id=other)
    for stranger in (BANNER_CUSTODIAN, office.clerk):
        with pytest.raises(errors.Forbidden):
            handovers.hand_over(office.services, stranger, "T1", holder_id=holder)
    assert _where(office) == (_S.RETURNED, CENTRE_CODE)


def test_a_certificate_that_is_not_good_again_brings_no_token_back(office: Office) -> None:
    certificate = _frozen(office)
    holder = str(certificate.holder_id)
    _carry_out(office, holder, ChangeKind.RESTORE)
    freeze(office.services, office.reviewer, certificate.serial, reason="电话")
    with pytest.raises(errors.Conflict, match="证书恢复之后"):
        handovers.hand_over(office.services, office.custodian, "T1", holder_id=holder)
    revoke(office.services, office.reviewer, certificate.serial, reason="另发", crl_reason=RevocationReason.SUPERSEDED)
    with pytest.raises(errors.Conflict, match="证书恢复之后"):
        handovers.hand_over(office.services, office.custodian, "T1", holder_id=holder)


def test_one_that_was_lost_and_found_is_nobodys_until_it_is_initialised_anew(office: Office) -> None:
    certificate = office.enrolled()
    _find_again(office)
    unfreeze(office.services, office.reviewer, certificate.serial, reason="找回")
    with pytest.raises(errors.Conflict, match="重新初始化"):
        handovers.hand_over(office.services, office.custodian, "T1", holder_id=str(certificate.holder_id))


def test_only_the_unit_that_keeps_it_gives_it_back(office: Office) -> None:
    certificate = _frozen(office)
    _carry_out(office, str(certificate.holder_id), ChangeKind.RESTORE)
    with office.services.begin() as uow:
        uow.media.change(uow.media.get("T1"), at_unit=BANNER)
    with pytest.raises(errors.Forbidden, match="保管单位"):
        handovers.hand_over(office.services, office.custodian, "T1", holder_id=str(certificate.holder_id))


def test_its_key_is_not_destroyed_while_the_certificate_may_come_back(office: Office) -> None:
    certificate = _frozen(office)
    key = _binding_key(office)
    with pytest.raises(errors.Conflict, match="尚未吊销"):
        custody.initialise(office.services, office.custodian, "T1", binding_key=key)
    _carry_out(office, str(certificate.holder_id), ChangeKind.STOP, CertificateAct.REVOKE)
    assert _status(office, certificate) is CertificateStatus.REVOKED
    custody.initialise(office.services, office.custodian, "T1", binding_key=key)
    assert _where(office) == (_S.INITIALISED, CENTRE_CODE)


def _binding_key(office: Office) -> bytes:
    with office.services.read() as uow:
        key = uow.media.get("T1").binding_key
    assert key
    return key


def _lose(office: Office) -> None:
    incidents.report_lost(office.services, office.custodian, "T1", reason="柜中找不到")


def _break(office: Office) -> None:
    incidents.report_damaged(office.services, office.custodian, "T1", reason="断裂")


def _find_again(office: Office) -> None:
    _lose(office)
    incidents.report_found(office.services, office.custodian, "T1")


@pytest.mark.parametrize("befalls", [_lose, _break, _find_again])
def test_a_restore_never_releases_the_certificate_of_a_token_that_is_gone(
    office: Office, befalls: Callable[[Office], None]
) -> None:
    certificate = _frozen(office)
    befalls(office)
    case = _carry_out(office, str(certificate.holder_id), ChangeKind.RESTORE)
    assert _status(office, certificate) is CertificateStatus.FROZEN
    assert "不解冻" in _said(office, case)
    assert not office.told(Channel.EMAIL, "尚未发还")
    token = office.token("T2")
    holder = str(certificate.holder_id)
    handovers.hand_over(office.services, office.custodian, "T2", holder_id=holder)
    begun = office.begin(token, office.codes(holder))
    office.confirm(token, begun, office.fetch(token, begun))
    assert _status(office, certificate) is CertificateStatus.REVOKED


def test_a_token_lost_before_the_stop_is_not_said_to_have_come_back(office: Office) -> None:
    certificate = office.enrolled()
    incidents.report_lost(office.services, BANNER_CUSTODIAN, "T1", reason="本人电话报告遗失")
    _carry_out(office, str(certificate.holder_id), ChangeKind.STOP, CertificateAct.FREEZE)
    assert _where(office)[0] is _S.LOST


def test_after_the_restore_it_can_still_be_revoked_and_used_for_another(office: Office) -> None:
    certificate = _frozen(office)
    _carry_out(office, str(certificate.holder_id), ChangeKind.RESTORE)
    revoke(office.services, office.reviewer, certificate.serial, reason="另发", crl_reason=RevocationReason.SUPERSEDED)
    custody.initialise(office.services, office.custodian, "T1", binding_key=_binding_key(office))
    other = office.holder("A2")
    handovers.hand_over(office.services, office.custodian, "T1", holder_id=other)
    assert _where(office) == (_S.HANDED_OVER, other)
