"""How a request names a certificate: the hash algorithms of CertID (RFC 6960 section 4.1.1), and writing one."""

import hashlib
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from . import der
from .signer import CertificateFacts


class HashAlgorithm(StrEnum):
    """The algorithms that clients use or could; which of them are answered is the responder's policy."""

    SHA1 = "1.3.14.3.2.26"
    SHA256 = "2.16.840.1.101.3.4.2.1"
    SHA384 = "2.16.840.1.101.3.4.2.2"
    SHA512 = "2.16.840.1.101.3.4.2.3"


class CertId(NamedTuple):
    """A certificate as the client names it; `raw` is the DER of the CertID, to be echoed octet by octet.

    `hash_algorithm` is a dotted OID.
    """

    hash_algorithm: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    raw: bytes


IssuerName = tuple[str, bytes, bytes]

_DIGESTS: dict[HashAlgorithm, Callable[[bytes], bytes]] = {
    HashAlgorithm.SHA1: lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    HashAlgorithm.SHA256: lambda data: hashlib.sha256(data).digest(),
    HashAlgorithm.SHA384: lambda data: hashlib.sha384(data).digest(),
    HashAlgorithm.SHA512: lambda data: hashlib.sha512(data).digest(),
}
_OIDS = {
    HashAlgorithm.SHA1: bytes.fromhex("06052b0e03021a"),
    HashAlgorithm.SHA256: bytes.fromhex("0609608648016503040201"),
    HashAlgorithm.SHA384: bytes.fromhex("0609608648016503040202"),
    HashAlgorithm.SHA512: bytes.fromhex("0609608648016503040203"),
}


def issuer_name(issuer: CertificateFacts, algorithm: HashAlgorithm) -> IssuerName:
    """Return algorithm, issuerNameHash and issuerKeyHash by which a client names this issuer."""
    digest = _DIGESTS[algorithm]
    return algorithm.value, digest(issuer.subject), digest(issuer.key_bits)


class CertIdWriter:
    """Writes CertIDs of one issuer as most clients do, with NULL for the algorithm's parameters."""

    __slots__ = ("_issuer", "_start")

    def __init__(self, issuer: CertificateFacts, algorithm: HashAlgorithm) -> None:
        """Encode what is the same in all of them."""
        self._issuer = issuer_name(issuer, algorithm)
        _, name, key = self._issuer
        hashed = der.tlv(der.OCTET_STRING, name) + der.tlv(der.OCTET_STRING, key)
        self._start = der.sequence(_OIDS[algorithm] + b"\x05\x00") + hashed

    def write(self, serial: int) -> CertId:
        """Return the CertID of a positive serial number."""
        octets = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
        raw = der.sequence(self._start + der.header(der.INTEGER, len(octets)) + octets)
        return CertId(*self._issuer, serial, raw)


def serial_in(cert_id: bytes) -> int:
    """Return the serial number in a CertID that `CertIdWriter` wrote or `parse_request` accepted: its last element."""
    reader = der.Reader(cert_id).enter(der.SEQUENCE)
    reader.enter(der.SEQUENCE)
    reader.enter(der.OCTET_STRING)
    reader.enter(der.OCTET_STRING)
    return int.from_bytes(reader.contents(der.INTEGER), "big")
