"""The gate before a CRL is published: an independent parser, the signature, the rules that tools overlook."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter, ne

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PublicKey,
    MLDSA65PublicKey,
    MLDSA87PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from .entries import has_removal
from .errors import CrlRejected, MalformedCrl
from .parse import Outline, ParsedCrl, parse

# What else `cryptography` can verify a CRL with; a key of another kind (SM2) is refused until it can.
_OTHER_KEYS = (
    Ed25519PublicKey,
    Ed448PublicKey,
    MLDSA44PublicKey,
    MLDSA65PublicKey,
    MLDSA87PublicKey,
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """The CRL as two parsers see it, its issuer's certificate, and the CRL it follows, if any."""

    ours: ParsedCrl
    theirs: x509.CertificateRevocationList
    certificate: x509.Certificate
    previous: Outline | None


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule of one clause; `holds` may assume that the rules before it hold."""

    name: str
    clause: str
    holds: Callable[[_Candidate], bool]
    detail: str


def check(encoded: bytes, *, issuer_certificate: bytes, previous: Outline | None) -> ParsedCrl:
    """Return the CRL as parsed if it may be published; raise CrlRejected with the first rule it breaks.

    `issuer_certificate` is DER and trusted. `previous` is the last CRL published by this issuer for the same
    scope, complete or delta (they share one numbering, RFC 5280 section 5.2.3), or None for its first; its outline
    is enough. What the entries must be, `check_difference` knows.
    """
    try:
        # Not searched for serial numbers that are listed twice: `_parsers_agree` looks at them all.
        ours = parse(encoded, published=True)
    except MalformedCrl as error:
        raise CrlRejected("well-formed", "RFC 5280 5.1", str(error)) from error
    candidate = _Candidate(ours, _second_opinion(encoded), _certificate(issuer_certificate), previous)
    for rule in _RULES:
        if not _holds(rule, candidate):
            raise CrlRejected(rule.name, rule.clause, rule.detail)
    return ours


def _second_opinion(encoded: bytes) -> x509.CertificateRevocationList:
    """Parse with `cryptography`, which raises much more than ValueError on bad DER."""
    try:
        return x509.load_der_x509_crl(encoded)
    except Exception as error:
        raise CrlRejected("independent-parser", "RFC 5280 5.1", str(error)) from error


def _certificate(encoded: bytes) -> x509.Certificate:
    """Parse the issuer's certificate."""
    try:
        return x509.load_der_x509_certificate(encoded)
    except Exception as error:
        raise CrlRejected("issuer-certificate", "RFC 5280 4.1", str(error)) from error


def _holds(rule: _Rule, candidate: _Candidate) -> bool:
    """A rule that cannot be tried (an unknown algorithm, a broken extension) does not hold."""
    try:
        return rule.holds(candidate)
    except Exception as error:
        raise CrlRejected(rule.name, rule.clause, f"{rule.detail}; {error}") from error


def _parsers_agree(candidate: _Candidate) -> bool:
    """Both see the same numbers and times, and the same serial numbers in the same order, none of them twice."""
    ours, theirs = candidate.ours, candidate.theirs
    number = theirs.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    serials = list(ours.entries)
    return (
        (number, theirs.last_update_utc, theirs.next_update_utc) == (ours.number, ours.this_update, ours.next_update)
        and (theirs.issuer.public_bytes(), theirs.signature) == (ours.issuer, ours.signature)
        and len(theirs) == len(serials) == len(set(serials))
        and not any(map(ne, map(attrgetter("serial_number"), theirs), serials))
    )


def _key_identifier_matches(candidate: _Candidate) -> bool:
    """The AKI of the CRL is the SKI of the certificate."""
    ski = candidate.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return ski.value.digest == candidate.ours.key_identifier


def _may_sign_crls(candidate: _Candidate) -> bool:
    """The certificate's keyUsage has cRLSign."""
    return candidate.certificate.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign


def _signature_verifies(candidate: _Candidate) -> bool:
    """The certificate's key made the signature over these very octets, by the algorithm that the CRL names."""
    ours, theirs = candidate.ours, candidate.theirs
    key, parameters = candidate.certificate.public_key(), theirs.signature_algorithm_parameters
    # Not `theirs.is_signature_valid`, where it can be helped: it encodes the CRL again, a second for a million entries.
    try:
        if isinstance(key, EllipticCurvePublicKey) and isinstance(parameters, ECDSA):
            key.verify(ours.signature, ours.tbs, parameters)
        elif isinstance(key, RSAPublicKey) and isinstance(parameters, PKCS1v15) and theirs.signature_hash_algorithm:
            key.verify(ours.signature, ours.tbs, parameters, theirs.signature_hash_algorithm)
        else:
            return isinstance(key, _OTHER_KEYS) and theirs.is_signature_valid(key)
    except InvalidSignature:
        return False
    return True


def _number_grows(candidate: _Candidate) -> bool:
    """Greater than before; equal only where a delta and a complete CRL are issued at the same time (5.2.3)."""
    ours, previous = candidate.ours, candidate.previous
    if previous is None:
        return True
    two_sorts = (ours.base_number is None) != (previous.base_number is None)
    issued_together = two_sorts and ours.this_update == previous.this_update
    return ours.number > previous.number or (issued_together and ours.number == previous.number)


def _same_scope(candidate: _Candidate) -> bool:
    """The numbering belongs to one issuer and one scope; another shard is another numbering."""
    ours, previous = candidate.ours, candidate.previous
    return previous is None or (ours.issuer, ours.scope) == (previous.issuer, previous.scope)


_RULES = (
    _Rule("parsers-agree", "RFC 5280 5.1", _parsers_agree, "two parsers read two different CRLs"),
    _Rule(
        "issuer",
        "RFC 5280 5.1.2.3",
        lambda c: c.ours.issuer == c.certificate.subject.public_bytes(),
        "the issuer is not the subject of the issuer's certificate",
    ),
    _Rule(
        "authority-key-identifier",
        "RFC 5280 5.2.1",
        _key_identifier_matches,
        "the key identifier is not that of the issuer's certificate",
    ),
    _Rule("crl-sign", "RFC 5280 4.2.1.3", _may_sign_crls, "the issuer's certificate may not sign CRLs"),
    _Rule("signature", "RFC 5280 5.1.1.3", _signature_verifies, "the signature does not verify"),
    _Rule(
        "validity",
        "RFC 5280 5.1.2.5",
        lambda c: c.ours.this_update < c.ours.next_update,
        "nextUpdate is not later than thisUpdate",
    ),
    _Rule("scope", "RFC 5280 5.2.3", _same_scope, "the CRL before is of another issuer or scope"),
    _Rule("number", "RFC 5280 5.2.3", _number_grows, "the number is not greater than the one before"),
    _Rule(
        "time",
        "RFC 5280 5.1.2.4",
        lambda c: c.previous is None or c.ours.this_update >= c.previous.this_update,
        "thisUpdate is earlier than that of the CRL before",
    ),
    _Rule(
        "delta-base",
        "RFC 5280 5.2.4",
        lambda c: c.ours.base_number is None or c.ours.base_number < c.ours.number,
        "a delta CRL must have a greater number than its base",
    ),
    _Rule(
        "freshest-in-delta",
        "RFC 5280 5.2.6",
        lambda c: c.ours.base_number is None or c.ours.freshest_url is None,
        "a delta CRL points to a fresher one",
    ),
    _Rule(
        "remove-from-crl",
        "RFC 5280 5.3.1",
        lambda c: c.ours.base_number is not None or not has_removal(c.ours.entries),
        "removeFromCRL in a CRL that is not a delta",
    ),
)
