"""The drill of docs/operations.md on a copy of the CA: its commands, then openssl and the registry on the old chain."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from asn1crypto import pem
from click.testing import CliRunner

from ca_service.cli.main import main
from ca_service.config import Config
from ca_service.domain.certificates import Certificate
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.publish_crl import publish_crl
from teacher_registry.refusal import RefusalError, RefusalKind
from tests.e2e.real_ca import RealCa, running

pytestmark = pytest.mark.e2e


@pytest.fixture
def ca(founded: Config, tmp_path: Path) -> Iterator[RealCa]:
    with running(founded, tmp_path) as served:
        yield served


@pytest.fixture
def config_file(ca: RealCa, founded: Config) -> Iterator[Path]:
    """The configuration of the copy, for the commands."""
    text = (founded.folder / "config.toml").read_text(encoding="utf-8")
    path = founded.folder / f"drill-{ca.console.rpartition(':')[2]}.toml"
    path.write_text(text.replace("sqlite:///educa.db", f"sqlite:///{ca.folder / 'educa.db'}"), encoding="utf-8")
    yield path
    path.unlink()


def _educa(config_file: Path, *arguments: str) -> object:
    done = CliRunner().invoke(main, [*arguments, "--json", "--config", str(config_file)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def _lists(ca: RealCa) -> list[bytes]:
    with ca.wiring.services.read() as uow:
        return [latest.der or b"" for name in ("root", "issuing") if (latest := uow.crls.latest(name))]


def _verified(ca: RealCa, certificate: Certificate, lists: list[bytes]) -> str:
    """What openssl says of the chain with these lists."""
    certificates = ca.wiring.ca_certificates()
    files = {
        "root": pem.armor("CERTIFICATE", certificates["root"]),
        "issuing": pem.armor("CERTIFICATE", certificates["issuing"]),
        "one": pem.armor("CERTIFICATE", certificate.der or b""),
        "lists": b"".join(pem.armor("X509 CRL", der) for der in lists),
    }
    for name, content in files.items():
        (ca.folder / name).write_bytes(content)
    program = ["openssl", "verify", "-crl_check_all", "-CAfile", "root", "-untrusted", "issuing", "-CRLfile", "lists"]
    done = subprocess.run([*program, "one"], cwd=ca.folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _admitted(ca: RealCa, certificate: Certificate) -> RefusalKind | None:
    _, registry = ca.registry()
    try:
        registry.gate.admit(certificate.der)
    except RefusalError as refusal:
        return refusal.kind
    return None


def _end(ca: RealCa, config_file: Path) -> str:
    """The three people's commands; the number of the case."""
    with ca.wiring.services.begin() as uow:
        for login, role in (("ca-one", Role.CA_ADMIN), ("security-one", Role.SECURITY_ADMIN)):
            now = ca.wiring.clock()
            uow.staff.add(Staff(login, login, CENTRE_CODE, frozenset({role}), "", False, True, now))
    case = _educa(config_file, "ca", "declare", "--ground", "演练", "--as", "ca-one")
    assert isinstance(case, dict)
    number = str(case["id"])
    _educa(config_file, "ca", "confirm", number, "--as", "security-one")
    _educa(config_file, "ca", "revoke", number)
    return number


def test_the_drill_ends_the_old_chain_everywhere(ca: RealCa, config_file: Path) -> None:
    certificate = ca.office.enrolled()
    for issuer in ("root", "issuing"):
        publish_crl(ca.wiring.services, ca.office.operator, issuer)
    assert ": OK" in _verified(ca, certificate, _lists(ca))
    assert _admitted(ca, certificate) is None
    case = _end(ca, config_file)
    assert "error 23" in _verified(ca, certificate, _lists(ca))
    assert _admitted(ca, certificate) is RefusalKind.REVOKED
    affected = _educa(config_file, "ca", "affected", case)
    assert isinstance(affected, list)
    assert [one["holder_id"] for one in affected] == [certificate.holder_id]


def test_the_roots_list_alone_stops_who_signs_lists_with_the_stolen_key(ca: RealCa, config_file: Path) -> None:
    certificate = ca.office.enrolled()
    stolen = publish_crl(ca.wiring.services, ca.office.operator, "issuing").der or b""
    _end(ca, config_file)
    root, _ = _lists(ca)
    assert "error 23 at 1 depth" in _verified(ca, certificate, [root, stolen])
