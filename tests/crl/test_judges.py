"""Our CRLs before the programs of others: openssl, gnutls and pkilint."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import crl
from crl import Reason, Revocation

from .ca import DAY, NOW, issue_leaf, make_ca


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


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("sort", ["complete", "delta", "shard"])
def test_gnutls_verifies_it(kind: str, sort: str, tmp_path: Path) -> None:
    """Its clock is that of the machine, which may be set back a little between our look and its own."""
    ca, now = make_ca(kind=kind), datetime.now(UTC) - timedelta(minutes=1)
    base_number, shard = (3 if sort == "delta" else None), (shard_url(1) if sort == "shard" else None)
    encoded = ca.issue(
        entries(removal=sort == "delta"),
        this_update=now,
        next_update=now + DAY,
        base_number=base_number,
        distribution_point=shard,
    )
    (tmp_path / "ca.der").write_bytes(ca.certificate_der)
    (tmp_path / "a.crl").write_bytes(encoded)
    verified = run(
        *("certtool", "--verify-crl", "--inder"),
        *("--load-ca-certificate", str(tmp_path / "ca.der"), "--infile", str(tmp_path / "a.crl")),
    )
    assert "Verification output: Verified." in verified.stdout, verified.stderr
    assert f"Revoked certificates ({len(entries(removal=sort == 'delta'))})" in verified.stdout


SHARDS = 4
SERIALS = {"never": 0x41, "held": 0x42, "released": 0x43, "frozen-between": 0x44, "revoked": 0x45}
HOLD, RELEASE = Reason.CERTIFICATE_HOLD, Reason.REMOVE_FROM_CRL
BASE = [(0x42, Revocation(NOW, HOLD)), (0x43, Revocation(NOW, HOLD))]
SINCE = [
    (0x43, Revocation(NOW, RELEASE)),
    (0x44, Revocation(NOW, HOLD)),
    (0x44, Revocation(NOW, RELEASE)),
    (0x45, Revocation(NOW, Reason.KEY_COMPROMISE)),
]


def shard_url(serial: int, *, delta: bool = False) -> str:
    return f"http://ca.example/crl/issuing-{crl.shard_of(serial, SHARDS)}{'-delta' if delta else ''}.crl"


def pem(encoded: bytes) -> bytes:
    return x509.load_der_x509_crl(encoded).public_bytes(serialization.Encoding.PEM)


def publish_shards(path: Path) -> None:
    """Write every shard's base and delta into one file, as PEM."""
    published = []
    for shard in range(SHARDS):
        url, delta_url = shard_url(shard), shard_url(shard, delta=True)
        based, since = ([c for c in history if crl.shard_of(c[0], SHARDS) == shard] for history in (BASE, SINCE))
        listed = [crl.encode_entry(serial, *said) for serial, said in based]
        published.append(make_ca().issue(listed, number=7, freshest_url=delta_url, distribution_point=url))
        published.append(make_ca().issue(crl.delta_entries(since), number=8, base_number=7, distribution_point=url))
    path.write_bytes(b"".join(map(pem, published)))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("never", "OK"),
        ("held", "certificate revoked"),
        ("released", "OK"),
        ("frozen-between", "OK"),
        ("revoked", "certificate revoked"),
    ],
)
def test_openssl_combines_shard_and_delta(name: str, told: str, tmp_path: Path) -> None:
    """OpenSSL finds both by distribution point and number, and takes removeFromCRL as a release."""
    serial = SERIALS[name]
    publish_shards(tmp_path / "crls.pem")
    leaf = issue_leaf(make_ca(), serial, crl_url=shard_url(serial), delta_url=shard_url(serial, delta=True))
    (tmp_path / "leaf.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "ca.pem").write_bytes(make_ca().certificate.public_bytes(serialization.Encoding.PEM))
    verified = run(
        *("openssl", "verify", "-crl_check", "-extended_crl", "-use_deltas"),
        *("-attime", str(int((NOW + DAY / 2).timestamp()))),
        *("-CAfile", str(tmp_path / "ca.pem"), "-CRLfile", str(tmp_path / "crls.pem"), str(tmp_path / "leaf.pem")),
    )
    assert told in verified.stdout + verified.stderr
