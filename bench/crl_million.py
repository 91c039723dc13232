"""A CRL of a million entries: seconds to encode, join, parse and check it, and its size.

Run from the repository's root: `python -m bench.crl_million [entries]`.
"""

import hashlib
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

import crl

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
GOAL = 2.0  # seconds to join a million entries


def make_ca(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Make the certificate that the check verifies against."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bench CA")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1).not_valid_before(NOW)
    builder = builder.not_valid_after(NOW + timedelta(days=3650)).add_extension(usage, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())


def entry(number: int) -> bytes:
    """Encode one entry with a serial number of 16 octets and a time of its own."""
    serial = int.from_bytes(hashlib.sha256(number.to_bytes(8, "big")).digest()[:16], "big") | 1
    return crl.encode_entry(serial, NOW - timedelta(seconds=number), crl.Reason.CERTIFICATE_HOLD)


def main() -> int:
    """Print one line a step; 1 if joining misses the goal."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    key = ec.generate_private_key(ec.SECP256R1())
    ca = make_ca(key)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
    issuer = crl.CrlIssuer(ca.subject.public_bytes(), identifier, ECDSA_SHA256)
    times = [time.perf_counter()]
    entries = [entry(number) for number in range(count)]
    times.append(time.perf_counter())
    tbs = crl.build_tbs(issuer, number=1, this_update=NOW, next_update=NOW + timedelta(days=1), entries=entries)
    encoded = crl.assemble(tbs, ECDSA_SHA256, key.sign(tbs, ec.ECDSA(hashes.SHA256())))
    times.append(time.perf_counter())
    crl.parse(encoded)
    times.append(time.perf_counter())
    crl.check(encoded, issuer_certificate=ca.public_bytes(Encoding.DER), previous=None)
    times.append(time.perf_counter())
    spent = [after - before for before, after in pairwise(times)]
    for step, seconds in zip(("encode entries", "join and sign", "parse", "check"), spent, strict=True):
        print(f"{step:15} {seconds:6.2f} s")
    print(f"{count:,} entries, {len(encoded) / 1e6:.1f} MB; goal for joining {GOAL} s a million")
    return int(spent[1] > GOAL * max(count / 1_000_000, 0.1))


if __name__ == "__main__":
    sys.exit(main())
