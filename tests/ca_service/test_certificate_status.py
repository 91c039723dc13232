"""Freeze, unfreeze, revoke: every move of the table works, every other is refused, the log has no gap."""

import subprocess
from pathlib import Path

import pytest

from ca_service.domain import errors
from ca_service.domain.certificates import (
    CERTIFICATE,
    CertificateEvent,
    CertificateStatus,
    RevocationReason,
)
from ca_service.domain.roles import Role
from ca_service.store.status_source import SqlStatusSource
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze, revoke, unfreeze
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.office import BANNER, Office, actor

_WHY = "reported by telephone"


@pytest.mark.parametrize("status", CertificateStatus)
@pytest.mark.parametrize("event", CertificateEvent)
def test_nothing_leaves_revoked_and_only_the_drawn_moves_exist(
    status: CertificateStatus, event: CertificateEvent
) -> None:
    if (status, event) in CERTIFICATE.moves:
        assert status is not CertificateStatus.REVOKED
    else:
        with pytest.raises(errors.IllegalTransition):
            CERTIFICATE.after(status, event)


def test_a_freeze_is_seen_by_the_responder_source_and_a_release_takes_it_back(office: Office, wiring: Wiring) -> None:
    serial = office.enrolled().serial
    source = SqlStatusSource(wiring.database.reading, "issuing")
    before = source.version()
    freeze(office.services, office.reviewer, serial, reason=_WHY)
    changes = source.changes_since(before)
    assert (changes.version, changes.serials) == (before + 1, [int(serial, 16)])
    status = source.status([int(serial, 16)])[int(serial, 16)]
    assert getattr(status, "reason", None) == RevocationReason.CERTIFICATE_HOLD
    unfreeze(office.services, office.reviewer, serial, reason=_WHY)
    assert type(source.status([int(serial, 16)])[int(serial, 16)]).__name__ == "Good"
    assert source.version() == before + 2


def test_a_serial_that_was_never_issued_is_absent_and_a_version_never_reached_drops_everything(wiring: Wiring) -> None:
    source = SqlStatusSource(wiring.database.reading, "issuing")
    assert source.status([12345]) == {}
    assert source.changes_since(source.version() + 1).serials is None


def test_a_revoked_certificate_never_comes_back(office: Office) -> None:
    serial = office.enrolled().serial
    revoke(office.services, office.reviewer, serial, reason=_WHY, crl_reason=RevocationReason.KEY_COMPROMISE)
    for act in (freeze, unfreeze):
        with pytest.raises(errors.IllegalTransition):
            act(office.services, office.reviewer, serial, reason=_WHY)


@pytest.mark.parametrize(
    "who", [actor(Role.CLERK), actor(Role.CUSTODIAN), actor(Role.AUDITOR), actor(Role.REVIEWER, BANNER)]
)
def test_only_the_centres_reviewer_revokes(office: Office, who: object) -> None:
    serial = office.enrolled().serial
    reason = RevocationReason.KEY_COMPROMISE
    with pytest.raises(errors.Forbidden):
        revoke(office.services, who, serial, reason=_WHY, crl_reason=reason)  # type: ignore[arg-type]


def test_a_change_without_a_reason_and_a_hold_as_revocation_are_refused(office: Office) -> None:
    serial = office.enrolled().serial
    with pytest.raises(errors.Invalid):
        freeze(office.services, office.reviewer, serial, reason="  ")
    hold = RevocationReason.CERTIFICATE_HOLD
    with pytest.raises(errors.Invalid):
        revoke(office.services, office.reviewer, serial, reason=_WHY, crl_reason=hold)


def test_the_services_own_certificates_are_not_frozen_by_hand(office: Office) -> None:
    with office.services.read() as uow:
        (signer,) = uow.certificates.find(profile="ocsp-signer")
    with pytest.raises(errors.Invalid):
        freeze(office.services, office.reviewer, signer.serial, reason=_WHY)


@pytest.mark.parametrize("typed", ["{}", "0x{}", "00{}"])
def test_a_serial_is_found_as_people_type_it(office: Office, typed: str) -> None:
    serial = office.enrolled().serial
    frozen = freeze(office.services, office.reviewer, typed.format(serial.upper()), reason=_WHY)
    assert frozen.serial == serial


def test_the_crl_says_what_the_database_says_by_openssl(office: Office, tmp_path: Path) -> None:
    frozen, revoked, active = (office.enrolled(str(n)).serial for n in range(3))
    freeze(office.services, office.reviewer, frozen, reason=_WHY)
    reason = RevocationReason.AFFILIATION_CHANGED
    revoke(office.services, office.reviewer, revoked, reason=_WHY, crl_reason=reason)
    published = publish_crl(office.services, office.operator, "issuing")
    file = tmp_path / "issuing.crl"
    file.write_bytes(published.der or b"")
    command = ["openssl", "crl", "-inform", "DER", "-in", str(file), "-noout", "-text"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Certificate Hold" in shown.split(frozen.upper())[1].split("Serial")[0]
    assert "Affiliation Changed" in shown.split(revoked.upper())[1].split("Serial")[0]
    assert active.upper() not in shown
