"""Certificates and lists octet by octet: whatever a library would not write, this writes and signs.

The defaults make a chain of our CA's profile: root, issuing CA, administrator. A case says only its deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | dsa.DSAPrivateKey

ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
ECDSA_SHA384 = bytes.fromhex("300a06082a8648ce3d040303")
ECDSA_SHA1 = bytes.fromhex("300906072a8648ce3d0401")
RSA_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")
DSA_SHA256 = bytes.fromhex("300b0609608648016503040302")

BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE = "2.5.29.19", "2.5.29.15", "2.5.29.37"
SUBJECT_KEY, AUTHORITY_KEY, ALTERNATIVE_NAME = "2.5.29.14", "2.5.29.35", "2.5.29.17"
NAME_CONSTRAINTS, POLICIES, CRL_NUMBER = "2.5.29.30", "2.5.29.32", "2.5.29.20"


def tlv(tag: int, *contents: bytes) -> bytes:
    """One DER element."""
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(value: int) -> bytes:
    """Any INTEGER, negative too."""
    size = (value.bit_length() if value >= 0 else (value + 1).bit_length()) // 8 + 1
    return tlv(2, value.to_bytes(size, "big", signed=True))


def utc(moment: datetime) -> bytes:
    """UTCTime."""
    return tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def generalized(moment: datetime) -> bytes:
    """GeneralizedTime."""
    return tlv(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())


def time(moment: datetime) -> bytes:
    """As RFC 5280 §4.1.2.5 wants it."""
    return utc(moment) if moment.year < 2050 else generalized(moment)


def name(common_name: str, *more: tuple[x509.ObjectIdentifier, str]) -> bytes:
    """CN and more attributes."""
    pairs = [*more, (NameOID.COMMON_NAME, common_name)]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs]).public_bytes()


EMPTY_NAME = tlv(0x30)


@dataclass(frozen=True)
class Ext:
    """One extension, its value already DER."""

    oid: str
    value: bytes
    critical: bool = False

    def der(self) -> bytes:
        """Extension."""
        arcs = x509.ObjectIdentifier(self.oid)
        # An AttributeTypeAndValue starts with its OID: the shortest way to a DER OID.
        encoded = _oid(arcs.dotted_string)
        return tlv(0x30, encoded, tlv(1, b"\xff") if self.critical else b"", tlv(4, self.value))


def _oid(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    octets = bytearray()
    for arc in (40 * first + second, *rest):
        chunk = [arc & 0x7F]
        while arc := arc >> 7:
            chunk.append(0x80 | arc & 0x7F)
        octets += bytes(reversed(chunk))
    return tlv(6, bytes(octets))


def ext(value: x509.ExtensionType, *, critical: bool = False) -> Ext:
    """An extension that the library knows."""
    return Ext(value.oid.dotted_string, value.public_bytes(), critical)


def constraints(*, ca: bool, length: int | None = None, critical: bool = True) -> Ext:
    """basicConstraints."""
    return Ext(
        BASIC_CONSTRAINTS,
        tlv(0x30, tlv(1, b"\xff") if ca else b"", b"" if length is None else integer(length)),
        critical,
    )


USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")


def usage(*bits: str, critical: bool = True) -> Ext:
    """keyUsage with these bits; none at all is possible."""
    order = (*USAGES, "key_cert_sign", "crl_sign")
    value = sum(0x80 >> order.index(bit) for bit in bits)
    unused = 0 if not value else (value & -value).bit_length() - 1
    return Ext(KEY_USAGE, tlv(3, bytes([unused, value]) if value else b"\0"), critical)


def purposes(*oids: x509.ObjectIdentifier, critical: bool = False) -> Ext:
    """extendedKeyUsage."""
    return ext(x509.ExtendedKeyUsage(oids), critical=critical)


def key_identifier(key: Key) -> bytes:
    """As RFC 5280 §4.2.1.2 (1)."""
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest


def subject_key(identifier: bytes, *, critical: bool = False) -> Ext:
    """subjectKeyIdentifier."""
    return Ext(SUBJECT_KEY, tlv(4, identifier), critical)


def authority_key(identifier: bytes, *, critical: bool = False) -> Ext:
    """authorityKeyIdentifier with a keyIdentifier."""
    return Ext(AUTHORITY_KEY, tlv(0x30, tlv(0x80, identifier)), critical)


def sign(key: Key, octets: bytes, algorithm: bytes) -> bytes:
    """The signature that belongs to the algorithm."""
    digest: hashes.HashAlgorithm = hashes.SHA256()
    if algorithm == ECDSA_SHA384:
        digest = hashes.SHA384()
    elif algorithm == ECDSA_SHA1:
        digest = hashes.SHA1()
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(octets, padding.PKCS1v15(), digest)
    if isinstance(key, dsa.DSAPrivateKey):
        return key.sign(octets, digest)
    return key.sign(octets, ec.ECDSA(digest))


def default_algorithm(key: Key) -> bytes:
    """With SHA-256."""
    if isinstance(key, rsa.RSAPrivateKey):
        return RSA_SHA256
    return DSA_SHA256 if isinstance(key, dsa.DSAPrivateKey) else ECDSA_SHA256


def signed(tbs: bytes, key: Key, algorithm: bytes) -> bytes:
    """Certificate or CertificateList."""
    return tlv(0x30, tbs, algorithm, tlv(3, b"\0", sign(key, tbs, algorithm)))


@dataclass(frozen=True)
class Forged:
    """A certificate, its key, and its subject as others name it."""

    der: bytes
    key: Key
    subject: bytes
    identifier: bytes
    serial: int

    def renamed(self, subject: bytes) -> Forged:
        """The same key under another name, to sign with."""
        return replace(self, subject=subject)


@dataclass(frozen=True)
class Plan:
    """One certificate. `extensions` are the defaults by object identifier; None takes one away; `more` come
    after them, duplicates too. `inside` and `outside` are the two signature algorithms."""

    subject: bytes
    key: Key
    serial: int
    extensions: dict[str, Ext | None]
    issuer: bytes | None = None
    not_before: bytes = time(NOW - DAY)
    not_after: bytes = time(NOW + 365 * DAY)
    more: Sequence[Ext] = ()
    version: bytes = tlv(0xA0, integer(2))
    inside: bytes | None = None
    outside: bytes | None = None
    spki: bytes | None = None
    unique: bytes = b""
    changed: dict[str, Ext | None] = field(default_factory=dict)

    def certify(self, parent: Forged | None) -> Forged:
        """Sign it; without a parent by itself."""
        signer = parent.key if parent else self.key
        issuer = self.issuer if self.issuer is not None else (parent.subject if parent else self.subject)
        algorithm = self.outside or default_algorithm(signer)
        found = {**self.extensions, **self.changed}
        extensions = [extension.der() for extension in (*found.values(), *self.more) if extension is not None]
        tbs = tlv(
            0x30,
            self.version,
            integer(self.serial),
            self.inside or algorithm,
            issuer,
            tlv(0x30, self.not_before, self.not_after),
            self.subject,
            self.spki or self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            self.unique,
            tlv(0xA3, tlv(0x30, *extensions)) if extensions else b"",
        )
        return Forged(signed(tbs, signer, algorithm), self.key, self.subject, key_identifier(self.key), self.serial)


def new_key() -> ec.EllipticCurvePrivateKey:
    """P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def _plan(defaults: dict[str, Any], deviation: dict[str, Any]) -> Plan:
    """`without`: object identifiers of default extensions to leave away; `instead`: extensions in their place."""
    without: Sequence[str] = deviation.pop("without", ())
    instead: Sequence[Ext] = deviation.pop("instead", ())
    changed: dict[str, Ext | None] = {**dict.fromkeys(without), **{extension.oid: extension for extension in instead}}
    return Plan(**{**defaults, **deviation}, changed=changed)


def root(**deviation: Any) -> Forged:
    """The anchor."""
    key = deviation.pop("key", None) or new_key()
    defaults = {
        "subject": name("教育CA根"),
        "key": key,
        "serial": 0x1001,
        "not_after": time(NOW + 7000 * DAY),
        "extensions": {
            BASIC_CONSTRAINTS: constraints(ca=True),
            KEY_USAGE: usage("key_cert_sign", "crl_sign"),
            SUBJECT_KEY: subject_key(key_identifier(key)),
        },
    }
    return _plan(defaults, deviation).certify(None)


def authority(parent: Forged, **deviation: Any) -> Forged:
    """An issuing CA."""
    key = deviation.pop("key", None) or new_key()
    defaults = {
        "subject": name("教育CA签发"),
        "key": key,
        "serial": 0x2001,
        "not_after": time(NOW + 3000 * DAY),
        "extensions": {
            BASIC_CONSTRAINTS: constraints(ca=True),
            KEY_USAGE: usage("key_cert_sign", "crl_sign"),
            SUBJECT_KEY: subject_key(key_identifier(key)),
            AUTHORITY_KEY: authority_key(parent.identifier),
        },
    }
    return _plan(defaults, deviation).certify(parent)


def leaf(parent: Forged, **deviation: Any) -> Forged:
    """An administrator."""
    key = deviation.pop("key", None) or new_key()
    defaults = {
        "subject": name("张萌", (NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, "试验小学")),
        "key": key,
        "serial": 0x3001,
        "extensions": {
            BASIC_CONSTRAINTS: constraints(ca=False),
            KEY_USAGE: usage("digital_signature"),
            EXTENDED_KEY_USAGE: purposes(ExtendedKeyUsageOID.CLIENT_AUTH),
            SUBJECT_KEY: subject_key(key_identifier(key)),
            AUTHORITY_KEY: authority_key(parent.identifier),
        },
    }
    return _plan(defaults, deviation).certify(parent)
