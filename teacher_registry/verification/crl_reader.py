"""Hostile octets to a certificate revocation list: where its parts lie, and what its header says.

The entries are not touched here: they are read once, after the signature was found good (`crl_entries`).
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from asn1crypto import x509 as asn1_x509
from cryptography import x509

from teacher_registry.verification import der
from teacher_registry.verification.certificates import PARSER_ERRORS, ReadCertificate
from teacher_registry.verification.der import Element
from teacher_registry.verification.extensions import WithExtensions
from teacher_registry.verification.revocation import UntrustedAnswerError
from teacher_registry.verification.signatures import STRONG_HASHES, digest_is_signed

MAX_CRL_OCTETS = 256 * 1024 * 1024  # five million entries
_TIMES = (der.UTC_TIME, der.GENERALIZED_TIME)


@dataclass(frozen=True, eq=False)
class ReadCrl(WithExtensions):
    """One list; `unverified`: nothing in it is proven by having been read. The elements are offsets into `der`."""

    der: bytes
    unverified: x509.CertificateRevocationList
    tbs: Element
    times: tuple[Element, ...]
    entries: Element | None

    def _parsed_extensions(self) -> x509.Extensions:
        return self.unverified.extensions

    @cached_property
    def issuer(self) -> bytes:
        """The DER of the issuer's name."""
        return self.unverified.issuer.public_bytes()

    @cached_property
    def number(self) -> int | None:
        """RFC 5280 §5.2.3; None where the extension is missing."""
        found = self.value(x509.CRLNumber)
        return None if found is None else found.crl_number

    @cached_property
    def base_number(self) -> int | None:
        """The BaseCRLNumber of a delta (§5.2.4), None for a complete list."""
        found = self.value(x509.DeltaCRLIndicator)
        return None if found is None else found.crl_number

    @cached_property
    def authority_key_identifier(self) -> bytes | None:
        """The octets of RFC 5280 §5.2.1; None where it, or the whole extension, is missing."""
        found = self.value(x509.AuthorityKeyIdentifier)
        return None if found is None else found.key_identifier

    @cached_property
    def _prepared_issuer(self) -> str | None:
        """The issuer's name by the string preparation of RFC 5280 §7.1; None if it has characters it forbids."""
        try:
            return str(asn1_x509.Name.load(self.issuer).hashable)
        except PARSER_ERRORS:
            return None

    def is_of(self, issuer: ReadCertificate) -> bool:
        """Whether the names agree; that the issuer signed it is not said."""
        return self.issuer == issuer.subject or self._prepared_issuer == issuer.prepared_subject

    def is_signed_by(self, issuer: ReadCertificate) -> bool:
        """Whether the issuer's key signed these octets, with a strong hash, and may: "If a key usage extension is
        present in the CRL issuer's certificate, verify that the cRLSign bit is set" (§6.3.3 (f))."""
        usage = issuer.value(x509.KeyUsage)
        algorithm = self.unverified.signature_hash_algorithm
        if (usage is not None and not usage.crl_sign) or not isinstance(algorithm, STRONG_HASHES):
            return False
        signed = memoryview(self.der)[self.tbs.start : self.tbs.end]
        digest = hashlib.new(algorithm.name, signed).digest()
        return digest_is_signed(issuer.unverified.public_key(), self.unverified.signature, digest, algorithm)


def read_crl(octets: bytes) -> ReadCrl:
    """Parse the frame. Raises `UntrustedAnswerError`: not one DER CertificateList, duplicate extensions, two
    different signature algorithms (RFC 5280 §5.1.1.2), a signature with unused bits."""
    if not 0 < len(octets) <= MAX_CRL_OCTETS:
        raise UntrustedAnswerError(f"a CRL of {len(octets)} octets")
    try:
        parsed = x509.load_der_x509_crl(octets)
        _ = (parsed.issuer, parsed.extensions, parsed.last_update_utc, parsed.signature_hash_algorithm)
        tbs, _algorithm, signature = der.children(octets, der.whole(octets, der.SEQUENCE))
        times, entries = _parts(octets, tbs)
    except PARSER_ERRORS as error:
        raise UntrustedAnswerError(f"not a CRL: {type(error).__name__}") from error
    if not der.is_whole_octets(octets, signature):
        raise UntrustedAnswerError("a signature that is not whole octets")
    return ReadCrl(octets, parsed, tbs, times, entries)


def _parts(octets: bytes, tbs: Element) -> tuple[tuple[Element, ...], Element | None]:
    """Times and entries: TBSCertList is version, signature, issuer, times, entries, [0]."""
    sequences: list[Element] = []
    times: list[Element] = []
    for part in der.children(octets, tbs):
        if part.tag in _TIMES:
            times.append(part)
        elif part.tag == der.SEQUENCE:
            sequences.append(part)
    if not times or len(sequences) not in (2, 3):
        raise der.DerError("not a TBSCertList")
    return tuple(times), sequences[2] if len(sequences) == 3 else None
