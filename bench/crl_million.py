"""A CRL of a million entries, from a table in SQLite to the gate before it is published; and a delta beside it.

Beside `openssl ca -gencrl` and pyca's builder, which read and check less. All are seconds of one core, so that a loaded
machine shows in them as little as it can. Run from the repository's root: `python -m bench.crl_million [--quick]`.
"""

import hashlib
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

import crl
from bench.table import Row, missed, show

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
CHANGES = 100
_T = TypeVar("_T")


def make_ca(folder: Path) -> None:
    """Write the CA's key and certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bench CA")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1).not_valid_before(NOW)
    builder = builder.not_valid_after(NOW + 3650 * DAY).add_extension(usage, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    ca = builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
    (folder / "ca.pem").write_bytes(ca.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def revoked(number: int) -> tuple[int, datetime]:
    """A serial number of 16 octets, and a time of its own."""
    serial = int.from_bytes(hashlib.sha256(number.to_bytes(8, "big")).digest()[:16], "big") | 1
    return serial, NOW - timedelta(seconds=number)


def fill(path: Path, count: int) -> float:
    """Encode the entries, once each, into a table; return the seconds that encoding took."""
    started = time.process_time()
    rows = [(f"{serial:032x}", crl.encode_entry(serial, at, crl.Reason.CERTIFICATE_HOLD)) for serial, at in _all(count)]
    encoded = time.process_time() - started
    database = sqlite3.connect(path)
    with database:
        database.execute("CREATE TABLE revoked (serial TEXT PRIMARY KEY, entry BLOB) WITHOUT ROWID")
        database.executemany("INSERT INTO revoked VALUES (?, ?)", rows)
    database.close()
    return encoded


def _all(count: int) -> Iterator[tuple[int, datetime]]:
    return (revoked(number) for number in range(count))


class Steps:
    """Seconds by step, in the order they were taken."""

    def __init__(self) -> None:
        """Nothing done yet."""
        self.seconds: dict[str, float] = {}

    def take(self, name: str, step: Callable[[], _T]) -> _T:
        """Do a step and note its time."""
        started = time.process_time()
        done = step()
        self.seconds[name] = time.process_time() - started
        return done


def publish(folder: Path) -> dict[str, float]:
    """In a process of its own: the next CRL after `before.crl`, and a delta to that one; return seconds and MiB.

    The changes in between: a hundred certificates frozen and a hundred released.
    """
    loaded = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    key = loaded
    ca = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    certificate = ca.public_bytes(Encoding.DER)
    identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    issuer = crl.CrlIssuer(ca.subject.public_bytes(), identifier, ECDSA_SHA256)
    database = sqlite3.connect(folder / "revoked.db")
    steps = Steps()

    def signed(number: int, entries: Iterator[bytes], base: int | None = None) -> bytes:
        tbs = crl.build_tbs(
            issuer,
            number=number,
            this_update=NOW + number * DAY,
            next_update=NOW + (number + 1) * DAY,
            entries=entries,
            base_number=base,
        )
        return crl.assemble(tbs, ECDSA_SHA256, key.sign(tbs, ec.ECDSA(hashes.SHA256())))

    def listed() -> Iterator[bytes]:
        return (entry for (entry,) in database.execute("SELECT entry FROM revoked ORDER BY serial"))

    if not (folder / "before.crl").exists():
        (folder / "before.crl").write_bytes(signed(1, listed()))
        return {}
    history = _change(database)
    before = (folder / "before.crl").read_bytes()
    encoded = steps.take("read, join, sign", lambda: signed(2, listed()))
    checked = steps.take(
        "gate: parse twice, compare, verify",
        lambda: crl.check(encoded, issuer_certificate=certificate, previous=crl.read_outline(before)),
    )
    steps.take(
        "gate: difference to the last",
        lambda: crl.check_difference(crl.parse(before, published=True), checked, crl.outcome(history)),
    )
    delta = steps.take("delta: build, sign", lambda: signed(3, iter(crl.delta_entries(history)), 2))
    steps.take("delta: gate", lambda: _check_delta(delta, certificate, checked, history))
    steps.seconds["MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return steps.seconds


def _check_delta(delta: bytes, certificate: bytes, base: crl.Outline, history: list[crl.Change]) -> None:
    parsed = crl.check(delta, issuer_certificate=certificate, previous=base)
    crl.check_difference(None, parsed, dict(history))


def _change(database: sqlite3.Connection) -> list[crl.Change]:
    """Freeze and release, in the table; the history of it."""
    rng = random.Random(3)
    count = database.execute("SELECT count(*) FROM revoked").fetchone()[0]
    at = NOW + timedelta(hours=30)
    history: list[crl.Change] = []
    with database:
        for number in rng.sample(range(count), CHANGES):
            serial = revoked(number)[0]
            history.append((serial, crl.Revocation(at, crl.Reason.REMOVE_FROM_CRL)))
            database.execute("DELETE FROM revoked WHERE serial = ?", (f"{serial:032x}",))
        for number in range(count, count + CHANGES):
            serial = revoked(number)[0]
            history.append((serial, crl.Revocation(at, crl.Reason.CERTIFICATE_HOLD)))
            entry = crl.encode_entry(serial, at, crl.Reason.CERTIFICATE_HOLD)
            database.execute("INSERT INTO revoked VALUES (?, ?)", (f"{serial:032x}", entry))
    return history


def openssl_seconds(folder: Path, count: int) -> float:
    """Seconds that `openssl ca -gencrl` takes for so many entries."""
    with (folder / "index.txt").open("w") as index:
        for serial, at in _all(count):
            index.write(
                f"R\t290228000000Z\t{at:%y%m%d%H%M%SZ},certificateHold\t{serial:032X}\tunknown\t/CN={serial:x}\n"
            )
    (folder / "crlnumber").write_text("01\n")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=x\n[x]\ndatabase={folder}/index.txt\ncrlnumber={folder}/crlnumber\n"
        "default_md=sha256\ndefault_crl_days=1\ncrl_extensions=e\nunique_subject=no\n"
        "[e]\nauthorityKeyIdentifier=keyid:always\n"
    )
    command = ("openssl", "ca", "-gencrl", "-config", str(folder / "ca.cnf"), "-out", str(folder / "openssl.crl"))
    keys = ("-cert", str(folder / "ca.pem"), "-keyfile", str(folder / "key.pem"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run((*command, *keys), check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pyca_seconds(folder: Path, count: int) -> float:
    """Seconds that pyca's builder takes, the list given at once, which spares it its copying of the list each time."""
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    name = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()).subject
    reason = x509.CRLReason(x509.ReasonFlags.certificate_hold)
    started = time.process_time()
    listed = [
        x509.RevokedCertificateBuilder(serial, at.replace(tzinfo=None)).add_extension(reason, critical=False).build()
        for serial, at in _all(count)
    ]
    builder = x509.CertificateRevocationListBuilder(name, NOW.replace(tzinfo=None), None, [], listed)
    builder.next_update(NOW + DAY).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    return time.process_time() - started


def measure(*, quick: bool = False) -> list[Row]:
    """Measure with a million entries (quick: five thousand), the peers with a tenth."""
    count, few = (5_000, 5_000) if quick else (1_000_000, 100_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_ca(folder)
        encoding = fill(folder / "revoked.db", count)
        for _ in ("before", "after"):
            command = [sys.executable, "-m", "bench.crl_million", "--publish", name]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        steps: dict[str, float] = json.loads(told)
        openssl, pyca = openssl_seconds(folder, few), pyca_seconds(folder, few)
    memory = steps.pop("MiB")
    delta = sum(seconds for step, seconds in steps.items() if step.startswith("delta"))
    full = sum(steps.values()) - delta
    build = steps["read, join, sign"]
    per_entry = openssl / few / (build / count)
    return [
        Row(what=f"encode {count:,} entries, once each", value=f"{encoding:6.2f} s"),
        Row(what="full CRL: read, join, sign", value=f"{build:6.2f} s", goal="<= 1.5 s", met=build <= 1.5),
        *(Row(what=step, value=f"{seconds:6.2f} s") for step, seconds in steps.items() if step.startswith("gate")),
        Row(what="full CRL, gate and all", value=f"{full:6.2f} s"),
        Row(what="memory of that process", value=f"{memory:6.0f} MiB", goal="<= 400 MiB", met=memory <= 400),
        Row(what=f"openssl ca -gencrl, {few:,}", value=f"{openssl:6.2f} s"),
        Row(
            what="ratio openssl : read, join, sign, per entry",
            value=f"{per_entry:6.1f}",
            goal=">= 5",
            met=per_entry >= 5,
        ),
        Row(
            what=f"pyca's builder, {few:,}", value=f"{pyca:6.2f} s   ratio {pyca / few / (build / count):.1f} per entry"
        ),
        Row(
            what=f"delta of {2 * CHANGES} changes, gate and all",
            value=f"{delta * 1000:6.1f} ms",
            goal="< 50 ms",
            met=delta < 0.05,
        ),
    ]


def main(*, quick: bool = False) -> int:
    """Print the table; 1 if a goal is missed."""
    rows = measure(quick=quick)
    show("CRL", rows)
    return missed(rows)


if __name__ == "__main__":
    if "--publish" in sys.argv:
        print(json.dumps(publish(Path(sys.argv[-1]))))
    else:
        sys.exit(main(quick="--quick" in sys.argv))
