"""A CA, its OCSP signer, a source whose hands a test can hold, and requests: valid by default."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as other
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import ocsp
from ocsp import Changes, Good, Status

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
DER = serialization.Encoding.DER


@dataclass(frozen=True, eq=False)
class Authority:
    """A self-signed CA with a delegated OCSP signer."""

    ca_key: ec.EllipticCurvePrivateKey
    ca: x509.Certificate
    signer: ocsp.ResponderKey
    signer_certificate: x509.Certificate

    def new_signer(self, *, not_after: datetime) -> ocsp.ResponderKey:
        key = ec.generate_private_key(ec.SECP256R1())
        signer = certificate(
            *(self.ca.subject, self.ca_key, "OCSP"),
            serial=3,
            public_key=key.public_key(),
            not_after=not_after,
            signer=True,
        )
        return responder_key(key, signer)


def responder_key(key: ec.EllipticCurvePrivateKey, signer: x509.Certificate) -> ocsp.ResponderKey:
    return ocsp.ResponderKey(
        signer.public_bytes(DER), ECDSA_SHA256, lambda tbs: key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    )


def certificate(
    issuer: x509.Name | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    name: str,
    *,
    serial: int,
    public_key: ec.EllipticCurvePublicKey,
    not_after: datetime,
    signer: bool = False,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(NOW - 3650 * DAY)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if signer:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        builder = builder.add_extension(usage, critical=False).add_extension(x509.OCSPNoCheck(), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@cache
def make_authority(name: str = "测试教育CA") -> Authority:
    """Make an authority; its keys differ from run to run, its names and times do not."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    # Long lives: openssl compares with the clock of the machine.
    end = NOW + 20000 * DAY
    ca = certificate(None, ca_key, name, serial=1, public_key=ca_key.public_key(), not_after=end)
    signer = certificate(ca.subject, ca_key, "OCSP", serial=2, public_key=key.public_key(), not_after=end, signer=True)
    return Authority(ca_key, ca, responder_key(key, signer), signer)


class SourceBrokenError(Exception):
    """What a broken source raises."""


@dataclass(eq=False)
class Source:
    """Statuses in memory, with their log; counts its calls, and calls `before_status` or `after_status`."""

    statuses: dict[int, Status] = field(default_factory=dict)
    log: list[int] = field(default_factory=list)
    log_begins: int = 0
    broken: bool = False
    status_reads: int = 0
    log_reads: int = 0
    after_status: Callable[[], None] = lambda: None

    def version(self) -> int:
        self._work()
        return len(self.log)

    def changes_since(self, version: int) -> Changes:
        self._work()
        self.log_reads += 1
        gone = version < self.log_begins or version > len(self.log)
        since = [] if gone else self.log[version:]
        return Changes(len(self.log), None if gone else since, [NOW] * len(since))

    def status(self, serials: Sequence[int]) -> Mapping[int, Status]:
        self._work()
        self.status_reads += 1
        found = {serial: self.statuses[serial] for serial in serials if serial in self.statuses}
        self.after_status()
        return found

    def change(self, serial: int, status: Status) -> None:
        self.statuses[serial] = status
        self.log.append(serial)

    def _work(self) -> None:
        if self.broken:
            raise SourceBrokenError


@dataclass(eq=False)
class World:
    """A responder for one issuer, with a clock and a monotonic clock that only tests move."""

    authority: Authority = field(default_factory=make_authority)
    source: Source = field(default_factory=lambda: Source({serial: Good() for serial in range(10, 40)}))
    policy: ocsp.Policy = field(default_factory=ocsp.Policy)
    now: datetime = NOW
    seconds: float = 1000.0
    key: Callable[[], ocsp.ResponderKey] | None = None
    store: ocsp.AnswerStore | None = None
    observer: ocsp.Observer | None = None

    def __post_init__(self) -> None:
        self.responder = ocsp.Responder(
            [ocsp.ServedIssuer(self.authority.ca.public_bytes(DER), self.source, self._key, self.store)],
            lambda: self.now,
            policy=self.policy,
            monotonic=lambda: self.seconds,
            observer=self.observer,
        )

    def _key(self) -> ocsp.ResponderKey:
        return self.key() if self.key else self.authority.signer

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        self.now += timedelta(seconds=seconds)

    def status(self, serial: int, *, nonce: bytes | None = None) -> other.OCSPResponse:
        """Ask for one certificate and read the answer with `cryptography`."""
        return load(self.responder.answer(make_request(serial, nonce=nonce)).body)


def load(body: bytes) -> other.OCSPResponse:
    return other.load_der_ocsp_response(body)


def make_request(
    serial: int,
    *,
    nonce: bytes | None = None,
    authority: Authority | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
) -> bytes:
    """A request as `cryptography` makes it, for one certificate."""
    authority = authority or make_authority()
    key = authority.ca.public_key()
    bits = key.public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)[26:]
    algorithm = algorithm or hashes.SHA1()
    hashed = []
    for data in (authority.ca.subject.public_bytes(), bits):
        digest = hashes.Hash(algorithm)
        digest.update(data)
        hashed.append(digest.finalize())
    builder = other.OCSPRequestBuilder().add_certificate_by_hash(hashed[0], hashed[1], serial, algorithm)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(DER)


def make_multi_request(*requests: bytes, extensions: bytes = b"", before: bytes = b"") -> bytes:
    """One request for the certificates of several, with parts of a TBSRequest before and after the list."""
    from ocsp import der

    listed = []
    for data in requests:
        (cert_id,) = ocsp.parse_request(data).cert_ids
        listed.append(der.tlv(der.SEQUENCE, cert_id.raw))
    tbs = der.tlv(der.SEQUENCE, before, der.tlv(der.SEQUENCE, *listed), extensions)
    return der.tlv(der.SEQUENCE, tbs)
