"""In which order changes of status are dated and told, also where one waited for another or for a list."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from ca_service.domain import errors
from ca_service.domain.certificates import Certificate, CertificateEvent, RevocationReason
from ca_service.workflows.certificate_status import apply, freeze, revoke, unfreeze
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office

_WHY = "电话报失"
_END = RevocationReason.KEY_COMPROMISE


def _now(office: Office, serial: str) -> Certificate:
    with office.services.read() as uow:
        return uow.certificates.get(serial)


def _listed(office: Office) -> dict[str, x509.RevokedCertificate]:
    published = publish_crl(office.services, office.operator, "issuing")
    return {f"{entry.serial_number:x}": entry for entry in x509.load_der_x509_crl(published.der or b"")}


def test_a_final_revocation_keeps_the_date_of_its_hold_in_row_and_list(office: Office, clock: TestClock) -> None:
    serial = office.enrolled().serial
    freeze(office.services, office.reviewer, serial, reason=_WHY)
    held = _listed(office)[serial].revocation_date_utc
    clock.pass_time(days=3)
    revoke(office.services, office.reviewer, serial, reason=_WHY, crl_reason=_END)
    ended = _listed(office)[serial]
    assert ended.revocation_date_utc == held == _now(office, serial).revoked_at
    assert ended.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise


def test_a_hold_after_a_release_has_a_date_of_its_own(office: Office, clock: TestClock) -> None:
    serial = office.enrolled().serial
    freeze(office.services, office.reviewer, serial, reason=_WHY)
    first = _now(office, serial).revoked_at
    clock.pass_time(days=3)
    unfreeze(office.services, office.reviewer, serial, reason=_WHY)
    freeze(office.services, office.reviewer, serial, reason=_WHY)
    assert first
    assert _listed(office)[serial].revocation_date_utc >= first + timedelta(days=3)


def test_who_saw_one_hold_does_not_release_or_end_the_next_one(office: Office, clock: TestClock) -> None:
    serial = office.enrolled().serial
    freeze(office.services, office.reviewer, serial, reason=_WHY)
    seen = _now(office, serial)
    clock.pass_time(seconds=10)
    unfreeze(office.services, office.reviewer, serial, reason=_WHY)
    freeze(office.services, office.reviewer, serial, reason="another one")
    for event in (CertificateEvent.UNFREEZE, CertificateEvent.REVOKE):
        with pytest.raises(errors.Conflict), office.services.begin() as uow:
            apply(uow, office.reviewer, seen, event, at=office.services.clock(), reason=_WHY, crl_reason=_END)
    assert _now(office, serial).reason is RevocationReason.CERTIFICATE_HOLD


def test_a_change_that_waited_for_a_list_is_not_dated_before_it(office: Office, clock: TestClock) -> None:
    serial = office.enrolled().serial
    asked_at, certificate = office.services.clock(), _now(office, serial)
    clock.pass_time(seconds=10)
    published = publish_crl(office.services, office.operator, "issuing")
    with office.services.begin() as uow:
        frozen = apply(uow, office.reviewer, certificate, CertificateEvent.FREEZE, at=asked_at, reason=_WHY)
    assert frozen.revoked_at == published.this_update
    # The list after it says the same, and passes the gate, which is told by the history.
    assert _listed(office)[serial].revocation_date_utc == published.this_update


def test_a_change_that_waited_for_another_is_not_dated_before_it(office: Office, clock: TestClock) -> None:
    serial = office.enrolled().serial
    asked_at = office.services.clock()
    clock.pass_time(seconds=10)
    freeze(office.services, office.reviewer, serial, reason=_WHY)
    with office.services.begin() as uow:
        held = uow.certificates.get(serial)
        apply(uow, office.reviewer, held, CertificateEvent.UNFREEZE, at=asked_at, reason=_WHY)
    with office.services.read() as uow:
        times = [step.at for step in uow.status_events.find(serial=serial)]
    assert times == sorted(times)


def test_a_publisher_whose_clock_is_a_little_behind_dates_its_list_as_the_one_before(
    office: Office, clock: TestClock
) -> None:
    first = publish_crl(office.services, office.operator, "issuing")
    behind = replace(office.services, clock=lambda: clock() - timedelta(seconds=3))
    assert publish_crl(behind, office.operator, "issuing").this_update >= first.this_update
    far = replace(office.services, clock=lambda: clock() - timedelta(minutes=3))
    with pytest.raises(errors.StateUnknown, match="thisUpdate is earlier"):
        publish_crl(far, office.operator, "issuing")
