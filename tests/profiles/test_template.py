"""The compiler: what it refuses of one certificate's values, and what it puts where."""

import ipaddress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import profiles
from profiles import der
from tests.profiles import support
from tests.profiles.support import EPOCH, ONE_SECOND

ADMINISTRATOR = "information-administrator"
SHANGHAI = timezone(timedelta(hours=8))


def _load(tbs: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(profiles.assemble(tbs, support.ECDSA_SHA256, b"\x00"))


def _refused(key: str, **deviation: Any) -> profiles.OffenceError:
    with pytest.raises(profiles.OffenceError) as caught:
        support.tbs(ADMINISTRATOR, **deviation)
    assert caught.value.key == key
    return caught.value


@pytest.mark.parametrize("serial", [0, -1, 1 << 159, 1 << 4000, "17", None, 1.0])
def test_a_serial_outside_twenty_positive_octets_is_refused(serial: object) -> None:
    _refused("serial", serial=serial)


@given(st.integers(1, (1 << 159) - 1))
def test_every_serial_in_range_is_read_back(serial: int) -> None:
    assert _load(support.tbs(ADMINISTRATOR, serial=serial)).serial_number == serial


def test_times_are_read_back_in_utc_whatever_their_zone() -> None:
    local = datetime(2026, 3, 1, 16, 0, 0, tzinfo=SHANGHAI)
    certificate = _load(support.tbs(ADMINISTRATOR, not_before=local, not_after=local + timedelta(days=30)))
    assert certificate.not_valid_before_utc == datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)


def test_utc_time_through_2049_and_generalized_time_from_2050() -> None:
    last = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
    octets = support.tbs("staff", not_before=last - timedelta(days=1), not_after=last)
    assert b"\x17\x0d491231235959Z" in octets
    later = support.tbs("staff", not_before=last, not_after=last + ONE_SECOND)
    assert b"\x17\x0d491231235959Z\x18\x0f20500101000000Z" in later
    profiles.lint(later, profiles.load("staff"), signature_algorithm=support.ECDSA_SHA256)


@pytest.mark.parametrize(
    ("key", "deviation"),
    [
        ("not_before", {"not_before": EPOCH.replace(tzinfo=None)}),
        ("not_before", {"not_before": EPOCH.replace(microsecond=1)}),
        ("not_after", {"not_after": (EPOCH + timedelta(days=1)).replace(microsecond=999_999)}),
        ("not_before", {"not_before": datetime(1949, 12, 31, tzinfo=UTC)}),
        ("not_before", {"not_before": datetime(1, 1, 1, tzinfo=SHANGHAI)}),
        ("not_after", {"not_after": EPOCH}),
        ("not_after", {"not_after": EPOCH - ONE_SECOND}),
        ("not_after", {"not_after": EPOCH + profiles.load(ADMINISTRATOR).validity + ONE_SECOND}),
    ],
)
def test_unusable_times_are_refused(key: str, deviation: dict[str, datetime]) -> None:
    not_after = {"not_after": EPOCH + timedelta(days=1)}
    _refused(key, **{**not_after, **deviation})


@pytest.mark.parametrize("field", ["organization", "organization_identifier", "serial_number"])
def test_a_subject_without_a_required_field_is_refused(field: str) -> None:
    absent: dict[str, Any] = {field: None}
    subject = replace(support.SUBJECTS[ADMINISTRATOR], **absent)
    assert "requires" in _refused(field, subject=subject).allowed


def test_a_field_that_the_profile_does_not_have_is_refused() -> None:
    """A holder identifier in a CA's name would tie the authority to a person."""
    subject = replace(support.SUBJECTS["issuing"], serial_number="H7Q2")
    with pytest.raises(profiles.SubjectError, match="serial_number"):
        support.tbs("issuing", subject=subject)


def test_only_a_root_bears_its_issuers_name() -> None:
    with pytest.raises(profiles.SubjectError, match="issuer's"):
        support.tbs("root", subject=support.SUBJECTS["issuing"])
    with pytest.raises(profiles.SubjectError, match="issuer's"):
        support.tbs("issuing", subject=support.SUBJECTS["root"])


@pytest.mark.parametrize(
    "spki",
    [b"\x00", b"\x30\x00", support.spki(support.ec_key("t")) + b"\x00"],
    ids=["octet", "empty", "trailing"],
)
def test_octets_that_are_no_key_are_refused(spki: bytes) -> None:
    _refused("public_key", public_key=spki)


def test_server_names_and_addresses_are_read_back() -> None:
    octets = support.tbs(
        "tls-server",
        dns_names=("ca.edu.example", "localhost", "xn--fiqs8s.example"),
        ip_addresses=("192.0.2.7", "2001:db8::1"),
    )
    names = _load(octets).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["ca.edu.example", "localhost", "xn--fiqs8s.example"]
    assert names.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("192.0.2.7"),
        ipaddress.ip_address("2001:db8::1"),
    ]
    profiles.lint(octets, profiles.load("tls-server"), signature_algorithm=support.ECDSA_SHA256)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "a..b",
        "-a.example",
        "a-.example",
        "A.example",
        "*.example",
        "a_b.example",
        "教育.example",
        "a.example.",
        "a.example\n",
        "x" * 64 + ".example",
        ".".join(["abcdefg"] * 33),
        "1.2.3.4",
        "a b",
        "a\x00b",
    ],
)
def test_a_malformed_host_name_is_refused(name: str) -> None:
    with pytest.raises(profiles.SubjectError, match="dns_names"):
        support.tbs("tls-server", dns_names=("ca.edu.example", name))


@pytest.mark.parametrize("address", ["", "256.1.1.1", "192.0.2.0/24", "fe80::1%eth0", "01.2.3.4", "localhost"])
def test_a_malformed_address_is_refused(address: str) -> None:
    with pytest.raises(profiles.SubjectError, match="ip_addresses"):
        support.tbs("tls-server", ip_addresses=(address,))


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("other.example",),
        ("ca.edu.example",) * 2,
        ("ca.edu.example", *(f"h{n}.example" for n in range(40))),
    ],
    ids=["none", "without-cn", "twice", "too-many"],
)
def test_server_names_hold_the_common_name_and_each_name_once(names: tuple[str, ...]) -> None:
    with pytest.raises(profiles.SubjectError, match="dns_names"):
        support.tbs("tls-server", dns_names=names)


def test_persons_have_no_alternative_names() -> None:
    _refused("dns_names", dns_names=("ca.edu.example",))
    _refused("dns_names", ip_addresses=("192.0.2.7",))


def test_equal_input_gives_equal_octets() -> None:
    """What was committed before the signature can be compared with what was signed."""
    assert support.tbs(ADMINISTRATOR) == support.tbs(ADMINISTRATOR)


def test_optional_publications_follow_the_issuer() -> None:
    bare = replace(support.issuing_authority().issuer, delta_crl_url=None, ocsp_url=None, certificate_url=None)
    profile = profiles.load(ADMINISTRATOR)
    octets = profiles.compile(profile, bare).tbs(
        subject=support.SUBJECTS[ADMINISTRATOR],
        public_key=support.spki(support.ec_key("t")),
        serial=1,
        not_before=EPOCH,
        not_after=EPOCH + ONE_SECOND,
    )
    found = {extension.oid.dotted_string for extension in _load(octets).extensions}
    assert not found & {"2.5.29.46", "1.3.6.1.5.5.7.1.1"}
    profiles.lint(octets, profile, signature_algorithm=support.ECDSA_SHA256)


@pytest.mark.parametrize("name", sorted(set(profiles.names()) - {"root", "ocsp-signer"}))
def test_a_profile_that_points_to_the_crl_needs_its_url(name: str) -> None:
    with pytest.raises(profiles.IssuerError, match="crl_url"):
        profiles.compile(profiles.load(name), replace(support.authority_of(name).issuer, crl_url=None))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", b""),
        ("name", b"\x30\x00"),
        ("name", b"\x31\x00"),
        ("name", b"\x30\x05\x00"),
        ("key_identifier", b""),
        ("key_identifier", bytes(65)),
        ("signature_algorithm", b""),
        ("signature_algorithm", der.sequence(der.oid("1.2.840.113549.1.1.5"), der.NULL)),
        ("signature_algorithm", support.ECDSA_SHA256 + b"\x00"),
        ("crl_url", ""),
        ("crl_url", "https://pki.edu.example/a.crl"),
        ("delta_crl_url", "ldap://pki.edu.example/a"),
        ("ocsp_url", "http://pki.edu.example"),
        ("ocsp_url", "http://教育.example/ocsp"),
        ("certificate_url", "http://pki.edu.example/a b"),
        ("certificate_url", "http://user@pki.edu.example/a.cer"),
    ],
)
def test_an_unusable_issuer_is_refused(key: str, value: Any) -> None:
    with pytest.raises(profiles.IssuerError) as caught:
        replace(support.issuing_authority().issuer, **{key: value})
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("bits", "encoded"),
    [({0}, "03020780"), ({5, 6}, "03020106"), ({0, 1}, "030206c0"), ({8}, "0303070080"), ({7}, "03020001")],
)
def test_named_bits_have_no_trailing_zero(bits: set[int], encoded: str) -> None:
    """X.690 §11.2.2."""
    assert der.named_bits(frozenset(bits)).hex() == encoded


@pytest.mark.parametrize(
    ("number", "encoded"),
    [(0, "020100"), (127, "02017f"), (128, "02020080"), (255, "020200ff"), (256, "02020100")],
)
def test_integers_take_the_fewest_octets(number: int, encoded: str) -> None:
    assert der.integer(number).hex() == encoded
