"""A drill on a copy of the CA: its commands, openssl, the registry."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from asn1crypto import pem
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec

from ca_service import config as configuration
from ca_service.cli.main import main
from ca_service.config import Config
from ca_service.domain.certificates import Certificate
from ca_service.wiring import Wiring
from teacher_registry.refusal import RefusalError, RefusalKind
from tests.ca_service.office import Office, SoftwareKeyInPlaceOfToken
from tests.e2e.real_ca import RealCa, running


def copy_of(founded: Config, tmp_path: Path) -> Config:
    """A copy of the CA but for its tokens: what the drill replaces is the copy's."""
    folder = tmp_path / "copy"
    shutil.copytree(founded.folder, folder, ignore=shutil.ignore_patterns("tokens", "*.db-*"))
    config = configuration.load(folder / "config.toml")
    for name, der in Wiring(config).ca_certificates().items():
        # The founding's own files are overwritten by a second founding in this process.
        (folder / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", der))
    return config


@contextmanager
def served(copied: Config, name: str) -> Iterator[tuple[RealCa, Path]]:
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


def educa(config_file: Path, *arguments: str) -> object:
    done = CliRunner().invoke(main, [*arguments, "--json", "--config", str(config_file)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def lists(ca: RealCa, issuer: str = "issuing") -> list[bytes]:
    with ca.wiring.services.read() as uow:
        return [latest.der or b"" for name in ("root", issuer) if (latest := uow.crls.latest(name))]


def verified(ca: RealCa, certificate: Certificate, lists: list[bytes]) -> str:
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


def admitted(ca: RealCa, certificate: Certificate) -> RefusalKind | None:
    _, registry = ca.registry()
    try:
        registry.gate.admit(certificate.der)
    except RefusalError as refusal:
        return refusal.kind
    return None


def downloaded_anew(office: Office, holder: str, token: SoftwareKeyInPlaceOfToken) -> Certificate:
    """Onto the token that the holder has, with another key."""
    again = replace(token, key=ec.generate_private_key(ec.SECP256R1()))
    begun = office.begin(again, office.codes(holder))
    return office.confirm(again, begun, office.fetch(again, begun))
