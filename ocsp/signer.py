"""Who signs: a delegated signer's certificate and key, and what OCSP needs to know of a certificate."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from asn1crypto import x509

from . import der
from .errors import ImpossibleResponse


@dataclass(frozen=True, slots=True)
class ResponderKey:
    """A delegated signer (RFC 6960 section 4.2.2.2): its certificate and AlgorithmIdentifier, both DER.

    `sign` takes the octets to be signed, hashes them itself and returns the signature value; many threads
    call it at once.
    """

    certificate: bytes
    signature_algorithm: bytes
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What OCSP needs of a certificate: DER of its subject, the bits of its key, its first and last second."""

    subject: bytes
    key_bits: bytes
    not_before: datetime
    not_after: datetime


@lru_cache(maxsize=64)
def certificate_facts(encoded: bytes) -> CertificateFacts:
    """Read a certificate once; raises ImpossibleResponse if it is none. Its signature is not verified."""
    try:
        certificate = x509.Certificate.load(encoded, strict=True)
        tbs = certificate["tbs_certificate"]
        # The first octet of a BIT STRING counts unused bits; KeyHash leaves it out (RFC 6960 section 4.2.1).
        key_bits = tbs["subject_public_key_info"]["public_key"].contents[1:]
        validity = tbs["validity"].native
        return CertificateFacts(tbs["subject"].dump(), key_bits, validity["not_before"], validity["not_after"])
    except (ValueError, TypeError, KeyError) as error:
        raise ImpossibleResponse("a signer's or an issuer's certificate is not DER") from error


@lru_cache(maxsize=64)
def responder_id(certificate: bytes) -> bytes:
    """Encode ResponderID byKey: the SHA-1 of the signer's key (RFC 6960 section 4.2.1)."""
    key_hash = hashlib.sha1(certificate_facts(certificate).key_bits, usedforsecurity=False).digest()
    return der.tlv(0xA2, der.tlv(der.OCTET_STRING, key_hash))
