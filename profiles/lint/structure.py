"""Rules about the certificate as a whole: encoding, version, algorithm, serial number.

All but `parseable` look at the octets alone, so they speak even where the parser refuses.
"""

from collections.abc import Iterator

from cryptography import x509

from profiles import der
from profiles.issuer import is_allowed_algorithm
from profiles.lint.canonical import canonical
from profiles.lint.rule import Candidate, Rule, rule

_MAX_SERIAL_OCTETS = 20


@rule("der-canonical", "RFC 5280 §4.1, X.690 §10 and §11")
def der_canonical(c: Candidate) -> Iterator[str]:
    """Signed octets have one reading only; a second encoding of the same values is a second certificate."""
    if canonical(c.tbs) != c.tbs:
        yield "encoding it again gives other octets"
    for extension in c.fields.extensions:
        if canonical(extension.value) != extension.value:
            yield f"encoding the value of {extension.oid} again gives other octets"


@rule("version-3", "RFC 5280 §4.1.2.1")
def version_3(c: Candidate) -> Iterator[str]:
    """Extensions exist in version 3 only."""
    if c.fields.version != b"\xa0\x03\x02\x01\x02":
        yield f"version field is {c.fields.version.hex()}"


@rule("signature-algorithm-matches", "RFC 5280 §4.1.1.2 and §4.1.2.3")
def signature_algorithm_matches(c: Candidate) -> Iterator[str]:
    """The inner identifier must be the outer one, octet for octet: the outer one is not signed."""
    if c.fields.signature != c.signature_algorithm:
        yield "tbsCertificate.signature differs from signatureAlgorithm"


@rule("signature-algorithm-allowed", "RFC 5758 §3.2, RFC 4055 §5, profiles/policy.py")
def signature_algorithm_allowed(c: Candidate) -> Iterator[str]:
    """No hash below SHA-256; parameters exactly as the algorithm's RFC demands."""
    if not is_allowed_algorithm(c.fields.signature):
        yield f"algorithm identifier {c.fields.signature.hex()[:80]}"


@rule("no-unique-identifiers", "RFC 5280 §4.1.2.8")
def no_unique_identifiers(c: Candidate) -> Iterator[str]:
    """Conforming CAs must not generate them."""
    if c.fields.optional:
        yield f"fields with tags {list(c.fields.optional)}"


@rule("serial-positive-20-octets", "RFC 5280 §4.1.2.2")
def serial_positive_20_octets(c: Candidate) -> Iterator[str]:
    """A positive integer of at most 20 octets, the sign bit included."""
    contents = der.element(c.fields.serial, "serial")[3]
    if len(contents) > _MAX_SERIAL_OCTETS:
        yield f"{len(contents)} octets"
    if int.from_bytes(contents, "big", signed=True) <= 0:
        yield "not positive"


@rule("parseable", "RFC 5280 §4.1")
def parseable(c: Candidate) -> Iterator[str]:
    """The independent parser reads the certificate; its refusal becomes the finding."""
    if c.parsed.version is not x509.Version.v3:
        yield "not read as version 3"


RULES: tuple[Rule, ...] = (
    parseable,
    der_canonical,
    version_3,
    signature_algorithm_matches,
    signature_algorithm_allowed,
    no_unique_identifiers,
    serial_positive_20_octets,
)
