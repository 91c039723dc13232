"""Renewal: who may, when, and what becomes of the old certificate. The key of the old one has spoken in TLS already."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ca_service.clock import SHANGHAI
from ca_service.domain import errors
from ca_service.domain.certificates import Certificate, CertificateStatus, RevocationReason
from ca_service.domain.enrolments import RENEWAL_CONTEXT
from ca_service.workflows import enrol, handovers, incidents, renew
from ca_service.workflows.certificate_status import freeze, revoke
from ca_service.workflows.enrol_certificate import Delivered, certificate
from ca_service.workflows.enrol_sessions import Session
from ca_service.workflows.ports import Authority, Linted
from ca_service.workflows.recover import close_interrupted
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office, SoftwareKeyInPlaceOfToken

_IN_THE_WINDOW = 1095 - 20


@dataclass
class Renewing:
    """A person whose certificate is `old`, with a new key on the same token."""

    office: Office
    old: Certificate
    token: SoftwareKeyInPlaceOfToken
    before: SoftwareKeyInPlaceOfToken

    def begin(self, serial: str = "") -> enrol.Begun:
        shown = renew.shown(self.office.services, self.old.der or b"")
        return renew.begin(self.office.services, serial=shown, medium_serial=serial or self.token.serial)

    def fetch(self, begun: enrol.Begun, *, shows: str = "") -> Delivered:
        csr = self.token.csr()
        message = RENEWAL_CONTEXT + begun.nonce + hashlib.sha256(csr).digest()
        bound = self.token.binding.sign(message, ec.ECDSA(hashes.SHA256()))
        session = Session(begun.session, shows or self.old.serial)
        return certificate(self.office.services, session, csr=csr, binding_signature=bound)

    def confirm(self, begun: enrol.Begun, delivered: Delivered, *, shows: str = "") -> Certificate:
        proof = self.token.prove(delivered.challenge)
        serial = shows or self.old.serial
        return enrol.confirm(self.office.services, Session(begun.session, serial), signature=proof)

    def status(self) -> CertificateStatus:
        with self.office.services.read() as uow:
            return uow.certificates.get(self.old.serial).status


def enrolled(office: Office, number: str) -> Renewing:
    holder, token = office.handed_over(number)
    begun = office.begin(token, office.codes(holder))
    old = office.confirm(token, begun, office.fetch(token, begun))
    return Renewing(office, old, replace(token, key=ec.generate_private_key(ec.SECP256R1())), token)


@pytest.fixture
def mine(office: Office) -> Renewing:
    return enrolled(office, "1")


@pytest.fixture
def due(mine: Renewing, clock: TestClock) -> Renewing:
    clock.pass_time(days=_IN_THE_WINDOW)
    return mine


def test_the_old_certificate_is_good_until_the_new_one_is_confirmed(due: Renewing) -> None:
    begun = due.begin()
    delivered = due.fetch(begun)
    assert due.status() is CertificateStatus.ACTIVE

    for _ in range(2):
        new = due.confirm(begun, delivered)

    assert (new.status, new.holder_id) == (CertificateStatus.ACTIVE, due.old.holder_id)
    assert due.status() is CertificateStatus.SUPERSEDED
    with due.office.services.read() as uow:
        assert uow.certificates.get(due.old.serial).reason is RevocationReason.SUPERSEDED
    with pytest.raises(errors.Superseded):
        due.begin()


def test_every_step_repeated_gives_the_same_certificate(due: Renewing) -> None:
    first = due.fetch(due.begin())
    begun = due.begin()
    assert begun.state == "issued"
    assert due.fetch(begun).certificate == first.certificate


def test_before_the_window_it_says_from_when_on(mine: Renewing) -> None:
    with pytest.raises(errors.RenewalNotDue) as refused:
        mine.begin()
    possible_from = mine.old.not_after - mine.office.services.terms.renewal_window
    assert refused.value.facts["possible_from"] == possible_from.isoformat()
    assert possible_from.astimezone(SHANGHAI).date().isoformat() in refused.value.detail


def test_the_window_opens_when_the_policy_says(mine: Renewing, clock: TestClock) -> None:
    window = mine.office.services.terms.renewal_window
    clock.passed = mine.old.not_after - window - clock() + clock.passed
    clock.pass_time(seconds=-5)
    with pytest.raises(errors.RenewalNotDue):
        mine.begin()
    clock.pass_time(seconds=10)
    assert mine.begin().state == "open"


def test_an_expired_certificate_renews_nothing(mine: Renewing, clock: TestClock) -> None:
    clock.pass_time(days=1096)
    with pytest.raises(errors.CertificateNotLive):
        mine.begin()


def test_a_frozen_certificate_renews_nothing(due: Renewing) -> None:
    freeze(due.office.services, due.office.reviewer, due.old.serial, reason="x")
    with pytest.raises(errors.CertificateNotLive):
        due.begin()


def test_a_certificate_that_is_stopped_on_the_way_does_not_end_as_a_new_one(due: Renewing) -> None:
    begun = due.begin()
    delivered = due.fetch(begun)
    reason = RevocationReason.KEY_COMPROMISE
    revoke(due.office.services, due.office.reviewer, due.old.serial, reason="x", crl_reason=reason)

    with pytest.raises(errors.CertificateNotLive):
        due.confirm(begun, delivered)


def test_a_certificate_stopped_before_the_request_gets_no_new_one(due: Renewing) -> None:
    begun = due.begin()
    freeze(due.office.services, due.office.reviewer, due.old.serial, reason="x")
    with pytest.raises(errors.CertificateNotLive):
        due.fetch(begun)


def test_another_persons_certificate_does_not_speak_in_my_session(due: Renewing) -> None:
    thief = enrolled(due.office, "2")
    begun = due.begin()

    with pytest.raises(errors.SessionUnknown):
        due.fetch(begun, shows=thief.old.serial)
    delivered = due.fetch(begun)
    with pytest.raises(errors.SessionUnknown):
        due.confirm(begun, delivered, shows=thief.old.serial)
    with pytest.raises(errors.SessionUnknown):
        enrol.confirm(due.office.services, Session(begun.session), signature=due.token.prove(delivered.challenge))
    assert due.status() is CertificateStatus.ACTIVE


def test_the_certificate_on_another_token_is_refused_and_recorded(due: Renewing) -> None:
    other = enrolled(due.office, "2")
    with pytest.raises(errors.WrongToken):
        due.begin(other.token.serial)
    with due.office.services.read() as uow:
        assert [entry.subject for entry in uow.audit.entries()][-1] == due.old.serial


def test_a_certificate_that_is_not_ours_octet_for_octet_is_nobody(due: Renewing) -> None:
    der = due.old.der or b""
    for presented in (b"", b"x", der[:-1] + bytes([der[-1] ^ 1]), due.office.services.authority("issuing").certificate):
        with pytest.raises(errors.Unauthenticated):
            renew.shown(due.office.services, presented)


def test_a_binding_signature_overheard_in_an_earlier_session_is_worth_nothing(due: Renewing) -> None:
    old, now = due.begin(), due.begin()
    with pytest.raises(errors.BindingInvalid):
        due.fetch(replace(old, session=now.session))
    with pytest.raises(errors.SessionUnknown):
        due.fetch(old)


def test_the_key_that_is_renewed_cannot_be_the_new_one(due: Renewing) -> None:
    due.token = due.before
    with pytest.raises(errors.KeyInUse):
        due.fetch(due.begin())


def test_a_session_of_a_renewal_ends_after_fifteen_minutes(due: Renewing, clock: TestClock) -> None:
    begun = due.begin()
    clock.pass_time(minutes=16)
    with pytest.raises(errors.SessionUnknown):
        due.fetch(begun)


def test_a_renewal_that_was_not_confirmed_in_time_is_begun_anew(due: Renewing) -> None:
    due.fetch(due.begin())
    with due.office.services.read() as uow:
        (issued,) = uow.certificates.find(holder_id=due.old.holder_id, status=CertificateStatus.ISSUED)
    freeze(due.office.services, due.office.reviewer, issued.serial, reason="not confirmed")
    due.token = replace(due.token, key=ec.generate_private_key(ec.SECP256R1()))

    begun = due.begin()
    assert begun.state == "open"
    new = due.confirm(begun, due.fetch(begun))

    assert new.serial != issued.serial
    with due.office.services.read() as uow:
        assert uow.certificates.get(issued.serial).status is CertificateStatus.REVOKED


def test_a_death_before_the_signature_is_stored_leaves_the_old_certificate_and_the_way_open(due: Renewing) -> None:
    services = due.office.services
    begun = due.begin()

    def gone(name: str) -> AuthorityThatDiesAtTheSignature:
        return AuthorityThatDiesAtTheSignature(services.authority(name))

    due.office.services = replace(services, authority=gone)
    with pytest.raises(errors.Unavailable):
        due.fetch(begun)
    due.office.services = services
    with pytest.raises(errors.Conflict):
        due.fetch(begun)
    (taken,) = close_interrupted(services, due.office.operator, patience=timedelta(0))
    assert due.status() is CertificateStatus.ACTIVE

    new = due.confirm(begun, due.fetch(begun))

    assert (new.status, due.status()) == (CertificateStatus.ACTIVE, CertificateStatus.SUPERSEDED)
    assert taken.status is CertificateStatus.REVOKED


class AuthorityThatDiesAtTheSignature:
    """Stands for a process that dies between intent and signature; all else is the real authority's."""

    def __init__(self, real: Authority) -> None:
        self._real = real
        self.certificate, self.check_key, self.prepare = real.certificate, real.check_key, real.prepare
        self.prepare_crl, self.sign_crl, self.sign_delta = real.prepare_crl, real.sign_crl, real.sign_delta
        self.require_key = real.require_key
        self.has_deltas, self.shard_url = real.has_deltas, real.shard_url

    def issue(self, linted: Linted) -> bytes:
        raise errors.Unavailable("the token is gone")


@pytest.mark.parametrize("lost", [True, False])
def test_a_replacement_revokes_the_old_certificate_before_anything_can_be_fetched(office: Office, lost: bool) -> None:
    old = enrolled(office, "1")
    report = incidents.report_lost if lost else incidents.report_damaged
    report(office.services, office.custodian, old.token.serial, reason="x")
    holder = old.old.holder_id or ""
    token = office.token("T2")
    enrol_again(office, holder, token)

    with office.services.read() as uow:
        ended = uow.certificates.get(old.old.serial)
        live = uow.certificates.find(holder_id=holder, status=CertificateStatus.ACTIVE)
    expected = RevocationReason.KEY_COMPROMISE if lost else RevocationReason.SUPERSEDED
    assert (ended.status, ended.reason) == (CertificateStatus.REVOKED, expected)
    assert [one.medium_serial for one in live] == ["T2"]


def enrol_again(office: Office, holder: str, token: SoftwareKeyInPlaceOfToken) -> None:
    handovers.hand_over(office.services, office.custodian, token.serial, holder_id=holder)
    codes = office.codes(holder)
    begun = office.begin(token, codes)
    assert begun.replaces is not None
    assert begun.replaces.revoked
    office.confirm(token, begun, office.fetch(token, begun))
    assert office.begin(token, codes).replaces == begun.replaces


def test_a_first_download_replaces_nothing(office: Office) -> None:
    holder, token = office.handed_over()
    assert office.begin(token, office.codes(holder)).replaces is None
