"""Hostile octets to a certificate, read by two parsers that must both accept them."""

from dataclasses import dataclass
from functools import cached_property

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification import der
from teacher_registry.verification.extensions import WithExtensions
from teacher_registry.verification.signatures import issued

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


@dataclass(frozen=True, eq=False)
class ReadCertificate(WithExtensions):
    """One certificate as seen by both parsers; nothing in it is proven by having been read. What a path is built
    of comes from asn1crypto, what the rules of form look at from cryptography (`unverified`)."""

    der: bytes
    asn1: asn1_x509.Certificate

    @cached_property
    def unverified(self) -> x509.Certificate:
        """By the second parser; raises one of `PARSER_ERRORS` where it does not follow the first."""
        return x509.load_der_x509_certificate(self.der)

    def _parsed_extensions(self) -> x509.Extensions:
        return self.unverified.extensions

    @cached_property
    def _fields(self) -> tuple[bytes, ...]:
        """TBSCertificate as it was signed, then its fields from the issuer on: issuer, validity, subject, key. Cut
        out and not encoded anew: a parser may write another form than it read."""
        tbs = next(der.children(self.der, der.whole(self.der, der.SEQUENCE)))
        parts = [part for part in der.children(self.der, tbs) if part.tag == der.SEQUENCE]
        return tuple(self.der[part.start : part.end] for part in (tbs, *parts[1:5]))

    @cached_property
    def tbs(self) -> bytes:
        """The octets that the issuer signed."""
        return self._fields[0]

    @cached_property
    def is_authority(self) -> bool:
        """Whether basicConstraints assert cA (RFC 5280 §4.2.1.9)."""
        return bool(self.asn1.ca)

    @cached_property
    def issuer(self) -> bytes:
        """The DER of the issuer's name."""
        return self._fields[1]

    @cached_property
    def subject(self) -> bytes:
        """The DER of the subject's name."""
        return self._fields[3]

    @cached_property
    def prepared_issuer(self) -> str:
        """The issuer's name by the string preparation of RFC 5280 §7.1: case, blanks and string types apart."""
        return str(self.asn1.issuer.hashable)

    @cached_property
    def prepared_subject(self) -> str:
        """The subject's name, prepared likewise."""
        return str(self.asn1.subject.hashable)

    @cached_property
    def is_self_issued(self) -> bool:
        """Subject and issuer are the same name (RFC 5280 §3.2); that it is also signed by itself is not said."""
        return self.issuer == self.subject or self.prepared_issuer == self.prepared_subject

    @cached_property
    def is_self_signed(self) -> bool:
        """Whether its own key signed it, whatever it names as its issuer; False for keys that are not ours to
        judge. Raises one of `PARSER_ERRORS` for a key that cannot be read."""
        return issued(self.unverified, self.tbs, self.unverified.public_key()) is True

    @cached_property
    def spki(self) -> bytes:
        """The DER of subjectPublicKeyInfo."""
        return self._fields[4]

    @cached_property
    def key_identifier(self) -> bytes | None:
        """Octets of the extension of RFC 5280 §4.2.1.2; None where it is missing."""
        found: bytes | None = self.asn1.key_identifier
        return found

    @cached_property
    def authority_key_identifier(self) -> bytes | None:
        """The octets of RFC 5280 §4.2.1.1; None where it, or the whole extension, is missing."""
        found: bytes | None = self.asn1.authority_key_identifier
        return found


def read_certificate(octets: bytes) -> ReadCertificate:
    """Parse strictly: one DER value, no trailing octets, no duplicate extension, the signed part names the
    same signature algorithm as the outside (RFC 5280 §4.1.1.2). Raises the refusal `malformed`."""
    read = read_leniently(octets)
    try:
        _touch(read.unverified)
    except PARSER_ERRORS as error:
        raise RefusalError(RefusalKind.MALFORMED, f"not a certificate: {type(error).__name__}") from error
    return read


def read_leniently(octets: bytes) -> ReadCertificate:
    """The same by one parser only, for path validation as such (`Strictness.PATH`): cryptography does not read
    DSA keys that inherit their parameters, which RFC 3279 and NIST's PKITS have."""
    if not 0 < len(octets) <= MAX_CERTIFICATE_OCTETS:
        raise RefusalError(RefusalKind.MALFORMED, f"a certificate of {len(octets)} octets")
    try:
        asn1 = asn1_x509.Certificate.load(octets, strict=True)
        tbs = asn1["tbs_certificate"]
        oids = [extension["extn_id"].dotted for extension in tbs["extensions"] or ()]
        _ = (asn1.ca, asn1.key_identifier, tbs["validity"].native, asn1["signature_value"].native)
        tbs_part, algorithm, signature = der.children(octets, der.whole(octets, der.SEQUENCE))
        same_algorithm = _inside(octets, tbs_part) == octets[algorithm.start : algorithm.end]
        whole_signature = der.is_whole_octets(octets, signature)
        read = ReadCertificate(octets, asn1)
        _ = (read.issuer, read.spki)
    except (IndexError, *PARSER_ERRORS) as error:
        raise RefusalError(RefusalKind.MALFORMED, f"not a certificate: {type(error).__name__}") from error
    if len(oids) != len(set(oids)):
        raise RefusalError(RefusalKind.MALFORMED, "an extension stands twice (RFC 5280 §4.2)")
    if not same_algorithm:
        raise RefusalError(RefusalKind.MALFORMED, "two different signature algorithms")
    if not whole_signature:
        raise RefusalError(RefusalKind.MALFORMED, "a signature that is not whole octets")
    return read


def _touch(parsed: x509.Certificate) -> None:
    """Reads what pyca parses lazily, so that a bad field is refused here and not somewhere later. The public
    key is not read: a path needs the keys of its authorities only, and a rule reads the leaf's."""
    _ = (parsed.version, parsed.serial_number, parsed.issuer, parsed.subject, parsed.extensions)
    _ = (parsed.not_valid_before_utc, parsed.not_valid_after_utc, parsed.signature_algorithm_oid)


def _inside(octets: bytes, tbs: der.Element) -> bytes:
    """The signature algorithm in TBSCertificate: its first SEQUENCE."""
    inside = next(part for part in der.children(octets, tbs) if part.tag == der.SEQUENCE)
    return octets[inside.start : inside.end]
