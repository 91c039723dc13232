"""Several downloads in one transaction, on both stores: each whole or refused, none for another's sake."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca_service.domain.audit import Tag
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.certificates import Certificate, CertificateStatus
from ca_service.domain.enrolments import EnrolmentStatus
from ca_service.domain.errors import Busy, CodeUsed, Conflict, DomainError, KeyInUse, NotApproved, Unavailable
from ca_service.domain.key_use import Use
from ca_service.workflows.enrol_issue import Asked, issue_all
from ca_service.workflows.ports import Authority, Linted, UnitOfWork
from tests.ca_service.office import Office


class Interrupted:
    """An authority before whose second signature something happens."""

    def __init__(self, real: Authority, happens: Callable[[], object]) -> None:
        self._real = real
        self._happens = happens
        self._signed = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def issue(self, linted: Linted) -> bytes:
        """Sign by the real one."""
        self._signed += 1
        if self._signed == 2:
            self._happens()
        return self._real.issue(linted)


@pytest.fixture
def asked(office: Office) -> Sequence[Asked]:
    """Three people's open downloads, in the order of their ids, each with a key of its own."""
    for number in "123":
        holder, token = office.handed_over(number)
        office.begin(token, office.codes(holder))
    with office.services.read() as uow:
        return [Asked(enrolment, _key()) for enrolment in uow.enrolments.find(status=EnrolmentStatus.OPEN)]


def _key() -> bytes:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _kinds(answers: Sequence[Certificate | DomainError]) -> list[type]:
    return [type(answer) for answer in answers]


def _statuses(office: Office, asked: Sequence[Asked]) -> list[CertificateStatus]:
    """Of the certificate rows of each person."""
    with office.services.read() as uow:
        found = [uow.certificates.find(holder_id=one.enrolment.holder_id) for one in asked]
    return [certificate.status for certificates in found for certificate in certificates]


def test_each_gets_its_own_certificate_and_two_transactions_serve_all(office: Office, asked: Sequence[Asked]) -> None:
    begun = list[None]()

    def counted() -> AbstractContextManager[UnitOfWork]:
        begun.append(None)
        return office.services.begin()

    answers = issue_all(replace(office.services, begin=counted), asked)
    assert len(begun) == 2
    for one, answer in zip(asked, answers, strict=True):
        assert isinstance(answer, Certificate)
        parsed = x509.load_der_x509_certificate(answer.der or b"")
        key = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert (key, f"{parsed.serial_number:x}") == (one.public_key, answer.serial)
        (number,) = parsed.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)
        assert number.value == answer.holder_id == one.enrolment.holder_id
        assert answer.medium_serial == one.enrolment.medium_serial
        with office.services.read() as uow:
            enrolment = uow.enrolments.get(one.enrolment.id)
            assert (enrolment.certificate_serial, enrolment.status) == (answer.serial, EnrolmentStatus.ISSUED)
            assert uow.certificates.get(answer.serial) == answer
            assert [step.seq for step in uow.status_events.find(serial=answer.serial)] == [1]
            noted = uow.audit.find(AuditFilter(subject=answer.serial), limit=9)
        assert [entry.tag for entry in noted] == [Tag.CERTIFICATE_ISSUED, Tag.CERTIFICATE_INTENT]
        assert {entry.unit_code for entry in noted} == {answer.unit_code}


def test_whose_data_are_not_those_approved_is_refused_alone(office: Office, asked: Sequence[Asked]) -> None:
    with office.services.begin() as uow:
        uow.holders.change(uow.holders.get(asked[1].enrolment.holder_id), name="另一人")
    answers = issue_all(office.services, asked)
    assert _kinds(answers) == [Certificate, NotApproved, Certificate]
    assert _statuses(office, asked) == [CertificateStatus.ISSUED] * 2


def test_whose_data_change_before_the_intent_is_refused_alone(office: Office, asked: Sequence[Asked]) -> None:
    changed = list[None]()

    def after_a_change() -> AbstractContextManager[UnitOfWork]:
        if not changed:
            changed.append(None)
            with office.services.begin() as uow:
                uow.holders.change(uow.holders.get(asked[1].enrolment.holder_id), name="另一人")
        return office.services.begin()

    answers = issue_all(replace(office.services, begin=after_a_change), asked)
    assert _kinds(answers) == [Certificate, NotApproved, Certificate]
    assert _statuses(office, asked) == [CertificateStatus.ISSUED] * 2


def test_whose_codes_end_while_it_is_signed_gets_none_and_the_others_theirs(
    office: Office, asked: Sequence[Asked]
) -> None:
    def void() -> None:
        with office.services.begin() as uow:
            uow.enrolments.change(uow.enrolments.get(asked[1].enrolment.id), status=EnrolmentStatus.VOIDED)

    real = office.services.authority("issuing")
    authority = Interrupted(real, void)
    answers = issue_all(replace(office.services, authority=lambda _: authority), asked)
    assert _kinds(answers) == [Certificate, Conflict, Certificate]
    left = [CertificateStatus.ISSUED, CertificateStatus.SIGNING, CertificateStatus.ISSUED]
    assert _statuses(office, asked) == left


def test_a_signature_that_fails_costs_only_its_own_certificate(office: Office, asked: Sequence[Asked]) -> None:
    def fail() -> None:
        raise Unavailable("token")

    authority = Interrupted(office.services.authority("issuing"), fail)
    answers = issue_all(replace(office.services, authority=lambda _: authority), asked)
    assert _kinds(answers) == [Certificate, Unavailable, Certificate]


def test_each_counts_against_the_rate_of_the_key_and_who_is_over_it_leaves_nothing(
    office: Office, asked: Sequence[Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Interrupted(office.services.authority("issuing"), lambda: None)
    counted = list[Use]()

    def require_key(use: Use) -> None:
        counted.append(use)
        if len(counted) == 2:
            raise Busy("over the rate")

    monkeypatch.setattr(authority, "require_key", require_key, raising=False)
    answers = issue_all(replace(office.services, authority=lambda _: authority), asked)
    assert _kinds(answers) == [Certificate, Busy, Certificate]
    assert counted == [Use.CERTIFICATE] * 3
    assert _statuses(office, asked) == [CertificateStatus.ISSUED] * 2


def test_the_same_request_twice_gets_the_same_certificate(office: Office, asked: Sequence[Asked]) -> None:
    answers = issue_all(office.services, [asked[0], asked[1], asked[0]])
    assert _kinds(answers) == [Certificate] * 3
    assert answers[0] == answers[2]
    assert _statuses(office, asked) == [CertificateStatus.ISSUED] * 2


def test_of_two_keys_for_one_download_one_is_certified(office: Office, asked: Sequence[Asked]) -> None:
    answers = issue_all(office.services, [asked[0], Asked(asked[0].enrolment, _key())])
    assert _kinds(answers) == [Certificate, CodeUsed]
    assert _statuses(office, asked) == [CertificateStatus.ISSUED]
    with office.services.read() as uow:
        (noted,) = uow.audit.find(AuditFilter(tags=(Tag.ENROLMENT_REFUSED,)), limit=9)
    assert (noted.subject, noted.detail) == (asked[0].enrolment.id, '{"kind":"code-used"}')


def test_one_key_for_two_downloads_is_certified_once(office: Office, asked: Sequence[Asked]) -> None:
    answers = issue_all(office.services, [asked[0], Asked(asked[1].enrolment, asked[0].public_key)])
    assert _kinds(answers) == [Certificate, KeyInUse]
    assert _statuses(office, asked) == [CertificateStatus.ISSUED]
