"""Our CRLs before the programs of others: openssl and pkilint."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

import crl
from crl import Reason

from .ca import NOW, make_ca


def entries(*, removal: bool = False) -> list[bytes]:
    listed = [reason for reason in Reason if removal or reason is not Reason.REMOVE_FROM_CRL]
    return [crl.encode_entry(1000 + reason, NOW, reason) for reason in listed]


CRLS = {
    "empty": make_ca().issue(),
    "complete": make_ca().issue(entries(), freshest_url="http://ca.example/crl/d.crl"),
    "delta": make_ca().issue(entries(removal=True), base_number=3),
    "shard": make_ca().issue(entries(), distribution_point="http://ca.example/crl/issuing-1.crl"),
    "rsa": make_ca(kind="rsa").issue(entries()),
}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", CRLS)
def test_openssl_verifies_it(name: str, tmp_path: Path) -> None:
    ca = make_ca(kind="rsa") if name == "rsa" else make_ca()
    (tmp_path / "ca.pem").write_bytes(ca.certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "a.crl").write_bytes(CRLS[name])
    shown = run(
        *("openssl", "crl", "-inform", "DER", "-in", str(tmp_path / "a.crl"), "-noout", "-text"),
        *("-CAfile", str(tmp_path / "ca.pem")),
    )
    assert "verify OK" in shown.stderr
    assert ("No Revoked Certificates" in shown.stdout) == (name == "empty")
    assert ("Certificate Hold" in shown.stdout) == (name != "empty")
    assert ("Remove From CRL" in shown.stdout) == (name == "delta")


@pytest.mark.parametrize("name", CRLS)
def test_pkilint_has_nothing_to_say(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.crl").write_bytes(CRLS[name])
    lint = str(Path(sys.executable).with_name("lint_crl"))
    linted = run(lint, "lint", "-t", "CRL", "-p", "PKIX", "-s", "WARNING", str(tmp_path / "a.crl"))
    assert (linted.returncode, linted.stdout.strip(), linted.stderr) == (0, "", "")
