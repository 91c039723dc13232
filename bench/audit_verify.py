"""The offline verifier over a million entries (export, chain, tree, checkpoints) beside hashlib over the same octets.

The peer hashes each line of the export once, in a loop: the least that reading every octet can cost in Python.
Run from the repository's root: `python -m bench.audit_verify [--quick]`.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import profiles
from bench.table import Row, missed, show
from ca_service.audit.examine import KeptNote, Report, examine
from ca_service.audit.export import read_entries, read_header, write_export
from ca_service.audit.signers import Signers
from ca_service.domain.audit import GENESIS, AuditEntry, Tag, canonical, timestamp
from ca_service.domain.checkpoints import TreeHead, signed
from ca_service.domain.merkle import Growing, leaf_hash

_START = datetime(2026, 11, 1, tzinfo=UTC)
_GOAL = 30.0


def entries(count: int) -> Iterator[AuditEntry]:
    """A valid chain as a busy service writes it."""
    previous = GENESIS
    detail = canonical({"serial": "1f" * 16, "reason": "调离本单位，不再负责", "form": "C0123456789abcdef"})
    for seq in range(1, count + 1):
        entry = AuditEntry(
            seq, timestamp(_START + timedelta(seconds=seq)), Tag.CERTIFICATE_REVOKED, "reviewer-150300", "web",
            "150302", f"{seq:032x}", detail, previous,
        ).sealed()  # fmt: skip
        previous = entry.hash
        yield entry


def heads(log: Iterator[AuditEntry], sizes: frozenset[int], trees: list[TreeHead]) -> Iterator[AuditEntry]:
    """Hand the entries on, and note the tree heads at some sizes on the way."""
    growing = Growing()
    for entry in log:
        growing.add(leaf_hash(entry.hash))
        if entry.seq in sizes:
            trees.append(TreeHead("bench.example/audit", entry.seq, growing.root(), entry.hash, datetime.now(UTC)))
        yield entry


def authority() -> tuple[x509.Certificate, x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A root, an audit signer below it, and the signer's key."""
    above, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "root")])
    now, days = datetime.now(UTC), timedelta(days=1)
    names = (name, x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "audit")]))
    made = []
    for subject, public in zip(names, (above.public_key(), key.public_key()), strict=True):
        builder = x509.CertificateBuilder(name, subject, public, x509.random_serial_number(), now - days, now + days)
        usage = x509.KeyUsage(True, *[False] * 8)
        policy = x509.PolicyInformation(x509.ObjectIdentifier(profiles.POLICY_OIDS["audit-signer"]), None)
        purpose = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")])
        for extension in (usage, x509.CertificatePolicies([policy]), purpose):
            builder = builder.add_extension(extension, critical=False)
        made.append(builder.sign(above, hashes.SHA256()))
    return made[0], made[1], key


def verified(export: Path, notes: list[KeptNote], root: x509.Certificate) -> tuple[Report, float]:
    """The report, and the CPU seconds that it took."""
    started = time.process_time()
    with export.open("rb") as source:
        signers = Signers.read([root.public_bytes(Encoding.PEM)], read_header(source))
        report = examine(read_entries(source), notes, signers)
    return report, time.process_time() - started


def hashed(export: Path) -> float:
    """CPU seconds of one SHA-256 for each line of the same file."""
    started = time.process_time()
    with export.open("rb") as source:
        for line in source:
            sha256(line).digest()
    return time.process_time() - started


def measure(*, quick: bool = False) -> list[Row]:
    """A million entries (quick: 20,000) with ten checkpoints of them."""
    count = 20_000 if quick else 1_000_000
    root, holder, key = authority()
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with tempfile.TemporaryDirectory() as folder:
        export, trees = Path(folder) / "log.jsonl", list[TreeHead]()
        sizes = frozenset(count * tenth // 10 for tenth in range(1, 11))
        with export.open("wb") as out:
            write_export(out, heads(entries(count), sizes, trees), signers=[holder.public_bytes(Encoding.DER)])
        notes = []
        for tree in trees:
            signature = key.sign(tree.text().encode(), ec.ECDSA(hashes.SHA256()))
            notes.append(KeptNote(str(tree.size), signed(tree, public_key=public, signature=signature).note))
        report, seconds = verified(export, notes, root)
        octets, peer = export.stat().st_size, hashed(export)
    wrong = len(report.findings) + (report.entries != count) + (report.checkpoints != len(sizes))
    return [
        Row(
            what=f"{count:,} entries ({octets / 1e6:,.0f} MB) with 10 checkpoints, one core",
            value=f"{seconds:8.2f} s CPU   {count / seconds:9,.0f}/s",
            goal=f"< {_GOAL:.0f} s a million",
            met=seconds * 1_000_000 / count < _GOAL,
        ),
        Row(
            what="hashlib, one SHA-256 a line of the same file",
            value=f"{peer:8.2f} s CPU   ratio ours : hashlib {seconds / peer:.1f}",
        ),
        Row(what="findings", value=f"{wrong} wrong, refused or broken off", goal="0 wrong", met=wrong == 0),
    ]


def main(*, quick: bool = False) -> int:
    """Print the table; 1 if a goal is missed."""
    rows = measure(quick=quick)
    show("Audit log, verified offline", rows)
    return missed(rows)


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
