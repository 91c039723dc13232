"""Building: what other people's parsers read in our CRLs, and what we refuse to build."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import crl
from crl import Reason
from tests.hostile import answered_in_time

from .ca import DAY, ECDSA_SHA256, NOW, make_ca

FRESHEST = "http://ca.example/crl/issuing-delta.crl"
SHARD = "http://ca.example/crl/issuing-3.crl"


def load(encoded: bytes) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(encoded)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_cryptography_reads_and_verifies_what_we_built(kind: str) -> None:
    ca = make_ca(kind=kind)
    entries = [
        crl.encode_entry(5, NOW - DAY, Reason.CERTIFICATE_HOLD),
        crl.encode_entry(1 << 126, NOW, None),
    ]
    theirs = load(ca.issue(entries, number=1 << 100))
    assert theirs.is_signature_valid(ca.key.public_key())
    assert theirs.issuer == ca.certificate.subject
    assert theirs.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 1 << 100
    held, plain = theirs
    assert (held.serial_number, held.revocation_date_utc) == (5, NOW - DAY)
    assert held.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == "certificateHold"
    assert (plain.serial_number, len(plain.extensions)) == (1 << 126, 0)


def test_revoked_certificates_are_absent_when_nothing_is_revoked() -> None:
    """RFC 5280 5.1.2.6: when there are no revoked certificates, the list MUST be absent."""
    encoded = make_ca().issue()
    assert len(load(encoded)) == 0
    from asn1crypto.crl import CertificateList

    assert CertificateList.load(encoded, strict=True)["tbs_cert_list"]["revoked_certificates"].native is None


def test_delta_has_a_critical_indicator_with_the_base_number() -> None:
    """RFC 5280 5.2.4: a critical extension that identifies a CRL as being a delta CRL."""
    theirs = load(make_ca().issue(number=9, base_number=4))
    extension = theirs.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert (extension.critical, extension.value.crl_number) == (True, 4)


def test_complete_crl_points_to_its_delta() -> None:
    theirs = load(make_ca().issue(freshest_url=FRESHEST))
    extension = theirs.extensions.get_extension_for_class(x509.FreshestCRL)
    names = extension.value[0].full_name
    assert names is not None
    assert (extension.critical, [name.value for name in names]) == (False, [FRESHEST])


def test_shard_has_a_critical_distribution_point() -> None:
    """RFC 5280 5.2.5: a critical CRL extension that identifies the distribution point and scope."""
    theirs = load(make_ca().issue(distribution_point=SHARD))
    extension = theirs.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    names = extension.value.full_name
    assert names is not None
    assert (extension.critical, [name.value for name in names]) == (True, [SHARD])


@pytest.mark.parametrize(
    ("moment", "encoded"),
    [
        (datetime(1999, 1, 2, 3, 4, 5, 999999, tzinfo=UTC), b"\x17\x0d990102030405Z"),
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x17\x0d491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), b"\x18\x0f20500101000000Z"),
        (datetime(2050, 1, 1, 7, tzinfo=timezone(timedelta(hours=8))), b"\x17\x0d491231230000Z"),
    ],
)
def test_time_takes_the_form_of_its_year(moment: datetime, encoded: bytes) -> None:
    """RFC 5280 5.1.2.6 with 5.1.2.4: UTCTime through 2049, GeneralizedTime in 2050 or later."""
    assert encoded in crl.encode_entry(1, moment, None)


def test_unspecified_reason_is_left_out() -> None:
    """RFC 5280 5.3.1: the reason code extension SHOULD be absent instead of using unspecified."""
    assert crl.encode_entry(1, NOW, Reason.UNSPECIFIED) == crl.encode_entry(1, NOW, None)


@pytest.mark.parametrize("serial", [0, -1, 1 << 159])
def test_serial_out_of_range_is_refused(serial: int) -> None:
    with pytest.raises(crl.ImpossibleCrl, match="serial"):
        crl.encode_entry(serial, NOW, None)


@pytest.mark.parametrize("moment", [datetime(2026, 1, 1), datetime(1949, 12, 31, tzinfo=UTC)])
def test_time_without_zone_or_before_1950_is_refused(moment: datetime) -> None:
    with pytest.raises(crl.ImpossibleCrl, match="time"):
        crl.encode_entry(1, moment, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"next_update": NOW}, "later"),
        ({"next_update": NOW - DAY}, "later"),
        ({"this_update": datetime(2026, 3, 1)}, "time zone"),
        ({"next_update": datetime(2026, 3, 2)}, "time zone"),
        ({"number": 0}, "number"),
        ({"number": -3}, "number"),
        ({"number": 1 << 159}, "number"),
        ({"base_number": 7}, "base"),
        ({"base_number": 8}, "base"),
        ({"base_number": 0}, "base"),
        ({"base_number": 1, "freshest_url": FRESHEST}, "fresher"),
        ({"freshest_url": "https://ca.example/a.crl"}, "http"),
        ({"freshest_url": "http://ca.example/证书.crl"}, "http"),
        ({"distribution_point": "http://ca.example/a b.crl"}, "http"),
        ({"distribution_point": "http://ca.example/a\n.crl"}, "http"),
        ({"distribution_point": ""}, "http"),
    ],
)
def test_impossible_crl_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(crl.ImpossibleCrl, match=message):
        make_ca().issue(**change)


def test_removal_is_for_deltas() -> None:
    """RFC 5280 5.3.1: removeFromCRL may only appear in delta CRLs."""
    entries = [crl.encode_entry(5, NOW, Reason.REMOVE_FROM_CRL)]
    (removed,) = load(make_ca().issue(entries, base_number=1))
    assert removed.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == "removeFromCRL"
    with pytest.raises(crl.ImpossibleCrl, match="removeFromCRL"):
        make_ca().issue(entries)


def test_serial_that_looks_like_a_removal_is_not_one() -> None:
    look_alike = int.from_bytes(b"\x01" + bytes.fromhex("300c300a0603551d1504030a0108"), "big")
    encoded = make_ca().issue([crl.encode_entry(look_alike, NOW, None)])
    assert load(encoded).get_revoked_certificate_by_serial_number(look_alike) is not None


def test_entries_of_other_makes_with_a_removal_inside_are_refused() -> None:
    with pytest.raises(crl.ImpossibleCrl, match="encode_entry"):
        make_ca().issue([crl.encode_entry(5, NOW, Reason.REMOVE_FROM_CRL)[1:]])


@pytest.mark.parametrize(
    ("name", "key_identifier", "algorithm"),
    [
        (b"0\0", b"k", ECDSA_SHA256),
        (b"", b"k", ECDSA_SHA256),
        (make_ca().issuer.name + b"\0", b"k", ECDSA_SHA256),
        (make_ca().issuer.name, b"", ECDSA_SHA256),
        (make_ca().issuer.name, b"k", b"\x05\0"),
        (make_ca().issuer.name, b"k", ECDSA_SHA256 + b"\0"),
    ],
)
def test_issuer_that_is_no_issuer_is_refused(name: bytes, key_identifier: bytes, algorithm: bytes) -> None:
    with pytest.raises(crl.ImpossibleCrl):
        crl.CrlIssuer(name, key_identifier, algorithm)


@given(serial=st.integers(1, (1 << 159) - 1), shards=st.integers(1, 300))
def test_every_serial_has_one_shard(serial: int, shards: int) -> None:
    assert 0 <= crl.shard_of(serial, shards) < shards


def test_no_shards_is_refused() -> None:
    with pytest.raises(crl.ImpossibleCrl):
        crl.shard_of(1, 0)


def test_joining_does_not_get_slower_by_the_square() -> None:
    """A million entries are joined in well under two seconds; a tenth of them must take a tenth of that."""
    entry = crl.encode_entry(1 << 126, NOW, Reason.KEY_COMPROMISE)
    with answered_in_time(0.5):
        encoded = make_ca().issue(entry for _ in range(100_000))
    assert len(encoded) > 100_000 * len(entry)
