"""Rules about the extensions (RFC 5280 §4.2)."""

from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from profiles import der
from profiles.extensions import CRITICAL, EXTENDED_KEY_USAGE_OIDS, OIDS
from profiles.lint.rule import Candidate, Rule, rule
from profiles.profile import Profile

_NAMES = {oid: name for name, oid in OIDS.items()}
_USAGE_ATTRIBUTES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "contentCommitment",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}
_ALWAYS = frozenset({"basic_constraints", "key_usage", "authority_key_identifier", "subject_key_identifier"})


def _required(profile: Profile) -> frozenset[str]:
    conditions = {
        "extended_key_usage": bool(profile.extended_key_usage),
        "certificate_policies": bool(profile.policies),
        "crl_distribution_points": "crl" in profile.pointers,
        "subject_alternative_name": profile.subject_alternative_name,
        "ocsp_no_check": profile.ocsp_no_check,
    }
    return _ALWAYS | {name for name, wanted in conditions.items() if wanted}


def _optional(profile: Profile) -> frozenset[str]:
    """Pointers that the profile allows and an issuer may not have."""
    found = set()
    if "delta-crl" in profile.pointers:
        found.add("freshest_crl")
    if {"ocsp", "certificate"} & profile.pointers:
        found.add("authority_information_access")
    return frozenset(found)


@rule("no-duplicate-extensions", "RFC 5280 §4.2")
def no_duplicate_extensions(c: Candidate) -> Iterator[str]:
    """A certificate must not include more than one instance of an extension."""
    oids = [extension.oid for extension in c.fields.extensions]
    for oid in sorted({oid for oid in oids if oids.count(oid) > 1}):
        yield f"{oid} stands there {oids.count(oid)} times"


@rule("extension-set", "profile, RFC 5280 §4.2")
def extension_set(c: Candidate) -> Iterator[str]:
    """Exactly the extensions of the profile: an unknown one may mean anything to somebody."""
    found = {_NAMES.get(extension.oid, extension.oid) for extension in c.fields.extensions}
    required = _required(c.profile)
    for name in sorted(required - found):
        yield f"{name} is missing"
    for name in sorted(found - required - _optional(c.profile)):
        yield f"{name} is not of this profile"


@rule("criticality", "RFC 5280 §4.2.1.3, §4.2.1.9 and the other clauses of §4.2")
def criticality(c: Candidate) -> Iterator[str]:
    """basicConstraints and keyUsage are critical, all others not."""
    for extension in c.fields.extensions:
        if extension.critical is not (_NAMES.get(extension.oid) in CRITICAL):
            yield f"{extension.oid} is marked {'critical' if extension.critical else 'not critical'}"


@rule("basic-constraints", "RFC 5280 §4.2.1.9")
def basic_constraints(c: Candidate) -> Iterator[str]:
    """cA and the path length of the profile; an end entity has neither."""
    found = c.extensions.get_extension_for_class(x509.BasicConstraints).value
    if (found.ca, found.path_length) != (c.profile.is_ca, c.profile.path_length):
        yield f"cA {found.ca}, path length {found.path_length}"


@rule("key-usage", "RFC 5280 §4.2.1.3, X.690 §11.2.2")
def key_usage(c: Candidate) -> Iterator[str]:
    """Exactly the usages of the profile, encoded without trailing zero bits."""
    found = c.extensions.get_extension_for_class(x509.KeyUsage).value
    usages = {name for attribute, name in _USAGE_ATTRIBUTES.items() if getattr(found, attribute)}
    if usages != c.profile.key_usage:
        yield f"{sorted(usages)}, the profile has {sorted(c.profile.key_usage)}"
    raw = c.fields.extension(OIDS["key_usage"])
    bits = der.element(raw.value, "key_usage")[3] if raw else b""
    if len(bits) < 2 or not bits[-1] >> bits[0] & 1:
        yield "trailing zero bits are encoded"


@rule("extended-key-usage", "RFC 5280 §4.2.1.12")
def extended_key_usage(c: Candidate) -> Iterator[str]:
    """Exactly the purposes of the profile."""
    if not c.profile.extended_key_usage:
        return
    found = [oid.dotted_string for oid in c.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value]
    if sorted(found) != sorted(EXTENDED_KEY_USAGE_OIDS[name] for name in c.profile.extended_key_usage):
        yield f"{found}"


@rule("certificate-policies", "RFC 5280 §4.2.1.4")
def certificate_policies(c: Candidate) -> Iterator[str]:
    """Exactly the policies of the profile, without qualifiers: relying parties read the role here."""
    if not c.profile.policies:
        return
    found = c.extensions.get_extension_for_class(x509.CertificatePolicies).value
    if sorted(policy.policy_identifier.dotted_string for policy in found) != sorted(c.profile.policy_oids):
        yield f"{[policy.policy_identifier.dotted_string for policy in found]}"
    if any(policy.policy_qualifiers for policy in found):
        yield "qualifiers"


def _point_offences(points: list[x509.DistributionPoint]) -> Iterator[str]:
    if len(points) != 1:
        yield f"{len(points)} distribution points"
    for point in points:
        if point.relative_name or point.reasons or point.crl_issuer or len(point.full_name or ()) != 1:
            yield "a distribution point that is not one full name"
        for name in point.full_name or ():
            yield from _url_offences(name)


def _url_offences(name: x509.GeneralName) -> Iterator[str]:
    if not isinstance(name, x509.UniformResourceIdentifier) or not name.value.startswith("http://"):
        yield "a location that is not an http URL"


@rule("crl-distribution-point", "RFC 5280 §4.2.1.13 and §8")
def crl_distribution_point(c: Candidate) -> Iterator[str]:
    """One point, one http URL, all reasons. Whether the profile has one, `extension-set` says."""
    if "crl" in c.profile.pointers:
        points = c.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        yield from _point_offences(list(points))


@rule("freshest-crl", "RFC 5280 §4.2.1.15")
def freshest_crl(c: Candidate) -> Iterator[str]:
    """Where there is one: one point, one http URL, and not the URL of the full CRL."""
    if c.fields.extension(OIDS["freshest_crl"]) is None:
        return
    points = list(c.extensions.get_extension_for_class(x509.FreshestCRL).value)
    yield from _point_offences(points)
    if points == list(c.extensions.get_extension_for_class(x509.CRLDistributionPoints).value):
        yield "the same location as the full CRL"


@rule("authority-information-access", "RFC 5280 §4.2.2.1")
def authority_information_access(c: Candidate) -> Iterator[str]:
    """Only the access methods of the profile, each once, each an http URL."""
    if c.fields.extension(OIDS["authority_information_access"]) is None:
        return
    methods = {
        AuthorityInformationAccessOID.OCSP: "ocsp",
        AuthorityInformationAccessOID.CA_ISSUERS: "certificate",
    }
    found = list(c.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value)
    for description in found:
        if methods.get(description.access_method) not in c.profile.pointers:
            yield f"access method {description.access_method.dotted_string}"
        yield from _url_offences(description.access_location)
    if len({description.access_method for description in found}) != len(found):
        yield "an access method twice"


@rule("ocsp-no-check", "RFC 6960 §4.2.2.2.1")
def ocsp_no_check(c: Candidate) -> Iterator[str]:
    """The value is NULL."""
    raw = c.fields.extension(OIDS["ocsp_no_check"])
    if raw is not None and raw.value != der.NULL:
        yield f"value {raw.value.hex()[:40]}"


RULES: tuple[Rule, ...] = (
    no_duplicate_extensions,
    extension_set,
    criticality,
    basic_constraints,
    key_usage,
    extended_key_usage,
    certificate_policies,
    crl_distribution_point,
    freshest_crl,
    authority_information_access,
    ocsp_no_check,
)
