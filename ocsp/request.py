"""Reading an OCSP request (RFC 6960 section 4.1): hostile bytes in, CertIDs and the nonce out."""

from typing import NamedTuple

from asn1crypto.core import ObjectIdentifier

from . import der
from .certid import CertId, HashAlgorithm
from .der import Reader
from .errors import MalformedRequest

# Two hundred CertIDs by SHA-1; a request for one certificate has some 80 octets.
MAX_REQUEST = 16 * 1024

_NONCE = bytes.fromhex("2b0601050507300102")


class OcspRequest(NamedTuple):
    """What a client asks: at least one certificate, and the nonce to be echoed, if it sent one."""

    cert_ids: tuple[CertId, ...]
    nonce: bytes | None


def parse_request(data: bytes) -> OcspRequest:
    """Read a request; a signature is accepted and not looked at. Raises MalformedRequest and nothing else."""
    if len(data) > MAX_REQUEST:
        raise MalformedRequest("the request is too long")
    whole = Reader(data)
    request = whole.enter(der.SEQUENCE)
    whole.finish()
    tbs = request.enter(der.SEQUENCE)
    # optionalSignature: nothing depends on who asks (RFC 6960 section 4.1.2).
    request.optional(0xA0)
    request.finish()
    version = tbs.optional(0xA0)
    if version is not None and version.contents(der.INTEGER) != b"\0":
        raise MalformedRequest("not a version 1 request")
    tbs.optional(0xA1)  # requestorName
    listed = tbs.enter(der.SEQUENCE)
    cert_ids = []
    while listed.peek() >= 0:
        cert_ids.append(_single_request(listed.enter(der.SEQUENCE)))
    extensions = tbs.optional(0xA2)
    tbs.finish()
    if not cert_ids:
        raise MalformedRequest("the request asks for no certificate")
    return OcspRequest(tuple(cert_ids), _nonce(extensions))


def _single_request(request: Reader) -> CertId:
    """Read one Request; none of its extensions changes the answer, a critical one is refused."""
    start = request.pos
    cert_id = request.enter(der.SEQUENCE)
    raw = request.data[start : request.pos]
    algorithm = cert_id.enter(der.SEQUENCE)
    hash_algorithm = _dotted(algorithm.contents(der.OID))
    if algorithm.contents(der.NULL) if algorithm.peek() == der.NULL else b"":
        raise MalformedRequest("a NULL with contents")
    algorithm.finish()
    name_hash, key_hash = cert_id.contents(der.OCTET_STRING), cert_id.contents(der.OCTET_STRING)
    serial = _serial(cert_id.contents(der.INTEGER))
    cert_id.finish()
    extensions = request.optional(0xA0)
    request.finish()
    if extensions is not None and any(critical for _oid, critical, _value in extensions.extensions()):
        raise MalformedRequest("a critical extension that is not understood")
    return CertId(hash_algorithm, name_hash, key_hash, serial, raw)


def _serial(octets: bytes) -> int:
    """Decode a serial number; RFC 5280 section 4.1.2.2 allows only positive ones of up to 20 octets."""
    serial = int.from_bytes(octets, "big")
    if len(octets) > 20 or not serial or len(octets) != serial.bit_length() // 8 + 1:
        raise MalformedRequest("a serial number that no certificate may have")
    return serial


def _dotted(contents: bytes) -> str:
    """Decode an OBJECT IDENTIFIER; the two usual ones do not go through the library."""
    known = _HASHES.get(contents)
    if known is not None:
        return known
    if not contents or len(contents) > 32 or contents[-1] & 0x80:
        raise MalformedRequest("an object identifier that is none")
    dotted: str = ObjectIdentifier(contents=contents).dotted
    return dotted


_HASHES = {
    bytes.fromhex("2b0e03021a"): HashAlgorithm.SHA1.value,
    bytes.fromhex("608648016503040201"): HashAlgorithm.SHA256.value,
}


def _nonce(extensions: Reader | None) -> bytes | None:
    """Find the nonce (RFC 9654 section 2.1: an OCTET STRING of 1 to 128 octets)."""
    nonce = None
    for oid, critical, value in extensions.extensions() if extensions is not None else ():
        if oid == _NONCE:
            nonce = value.contents(der.OCTET_STRING)
            value.finish()
            if not 1 <= len(nonce) <= 128:
                raise MalformedRequest("a nonce must have 1 to 128 octets (RFC 9654 section 2.1)")
        elif critical:
            raise MalformedRequest("a critical extension that is not understood")
    return nonce
