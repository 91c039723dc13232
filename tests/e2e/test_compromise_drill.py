"""The drill of docs/operations.md on a copy of the CA: its commands, then openssl and the registry on the old chain."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import pem
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec

from ca_service import config as configuration
from ca_service.cli.main import main
from ca_service.config import Config
from ca_service.domain.certificates import Certificate
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.wiring import Wiring
from ca_service.workflows.publish_crl import publish_crl
from teacher_registry.refusal import RefusalError, RefusalKind
from tests.ca_service.office import Office, SoftwareKeyInPlaceOfToken
from tests.e2e.real_ca import RealCa, running

pytestmark = pytest.mark.e2e


@pytest.fixture
def copied(founded: Config, tmp_path: Path) -> Config:
    """A copy of the CA but for its tokens: what the drill replaces is the copy's."""
    folder = tmp_path / "copy"
    shutil.copytree(founded.folder, folder, ignore=shutil.ignore_patterns("tokens", "*.db-*"))
    config = configuration.load(folder / "config.toml")
    for name, der in Wiring(config).ca_certificates().items():
        # The founding's own files are overwritten by a second founding in this process.
        (folder / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", der))
    return config


@contextmanager
def _served(copied: Config, name: str) -> Iterator[tuple[RealCa, Path]]:
    """The copy, and a configuration of it for the commands, until the block ends; its database is kept."""
    folder = copied.folder.parent / name
    folder.mkdir()
    file = copied.folder / f"{name}.toml"
    text = (copied.folder / "config.toml").read_text(encoding="utf-8")
    file.write_text(text.replace("sqlite:///educa.db", f"sqlite:///{folder / 'educa.db'}"), encoding="utf-8")
    with running(copied, folder) as ca:
        yield ca, file
    with (
        closing(sqlite3.connect(folder / "educa.db")) as now,
        closing(sqlite3.connect(copied.folder / "educa.db")) as to,
    ):
        now.backup(to)


def _educa(config_file: Path, *arguments: str) -> object:
    done = CliRunner().invoke(main, [*arguments, "--json", "--config", str(config_file)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def _lists(ca: RealCa, issuer: str = "issuing") -> list[bytes]:
    with ca.wiring.services.read() as uow:
        return [latest.der or b"" for name in ("root", issuer) if (latest := uow.crls.latest(name))]


def _verified(ca: RealCa, certificate: Certificate, lists: list[bytes]) -> str:
    """What openssl says of the chain with these lists."""
    certificates = ca.wiring.ca_certificates()
    files = {
        "root": pem.armor("CERTIFICATE", certificates["root"]),
        "issuing": pem.armor("CERTIFICATE", certificates[certificate.issuer]),
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


def test_the_drill_ends_the_old_chain_and_a_new_one_takes_its_place(copied: Config) -> None:
    with _served(copied, "first") as (ca, config_file):
        holder, token = ca.office.handed_over()
        begun = ca.office.begin(token, ca.office.codes(holder))
        old = ca.office.confirm(token, begun, ca.office.fetch(token, begun))
        for issuer in ("root", "issuing"):
            publish_crl(ca.wiring.services, ca.office.operator, issuer)
        assert ": OK" in _verified(ca, old, _lists(ca))
        assert _admitted(ca, old) is None

        case = _end(ca, config_file)
        assert "error 23" in _verified(ca, old, _lists(ca))
        assert _admitted(ca, old) is RefusalKind.REVOKED
        affected = _educa(config_file, "ca", "affected", case)
        assert isinstance(affected, list)
        assert [one["holder_id"] for one in affected] == [holder]

        made = _educa(config_file, "ca", "roll-over")
        assert isinstance(made, dict)
        assert made["name"] == "issuing-2"
        new = _downloaded_anew(ca.office, holder, token)
        assert (new.issuer, new.medium_serial) == ("issuing-2", old.medium_serial)
        assert _educa(config_file, "ca", "affected", case) == []
    _pin_the_new_one(copied)
    with _served(copied, "second") as (ca, _):
        publish_crl(ca.wiring.services, ca.office.operator, "issuing-2")
        assert ": OK" in _verified(ca, new, _lists(ca, "issuing-2"))
        assert _admitted(ca, new) is None
        assert _admitted(ca, old) is RefusalKind.FOREIGN


def _downloaded_anew(office: Office, holder: str, token: SoftwareKeyInPlaceOfToken) -> Certificate:
    """Onto the token that the holder has, with another key."""
    again = replace(token, key=ec.generate_private_key(ec.SECP256R1()))
    begun = office.begin(again, office.codes(holder))
    return office.confirm(again, begun, office.fetch(again, begun))


def _pin_the_new_one(copied: Config) -> None:
    """What the operator of a relying system changes."""
    file = copied.folder / "config.toml"
    text = file.read_text(encoding="utf-8").replace('"issuing.pem"', '"issuing-2.pem"')
    file.write_text(text.replace("/issuing.crl", "/issuing-2.crl"), encoding="utf-8")


def test_the_roots_list_alone_stops_who_signs_lists_with_the_stolen_key(copied: Config) -> None:
    with _served(copied, "first") as (ca, config_file):
        certificate = ca.office.enrolled()
        stolen = publish_crl(ca.wiring.services, ca.office.operator, "issuing").der or b""
        _end(ca, config_file)
        root, _ = _lists(ca)
        assert "error 23 at 1 depth" in _verified(ca, certificate, [root, stolen])


def test_a_ca_that_was_not_ended_gets_no_successor(copied: Config) -> None:
    with _served(copied, "first") as (_, config_file):
        done = CliRunner().invoke(main, ["ca", "roll-over", "--config", str(config_file)])
        assert (done.exit_code, "没有因泄露而终止" in done.stderr) == (1, True)
