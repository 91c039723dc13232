"""The issuing CA's key is in wrong hands: who may say so, what ends, and that a death in between loses nothing."""

import pytest
from cryptography import x509

from ca_service.domain import errors
from ca_service.domain.certificates import LIVE, CertificateStatus, RevocationReason
from ca_service.domain.compromises import CompromiseStatus
from ca_service.domain.messages import Channel
from ca_service.domain.roles import Role
from ca_service.periodic import OCSP_SIGNER, renew_signer
from ca_service.wiring import Wiring
from ca_service.workflows import compromise
from ca_service.workflows.certificate_status import freeze, revoke
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import LEAGUE, Office, actor

CA_ADMIN, SECURITY, OPERATOR = actor(Role.CA_ADMIN), actor(Role.SECURITY_ADMIN), actor(Role.OPERATOR)


def declared(office: Office) -> str:
    return compromise.declare(office.services, CA_ADMIN, "issuing", ground="值班报告第 1 号").id


def revoked_to_the_end(office: Office) -> None:
    while compromise.revoke_page(office.services, OPERATOR):
        pass


def _live(office: Office) -> dict[str, str]:
    with office.services.read() as uow:
        return {c.serial: c.profile for c in uow.certificates.find(issuer="issuing", status=LIVE)}


def test_from_the_declaration_on_nothing_is_issued_and_a_withdrawal_ends_that(office: Office) -> None:
    holder, token = office.handed_over()
    begun = office.begin(token, office.codes(holder))
    case = declared(office)
    with pytest.raises(errors.Conflict, match="停止签发"):
        office.fetch(token, begun)
    with pytest.raises(errors.Conflict, match="报告过"):
        declared(office)
    assert compromise.revoke_page(office.services, OPERATOR) == 0
    compromise.withdraw(office.services, CA_ADMIN, case)
    assert office.fetch(token, begun).certificate
    declared(office)


def test_three_people_end_a_ca(office: Office) -> None:
    case = compromise.declare(office.services, actor(Role.OPERATOR, login="one"), "issuing", ground="x").id
    both = actor(Role.SECURITY_ADMIN, login="one")
    for who, act in ((CA_ADMIN, compromise.confirm), (both, compromise.confirm), (SECURITY, compromise.revoke_ca)):
        with pytest.raises(errors.Forbidden):
            act(office.services, who, case)
    with pytest.raises(errors.IllegalTransition):
        compromise.revoke_ca(office.services, OPERATOR, case)
    compromise.confirm(office.services, SECURITY, case)
    with pytest.raises(errors.IllegalTransition):
        compromise.withdraw(office.services, CA_ADMIN, case)


@pytest.mark.parametrize("ground", ["", " ", "长" * 301])
def test_a_declaration_says_why(office: Office, ground: str) -> None:
    with pytest.raises(errors.Invalid):
        compromise.declare(office.services, CA_ADMIN, "issuing", ground=ground)


def test_a_root_does_not_end_itself(office: Office) -> None:
    with pytest.raises(errors.Invalid, match="信任锚"):
        compromise.declare(office.services, CA_ADMIN, "root", ground="x")


def test_what_the_ca_has_signed_ends_but_for_who_says_so(
    office: Office, monkeypatch: pytest.MonkeyPatch, clock: TestClock, wiring: Wiring
) -> None:
    monkeypatch.setattr(compromise, "_PAGE", 2)
    active, frozen = office.enrolled("1"), office.enrolled("2")
    freeze(office.services, office.reviewer, frozen.serial, reason="电话")
    case = declared(office)
    compromise.confirm(office.services, SECURITY, case)
    assert compromise.revoke_page(office.services, OPERATOR) == 2  # the process dies here; the worker goes on
    revoked_to_the_end(office)
    assert set(_live(office).values()) == {"ocsp-signer"}
    with office.services.read() as uow:
        reasons = {uow.certificates.get(c.serial).reason for c in (active, frozen)}
        letters = [message.letter.text for message in uow.messages.find(channel=Channel.EMAIL)]
        steps = uow.status_events.find(serial=active.serial)
    assert reasons == {RevocationReason.CESSATION_OF_OPERATION}
    assert sum("证书已停止使用" in letter for letter in letters) == 2
    assert steps[-1].ground == case
    own = publish_crl(office.services, OPERATOR, "issuing")
    listed = {f"{entry.serial_number:x}" for entry in x509.load_der_x509_crl(own.der or b"")}
    assert {active.serial, frozen.serial} <= listed
    clock.pass_time(days=25)
    assert renew_signer(wiring, OCSP_SIGNER)


def test_the_ca_itself_is_on_the_roots_list_and_a_repeat_publishes_it_again(office: Office) -> None:
    case = declared(office)
    compromise.confirm(office.services, SECURITY, case)
    first = compromise.revoke_ca(office.services, OPERATOR, case)
    again = compromise.revoke_ca(office.services, OPERATOR, case)
    with office.services.read() as uow:
        (own,) = uow.certificates.find(profile="issuing")
        assert own.der == uow.issuers.get("issuing").certificate
    for published in (first, again):
        (entry,) = x509.load_der_x509_crl(published.der or b"")
        assert f"{entry.serial_number:x}" == own.serial
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        assert reason is x509.ReasonFlags.ca_compromise
    assert again.number == first.number + 1
    (standing,) = compromise.cases(office.services, actor(Role.AUDITOR))
    assert (own.status, standing.case.status) == (CertificateStatus.REVOKED, CompromiseStatus.ENDED)


def test_who_has_to_download_anew_is_listed_for_the_own_subtree(office: Office) -> None:
    mine, stopped_before = office.enrolled("1"), office.enrolled("2")
    reason = RevocationReason.KEY_COMPROMISE
    revoke(office.services, office.reviewer, stopped_before.serial, reason="x", crl_reason=reason)
    case = declared(office)
    compromise.confirm(office.services, SECURITY, case)
    revoked_to_the_end(office)
    (one,) = compromise.affected(office.services, actor(Role.REVIEWER, LEAGUE), case)
    assert (one.holder_id, one.serial, one.medium_serial) == (mine.holder_id, mine.serial, mine.medium_serial)
    assert not compromise.affected(office.services, actor(Role.REVIEWER, "150400"), case)


@pytest.mark.parametrize("reason", [RevocationReason.CA_COMPROMISE, RevocationReason.CERTIFICATE_HOLD])
def test_a_persons_certificate_is_not_revoked_for_a_cas_reason(office: Office, reason: RevocationReason) -> None:
    serial = office.enrolled().serial
    with pytest.raises(errors.Invalid):
        revoke(office.services, office.reviewer, serial, reason="x", crl_reason=reason)
