"""What the OCSP benchmarks ask about: a CA, its signer, and up to a million certificates in the service's own SQLite.

Each tenth certificate is frozen, so that an answer can be wrong.
"""

import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import crl
import ocsp
from ca_service.store import models
from ca_service.store.engines import connect
from ocsp import der
from ocsp.signer import certificate_facts

ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
# Whole seconds: what is stored must be what is answered.
FROZEN_AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
_DAYS = timedelta(days=1)
_COLUMNS = (
    "serial, issuer, profile, unit_code, subject, status, key_sha256, not_before, not_after, created_at, tbs,"
    " holder_id, revoked_at, reason, crl_entry"
)
_POST = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/ocsp-request"
local file = io.open("{requests}", "rb")
local all = file:read("*a")
local requests, size, next = {{}}, {size}, 0
init = function()
  for at = 1, #all, size do requests[#requests + 1] = wrk.format(nil, nil, nil, all:sub(at, at + size - 1)) end
end
request = function() next = next % #requests + 1; return requests[next] end
"""


@dataclass(frozen=True)
class World:
    """Files in a folder: `ca.der`, `signer.der`, `key.der` and the same as PEM, and `ca.db`."""

    folder: Path
    count: int

    @cached_property
    def serials(self) -> list[int]:
        """All serial numbers, 16 octets each, the same in every run."""
        rng = random.Random(5)
        # The first octet between 0x40 and 0x7f: all requests are of one length.
        return [1 << 126 | rng.getrandbits(126) for _ in range(self.count)]

    def frozen(self, serial: int) -> bool:
        """Say what the right answer is."""
        return serial % 10 == 0

    def cert_ids(self) -> ocsp.CertIdWriter:
        """What writes CertIDs of this CA."""
        facts = certificate_facts((self.folder / "ca.der").read_bytes())
        return ocsp.CertIdWriter(facts, ocsp.HashAlgorithm.SHA1)

    def script(self, serials: list[int], *, nonces: bool = False) -> Path:
        """Write a script for wrk that POSTs one request after the other for these certificates, and around again."""
        writer, rng = self.cert_ids(), random.Random(6)
        requests = [request(writer.write(serial), rng.randbytes(32) if nonces else None) for serial in serials]
        (size,) = {len(encoded) for encoded in requests}
        name = f"{len(serials)}{'-nonces' if nonces else ''}"
        (self.folder / f"{name}.requests").write_bytes(b"".join(requests))
        script = self.folder / f"{name}.lua"
        script.write_text(_POST.format(requests=self.folder / f"{name}.requests", size=size))
        return script


def request(cert_id: ocsp.CertId, nonce: bytes | None) -> bytes:
    """Return the DER of a request for one certificate."""
    extensions = b""
    if nonce is not None:
        value = der.tlv(der.OCTET_STRING, der.tlv(der.OCTET_STRING, nonce))
        extension = der.sequence(bytes.fromhex("06092b0601050507300102") + value)
        extensions = der.tlv(0xA2, der.sequence(extension))
    return der.sequence(der.sequence(der.sequence(der.sequence(cert_id.raw)) + extensions))


def make(folder: Path, count: int) -> World:
    """Write the files of a world with so many certificates."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = certificate("Bench CA", ca_key, ca_key, None)
    signer = certificate("Bench CA OCSP", key, ca_key, ca)
    for name, made in (("ca", ca), ("signer", signer)):
        (folder / f"{name}.der").write_bytes(made.public_bytes(Encoding.DER))
        (folder / f"{name}.pem").write_bytes(made.public_bytes(Encoding.PEM))
    for encoding, name in ((Encoding.DER, "key.der"), (Encoding.PEM, "key.pem")):
        (folder / name).write_bytes(key.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "ca-key.pem").write_bytes(ca_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    world = World(folder, count)
    _fill(world)
    return world


def certificate(
    name: str, key: ec.EllipticCurvePrivateKey, ca_key: ec.EllipticCurvePrivateKey, ca: x509.Certificate | None
) -> x509.Certificate:
    """A CA (without issuer) or its delegated signer."""
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(UTC)
    builder = x509.CertificateBuilder(ca.subject if ca else subject, subject, key.public_key(), 1 if ca is None else 2)
    builder = builder.not_valid_before(now - _DAYS).not_valid_after(now + 30 * _DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
    if ca is not None:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        builder = builder.add_extension(usage, critical=False).add_extension(x509.OCSPNoCheck(), critical=False)
    return builder.sign(ca_key, hashes.SHA256())


def _fill(world: World) -> None:
    """Write the certificates into the service's tables, past the service: a million in seconds."""
    path = world.folder / "ca.db"
    engine = connect(f"sqlite:///{path}")
    models.Base.metadata.create_all(engine)
    engine.dispose()
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous=OFF")
    with database:
        database.execute("INSERT INTO issuer VALUES ('issuing', x'', 'ca', 'root', 1, 1, 0)")
        marks = ", ".join("?" * 15)
        database.executemany(f"INSERT INTO certificate ({_COLUMNS}) VALUES ({marks})", _rows(world))
    database.execute("ANALYZE")
    database.close()


def _rows(world: World) -> Iterator[tuple[object, ...]]:
    day, until, at = "2026-03-01 00:00:00", "2029-02-28 00:00:00", f"{FROZEN_AT:%Y-%m-%d %H:%M:%S}"
    common = "issuing", "information-administrator", "150102000000", "bench"
    for serial in world.serials:
        if world.frozen(serial):
            entry = crl.encode_entry(serial, FROZEN_AT, crl.Reason.CERTIFICATE_HOLD)
            yield f"{serial:x}", *common, "frozen", "", day, until, day, b"", "bench", at, 6, entry
        else:
            yield f"{serial:x}", *common, "active", "", day, until, day, b"", "bench", None, None, None
