"""Rules about issuer, subject and alternative names."""

from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import NameOID

from profiles import personal_data
from profiles.errors import SubjectError
from profiles.lint.rule import Candidate, Rule, rule
from profiles.policy import Kind
from profiles.subject import FIELDS, PRINTABLE_FIELDS, check_fields, check_value

_FIELD_OF_OID = {oid: field for field, oid, _ in FIELDS}
_ORDER = [oid for _, oid, _ in FIELDS]
_UTF8, _PRINTABLE = 12, 19


@rule("issuer-not-empty", "RFC 5280 §4.1.2.4")
def issuer_not_empty(c: Candidate) -> Iterator[str]:
    """The issuer field must hold a name."""
    if not c.parsed.issuer.rdns:
        yield "an empty name"


@rule("self-issued-root-only", "RFC 5280 §3.2")
def self_issued_root_only(c: Candidate) -> Iterator[str]:
    """A root names itself; anything else with its issuer's name would be taken for the issuer."""
    if (c.fields.issuer == c.fields.subject) is not (c.profile.kind is Kind.ROOT):
        yield "issuer and subject must be equal in a root and differ elsewhere"


@rule("subject-fields", "profile, RFC 5280 §4.1.2.6")
def subject_fields(c: Candidate) -> Iterator[str]:
    """The fields of the profile, the country, and nothing else."""
    oids = [attribute.oid.dotted_string for attribute in c.parsed.subject]
    for oid in oids:
        if oid not in _FIELD_OF_OID:
            yield f"unknown attribute {oid}"
    filled = frozenset(_FIELD_OF_OID[oid] for oid in oids if oid in _FIELD_OF_OID)
    if "country" not in filled:
        yield "no country"
    try:
        check_fields(filled - {"country"}, c.profile.subject_fields)
    except SubjectError as error:
        yield str(error)


@rule("subject-order", "GB/T 20518-2018, profiles/subject.py")
def subject_order(c: Candidate) -> Iterator[str]:
    """C, ST, L, O, organizationIdentifier, CN, serialNumber; one attribute an RDN, each once."""
    if any(len(list(rdn)) != 1 for rdn in c.parsed.subject.rdns):
        yield "an RDN of several attributes"
    oids = [attribute.oid.dotted_string for attribute in c.parsed.subject]
    if oids != [oid for oid in _ORDER if oid in oids]:
        yield f"order {oids}"


@rule("subject-string-types", "RFC 5280 §4.1.2.4 and appendix A.1")
def subject_string_types(c: Candidate) -> Iterator[str]:
    """country and serialNumber are PrintableString, all others UTF8String."""
    for oid, tag, _ in c.fields.subject_attributes:
        wanted = _PRINTABLE if _FIELD_OF_OID.get(oid) in PRINTABLE_FIELDS else _UTF8
        if tag != wanted:
            yield f"{oid} has string tag {tag}"


@rule("subject-values", "RFC 5280 appendix A.1 (upper bounds), profiles/subject.py")
def subject_values(c: Candidate) -> Iterator[str]:
    """Length within the bound, visible characters only."""
    for oid, _, octets in c.fields.subject_attributes:
        try:
            if field := _FIELD_OF_OID.get(oid):
                check_value(field, octets.decode("utf-8"))
        except SubjectError as error:
            yield str(error)


@rule("no-personal-data", "mission: never in a certificate")
def no_personal_data(c: Candidate) -> Iterator[str]:
    """No resident ID number, mobile number or e-mail address in subject or alternative names."""
    texts = [str(attribute.value) for attribute in c.parsed.subject]
    if c.profile.subject_alternative_name:
        names = c.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        texts += [str(name.value) for name in names]
    for text in texts:
        if found := personal_data.find(text):
            yield found


@rule("alternative-names", "RFC 5280 §4.2.1.6")
def alternative_names(c: Candidate) -> Iterator[str]:
    """Servers: DNS names and addresses only, the common name among them; others have none."""
    if not c.profile.subject_alternative_name:
        return
    names = c.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    for name in names:
        if not isinstance(name, x509.DNSName | x509.IPAddress):
            yield f"a {type(name).__name__}"
        elif isinstance(name, x509.DNSName) and ("*" in name.value or name.value != name.value.lower()):
            yield "a wildcard or capital letters in a DNS name"
    listed = {str(name.value) for name in names}
    for attribute in c.parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        if attribute.value not in listed:
            yield "the common name is not among them"


RULES: tuple[Rule, ...] = (
    issuer_not_empty,
    self_issued_root_only,
    subject_fields,
    subject_order,
    subject_string_types,
    subject_values,
    no_personal_data,
    alternative_names,
)
