"""The process is killed at each step of issuing and of publishing; the next start closes what was open."""

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from ca_service.config import Config, DatabaseTable
from ca_service.domain.certificates import CertificateStatus
from ca_service.wiring import Wiring
from ca_service.workflows.publish_crl import publish_crl
from ca_service.workflows.recover import close_interrupted
from tests.ca_service.office import Office

_PROFILE = "information-administrator"


def _killed(founded: Config, tmp_path: Path, step: str) -> Wiring:
    """Run the child on a copy of the CA until it kills itself at the step; return the CA it leaves."""
    url = f"sqlite:///{tmp_path / 'educa.db'}"
    shutil.copy(founded.path(Path("educa.db")), tmp_path / "educa.db")
    command = [sys.executable, "-m", "tests.ca_service.crash_child", str(founded.folder / "config.toml"), url, step]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -9, done.stderr
    return Wiring(founded.model_copy(update={"database": DatabaseTable(url=url)}))


@pytest.mark.parametrize(
    ("step", "left"),
    [
        ("before-intent", []),
        ("after-intent", [CertificateStatus.SIGNING]),
        ("after-signature", [CertificateStatus.SIGNING]),
        ("before-record-commit", [CertificateStatus.SIGNING]),
        ("after-record", [CertificateStatus.ISSUED]),
    ],
)
def test_after_a_death_while_issuing_the_serial_is_revoked_or_recorded_and_the_download_can_be_finished(
    founded: Config, tmp_path: Path, step: str, left: list[CertificateStatus]
) -> None:
    wiring = _killed(founded, tmp_path, step)
    services = wiring.services
    with services.read() as uow:
        assert [c.status for c in uow.certificates.find(profile=_PROFILE)] == left
        (enrolment,) = uow.enrolments.find()
    closed = close_interrupted(services, Office(services).operator, patience=timedelta(0))
    assert len(closed) == left.count(CertificateStatus.SIGNING)
    with services.read() as uow:
        statuses = [c.status for c in uow.certificates.find(profile=_PROFILE)]
        revoked = [c for c in uow.certificates.find(profile=_PROFILE) if c.status is CertificateStatus.REVOKED]
    assert CertificateStatus.SIGNING not in statuses
    assert all(c.crl_entry for c in revoked)
    number = publish_crl(services, Office(services).operator, "issuing").number
    assert number > 1
    assert enrolment.tries_left == 5


@pytest.mark.parametrize("step", ["crl-after-reservation", "crl-after-signature"])
def test_a_crl_number_is_never_signed_twice(founded: Config, tmp_path: Path, step: str) -> None:
    wiring = _killed(founded, tmp_path, step)
    services = wiring.services
    with services.read() as uow:
        reserved = [crl for crl in uow.crls.find(issuer="issuing") if crl.der is None]
        latest = uow.crls.latest("issuing")
    assert [crl.number for crl in reserved] == [2]
    assert latest is not None
    assert latest.number == 1
    assert publish_crl(services, Office(services).operator, "issuing").number == 3
