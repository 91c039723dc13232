"""Each rule of the linter with a certificate that its clause forbids; good vectors: every profile."""

from collections.abc import Callable
from dataclasses import replace

import pytest

import profiles
from profiles import der, extensions
from profiles.lint import RULES
from profiles.policy import SIGNATURE_ALGORITHMS
from tests.profiles import support
from tests.profiles.mutant import Parts, extension, name, time

Deviation = Callable[[Parts], Parts]
ADMINISTRATOR, TLS, OCSP, ROOT = "information-administrator", "tls-server", "ocsp-signer", "root"
FEED = "feed-signer"
C, ST, ORG, OI, CN, SN = "2.5.4.6", "2.5.4.8", "2.5.4.10", "2.5.4.97", "2.5.4.3", "2.5.4.5"


def _put(extension_name: str, encoded: bytes) -> Deviation:
    return lambda parts: parts.with_extension(extension_name, encoded)


def _omit(extension_name: str) -> Deviation:
    return lambda parts: parts.without_extension(extension_name)


def _subject(**values: bytes) -> Deviation:
    """The administrator's subject with fields replaced by any encoded string, or dropped when empty."""
    fields = {
        "c": (C, der.printable_string("CN")),
        "st": (ST, der.utf8_string("北疆自治区")),
        "o": (ORG, der.utf8_string("云川市第一小学")),
        "oi": (OI, der.utf8_string("2115000017")),
        "cn": (CN, der.utf8_string("张三")),
        "sn": (SN, der.printable_string("H7Q2")),
    }
    merged = {key: (oid, values.get(key, value)) for key, (oid, value) in fields.items()}
    return lambda parts: replace(parts, subject=name(*(pair for pair in merged.values() if pair[1])))


def _validity(not_before: bytes, not_after: bytes) -> Deviation:
    return lambda parts: replace(parts, validity=der.sequence(not_before, not_after))


def _san(*names: bytes) -> Deviation:
    return _put("subject_alternative_name", extension("subject_alternative_name", der.sequence(*names)))


def _aia(*urls: str) -> Deviation:
    ocsp = der.oid("1.3.6.1.5.5.7.48.1")
    descriptions = [der.sequence(ocsp, der.primitive(6, url.encode())) for url in urls]
    return _put(
        "authority_information_access",
        extension("authority_information_access", der.sequence(*descriptions)),
    )


def _key_usage(octets: bytes, unused: int) -> Deviation:
    return _put("key_usage", extension("key_usage", der.bit_string(octets, unused=unused), critical=True))


def _swapped_subject(parts: Parts) -> Parts:
    rdns = list(der.children(parts.subject, "subject"))
    rdns[-1], rdns[-2] = rdns[-2], rdns[-1]
    return replace(parts, subject=der.sequence(*rdns))


def _multi_valued_rdn(parts: Parts) -> Parts:
    rdns = der.children(parts.subject, "subject")
    merged = der.set_of(der.element(rdns[1], "rdn")[3], der.element(rdns[2], "rdn")[3])
    return replace(parts, subject=der.sequence(rdns[0], merged, *rdns[3:]))


def _without_country(parts: Parts) -> Parts:
    return replace(parts, subject=der.sequence(*der.children(parts.subject, "subject")[1:]))


def _twice(extension_name: str) -> Deviation:
    return lambda parts: parts.with_extension("again", parts.extensions[extension_name])


DNS = der.primitive(2, b"ca.edu.example")
START, END = time(23, "260301080000Z"), time(23, "270301080000Z")
OTHER_POLICY = extensions.certificate_policies([profiles.POLICY_OIDS["staff"]])
HTTPS_POINT = extensions.crl_distribution_points("https://pki.edu.example/a.crl")
KEY_ID = bytes(range(20))
AKI_WITH_SERIAL = der.sequence(der.primitive(0, KEY_ID), der.constructed(1, b""), der.primitive(2, b"\x01"))
CPS_QUALIFIER = der.sequence(
    der.sequence(
        der.oid(profiles.POLICY_OIDS[ADMINISTRATOR]),
        der.sequence(der.sequence(der.oid("1.3.6.1.5.5.7.2.1"), b"\x16\x0chttp://a.cn/")),
    )
)

# rule, profile, deviation
BAD: list[tuple[str, str, Deviation]] = [
    # A BIT STRING whose unused bits are set.
    ("der-canonical", ADMINISTRATOR, _key_usage(b"\x81", 7)),
    ("parseable", ADMINISTRATOR, lambda p: replace(p, subject=der.set_of())),
    ("version-3", ADMINISTRATOR, lambda p: replace(p, version=b"\xa0\x03\x02\x01\x01")),
    ("signature-algorithm-matches", ADMINISTRATOR, lambda p: replace(p, signature=support.ECDSA_SHA384)),
    (
        "signature-algorithm-allowed",
        ADMINISTRATOR,
        lambda p: replace(p, signature=der.sequence(der.oid("1.2.840.10045.4.1"))),
    ),
    (
        "signature-algorithm-allowed",
        ADMINISTRATOR,
        lambda p: replace(p, signature=der.sequence(der.oid("1.2.840.10045.4.3.2"), der.NULL)),
    ),
    ("no-unique-identifiers", ADMINISTRATOR, lambda p: replace(p, unique_identifier=b"\x81\x02\x00\x01")),
    ("serial-positive-20-octets", ADMINISTRATOR, lambda p: replace(p, serial=b"\x02\x01\x00")),
    ("serial-positive-20-octets", ADMINISTRATOR, lambda p: replace(p, serial=b"\x02\x02\xff\x01")),
    ("serial-positive-20-octets", ADMINISTRATOR, lambda p: replace(p, serial=der.integer(1 << 159))),
    ("validity-order", ADMINISTRATOR, _validity(END, START)),
    ("validity-order", ADMINISTRATOR, _validity(START, START)),
    ("validity-within-profile", ADMINISTRATOR, _validity(START, time(23, "290228080001Z"))),
    ("time-encoding", ADMINISTRATOR, _validity(START, time(24, "20270301080000Z"))),
    ("issuer-not-empty", ADMINISTRATOR, lambda p: replace(p, issuer=der.sequence())),
    ("self-issued-root-only", ADMINISTRATOR, lambda p: replace(p, issuer=p.subject)),
    ("self-issued-root-only", ROOT, lambda p: replace(p, issuer=name((CN, der.utf8_string("别的CA"))))),
    ("subject-fields", ADMINISTRATOR, _subject(oi=b"")),
    ("subject-fields", ADMINISTRATOR, _subject(sn=b"")),
    ("subject-fields", ADMINISTRATOR, _without_country),
    ("subject-fields", OCSP, _subject()),
    ("subject-order", ADMINISTRATOR, _swapped_subject),
    ("subject-order", ADMINISTRATOR, _multi_valued_rdn),
    ("subject-string-types", ADMINISTRATOR, _subject(oi=der.printable_string("2115000017"))),
    ("subject-string-types", ADMINISTRATOR, _subject(sn=der.utf8_string("H7Q2"))),
    ("subject-values", ADMINISTRATOR, _subject(cn=der.utf8_string("张" * 65))),
    ("subject-values", ADMINISTRATOR, _subject(cn=der.utf8_string("张\u202e三"))),
    ("no-personal-data", ADMINISTRATOR, _subject(cn=der.utf8_string("张三150102199003071234"))),
    ("no-personal-data", ADMINISTRATOR, _subject(sn=der.printable_string("H-13912345678"))),
    ("no-personal-data", TLS, _san(DNS, der.primitive(1, b"a@b.example"))),
    ("alternative-names", TLS, _san(DNS, der.primitive(2, b"*.edu.example"))),
    ("alternative-names", TLS, _san(DNS, der.primitive(6, b"http://ca.edu.example/"))),
    ("alternative-names", TLS, _san(der.primitive(2, b"other.edu.example"))),
    (
        "public-key-sound",
        ADMINISTRATOR,
        lambda p: replace(p, public_key=support.spki(support.ec_key("x", "p384"))),
    ),
    (
        "subject-key-identifier-is-key-hash",
        ADMINISTRATOR,
        _put("subject_key_identifier", extensions.subject_key_identifier(KEY_ID)),
    ),
    (
        "authority-key-identifier-present",
        ADMINISTRATOR,
        _put("authority_key_identifier", extension("authority_key_identifier", der.sequence())),
    ),
    (
        "authority-key-identifier-present",
        ADMINISTRATOR,
        _put("authority_key_identifier", extension("authority_key_identifier", AKI_WITH_SERIAL)),
    ),
    (
        "authority-key-identifier-present",
        ROOT,
        _put("authority_key_identifier", extensions.authority_key_identifier(KEY_ID)),
    ),
    ("no-duplicate-extensions", ADMINISTRATOR, _twice("key_usage")),
    ("extension-set", ADMINISTRATOR, _omit("crl_distribution_points")),
    ("extension-set", ADMINISTRATOR, _omit("certificate_policies")),
    ("extension-set", OCSP, _omit("ocsp_no_check")),
    ("extension-set", OCSP, _put("crl", extensions.crl_distribution_points("http://a.example/a.crl"))),
    ("extension-set", ADMINISTRATOR, _put("new", extension("1.2.3.4", der.NULL))),
    ("criticality", ADMINISTRATOR, _put("basic_constraints", extension("basic_constraints", der.sequence()))),
    (
        "criticality",
        OCSP,
        _put("ocsp_no_check", extension("ocsp_no_check", der.NULL, critical=True)),
    ),
    ("basic-constraints", ADMINISTRATOR, _put("basic_constraints", extensions.basic_constraints(0))),
    ("basic-constraints", ROOT, _put("basic_constraints", extensions.basic_constraints(3))),
    (
        "key-usage",
        ADMINISTRATOR,
        _put("key_usage", extensions.key_usage(["digitalSignature", "keyCertSign"])),
    ),
    ("key-usage", ADMINISTRATOR, _key_usage(b"\x80", 0)),
    (
        "extended-key-usage",
        ADMINISTRATOR,
        _put("extended_key_usage", extensions.extended_key_usage(["clientAuth", "serverAuth"])),
    ),
    ("extended-key-usage", FEED, _put("extended_key_usage", extensions.extended_key_usage(["clientAuth"]))),
    (
        "extended-key-usage",
        FEED,
        _put("extended_key_usage", extensions.extended_key_usage(["documentSigning", "OCSPSigning"])),
    ),
    ("public-key-sound", FEED, lambda p: replace(p, public_key=support.spki(support.rsa_key("feed")))),
    ("key-usage", FEED, _put("key_usage", extensions.key_usage(["digitalSignature", "contentCommitment"]))),
    ("certificate-policies", FEED, _put("certificate_policies", OTHER_POLICY)),
    ("subject-fields", FEED, _subject()),
    ("certificate-policies", ADMINISTRATOR, _put("certificate_policies", OTHER_POLICY)),
    (
        "certificate-policies",
        ADMINISTRATOR,
        _put("certificate_policies", extension("certificate_policies", CPS_QUALIFIER)),
    ),
    ("crl-distribution-point", ADMINISTRATOR, _put("crl_distribution_points", HTTPS_POINT)),
    (
        "freshest-crl",
        ADMINISTRATOR,
        _put("freshest_crl", extensions.freshest_crl("http://pki.edu.example/crl/issuing.crl")),
    ),
    ("authority-information-access", ADMINISTRATOR, _aia("ldap://pki.edu.example/a")),
    ("authority-information-access", ADMINISTRATOR, _aia("http://a.example/1", "http://a.example/2")),
    ("authority-information-access", OCSP, _aia("http://a.example/1")),
    ("ocsp-no-check", OCSP, _put("ocsp_no_check", extension("ocsp_no_check", der.sequence()))),
]


def _findings(tbs: bytes, profile_name: str) -> set[str]:
    algorithm = support.authority_of(profile_name).issuer.signature_algorithm
    try:
        profiles.lint(tbs, profiles.load(profile_name), signature_algorithm=algorithm)
    except profiles.LintFailure as failure:
        return {finding.rule for finding in failure.findings}
    return set()


@pytest.mark.parametrize("profile_name", profiles.names())
def test_a_good_certificate_of_every_profile_has_no_finding(profile_name: str) -> None:
    assert _findings(support.tbs(profile_name), profile_name) == set()


@pytest.mark.parametrize("profile_name", profiles.names())
def test_taking_apart_and_putting_together_changes_nothing(profile_name: str) -> None:
    """Guards the bad vectors: what they differ in is the deviation alone."""
    assert Parts.of(profile_name).encode() == support.tbs(profile_name)


@pytest.mark.parametrize(
    ("rule", "profile_name", "deviate"), BAD, ids=[f"{index}-{row[0]}" for index, row in enumerate(BAD)]
)
def test_a_deviation_is_found_by_its_rule(rule: str, profile_name: str, deviate: Deviation) -> None:
    assert rule in _findings(deviate(Parts.of(profile_name)).encode(), profile_name)


def test_every_rule_has_a_bad_vector() -> None:
    assert {rule.name for rule in RULES} == {rule for rule, _, _ in BAD}


def test_rule_names_are_unique_and_each_cites_its_clause() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.citation and rule.check.__doc__ for rule in RULES)


@pytest.mark.parametrize("other", sorted(set(profiles.names()) - {ADMINISTRATOR}))
def test_a_certificate_of_one_profile_is_refused_under_another(other: str) -> None:
    assert _findings(support.tbs(ADMINISTRATOR), other)


@pytest.mark.parametrize("dotted", sorted(SIGNATURE_ALGORITHMS))
def test_every_signature_algorithm_of_the_policy_can_be_issued(dotted: str) -> None:
    """SM2 and ML-DSA issuers need no other code: the algorithm is data."""
    identifier = der.sequence(der.oid(dotted), SIGNATURE_ALGORITHMS[dotted] or b"")
    issuer = replace(support.issuing_authority().issuer, signature_algorithm=identifier)
    profile = profiles.load("staff")
    tbs = profiles.compile(profile, issuer).tbs(
        subject=support.SUBJECTS["staff"],
        public_key=support.spki(support.ec_key("staff")),
        serial=support.SERIAL,
        not_before=support.EPOCH,
        not_after=support.EPOCH + profile.validity,
    )
    profiles.lint(tbs, profile, signature_algorithm=identifier)
    with pytest.raises(profiles.LintFailure, match="signature-algorithm-matches"):
        profiles.lint(tbs, profile, signature_algorithm=der.sequence(der.oid("1.2.3")))
