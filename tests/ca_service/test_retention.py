"""How long records are kept: five years from the end of the last certificate, and not at all counted while in use."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.holders import HolderStatus
from ca_service.domain.retention import kept_until, lapsed_at
from ca_service.workflows.certificate_status import freeze
from ca_service.workflows.holders import retention
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office

_END = datetime(2027, 6, 1, tzinfo=UTC)


def _stop(office: Office, holder_id: str) -> None:
    with office.services.begin() as uow:
        uow.holders.change(uow.holders.get(holder_id), status=HolderStatus.STOPPED)


def test_a_person_in_use_is_not_listed_and_a_stopped_one_is_due_after_five_years(
    office: Office, clock: TestClock
) -> None:
    certificate = office.enrolled()
    assert retention(office.services, office.operator) == []
    _stop(office, str(certificate.holder_id))
    (kept,) = retention(office.services, office.operator)
    assert kept.until == certificate.not_after.replace(year=certificate.not_after.year + 5)
    clock.passed = kept.until - datetime.now(UTC) - timedelta(minutes=1)
    assert retention(office.services, office.operator, due=True) == []
    clock.pass_time(minutes=2)
    assert retention(office.services, office.operator, due=True) == [kept]


@pytest.mark.parametrize("config", ["sqlite"], indirect=True)
def test_what_ends_a_certificate(office: Office) -> None:
    certificate = office.enrolled()
    held = freeze(office.services, office.reviewer, certificate.serial, reason="x")
    assert lapsed_at(held) == certificate.not_after  # a hold is no end
    for status in (CertificateStatus.REVOKED, CertificateStatus.SUPERSEDED):
        assert lapsed_at(replace(held, status=status, revoked_at=_END)) == _END
    late = certificate.not_after + timedelta(days=1)
    assert lapsed_at(replace(held, status=CertificateStatus.REVOKED, revoked_at=late)) == certificate.not_after


@pytest.mark.parametrize("config", ["sqlite"], indirect=True)
def test_the_last_certificate_counts_and_without_one_the_registration(office: Office) -> None:
    certificate = office.enrolled()
    with office.services.read() as uow:
        holder = replace(uow.holders.get(str(certificate.holder_id)), status=HolderStatus.STOPPED)
    older = replace(certificate, status=CertificateStatus.REVOKED, revoked_at=datetime(2025, 1, 1, tzinfo=UTC))
    assert kept_until(holder, [certificate, older]) == kept_until(holder, [certificate])
    leap = datetime(2028, 2, 29, 8, tzinfo=UTC)
    assert kept_until(replace(holder, registered_at=leap), []) == datetime(2033, 3, 1, 8, tzinfo=UTC)
    assert kept_until(replace(holder, status=HolderStatus.ACTIVE), [older]) is None
