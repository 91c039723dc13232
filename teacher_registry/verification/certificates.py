"""Hostile octets to a certificate, read by two parsers that must both accept them."""

from dataclasses import dataclass

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from teacher_registry.refusal import RefusalError, RefusalKind

# An administrator's certificate is about 900 octets; RSA-4096 with long names stays under 3,000.
MAX_CERTIFICATE_OCTETS = 16_384

# What the two parsers raise on bad DER, found by feeding them damaged certificates. x509.DuplicateExtension
# and InvalidVersion are no ValueErrors; asn1crypto recurses.
PARSER_ERRORS = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    RecursionError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True)
class ReadCertificate:
    """One certificate as seen by both parsers; `unverified`: nothing in it is proven by having been read."""

    der: bytes
    unverified: x509.Certificate
    asn1: asn1_x509.Certificate


def read_certificate(der: bytes) -> ReadCertificate:
    """Parse strictly: one DER value, no trailing octets, no duplicate extension, the signed part names the
    same signature algorithm as the outside (RFC 5280 §4.1.1.2). Raises the refusal `malformed`."""
    if not 0 < len(der) <= MAX_CERTIFICATE_OCTETS:
        raise RefusalError(RefusalKind.MALFORMED, f"a certificate of {len(der)} octets")
    try:
        parsed = x509.load_der_x509_certificate(der)
        _touch(parsed)
        asn1 = asn1_x509.Certificate.load(der, strict=True)
        outside = asn1["signature_algorithm"].dump()
        inside = asn1["tbs_certificate"]["signature"].dump()
        _ = (asn1.issuer.hashable, asn1.subject.hashable, asn1.not_valid_before, asn1.not_valid_after)
    except PARSER_ERRORS as error:
        raise RefusalError(RefusalKind.MALFORMED, f"not a certificate: {type(error).__name__}") from error
    if outside != inside:
        raise RefusalError(RefusalKind.MALFORMED, "two different signature algorithms")
    return ReadCertificate(der, parsed, asn1)


def _touch(parsed: x509.Certificate) -> None:
    """Reads what pyca parses lazily, so that a bad field is refused here and not somewhere later."""
    _ = (parsed.version, parsed.serial_number, parsed.issuer, parsed.subject, parsed.extensions)
    _ = (parsed.not_valid_before_utc, parsed.not_valid_after_utc, parsed.signature_algorithm_oid)
    parsed.public_key()
