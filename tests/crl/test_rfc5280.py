"""RFC 5280 section 5, clause by clause, read by a parser that shares nothing with ours (cryptography)."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

import crl
from crl import Reason, Revocation

from .ca import DAY, NOW, make_ca

SHARD = "http://ca.example/crl/issuing-3.crl"
FRESHEST = "http://ca.example/crl/issuing-3-delta.crl"
HELD = [crl.encode_entry(5, NOW, Reason.CERTIFICATE_HOLD)]
RELEASED = [crl.encode_entry(5, NOW, Reason.REMOVE_FROM_CRL)]

COMPLETE = x509.load_der_x509_crl(make_ca().issue(HELD, freshest_url=FRESHEST, distribution_point=SHARD))
DELTA = x509.load_der_x509_crl(make_ca().issue(RELEASED, number=9, base_number=7, distribution_point=SHARD))


def value_of(
    theirs: x509.CertificateRevocationList, kind: type[x509.ExtensionType]
) -> x509.Extension[x509.ExtensionType]:
    return theirs.extensions.get_extension_for_class(kind)


def test_5_1_1_2_both_signature_algorithms_are_the_same() -> None:
    """This field MUST contain the same algorithm identifier as the signature field in the sequence tbsCertList."""
    encoded = make_ca().issue()
    inner = encoded.index(make_ca().issuer.signature_algorithm)
    assert encoded.index(make_ca().issuer.signature_algorithm, inner + 1) > inner


def test_5_1_2_1_version_is_2() -> None:
    """When extensions are used, as required by this profile, this field MUST be present and MUST specify version 2."""
    assert crl.parse(make_ca().issue()).tbs.startswith(b"\x02\x01\x01", 3)


def test_5_1_2_3_issuer_is_the_name_of_the_ca() -> None:
    """The issuer field MUST contain a non-empty X.500 distinguished name (DN)."""
    assert COMPLETE.issuer == make_ca().certificate.subject
    with pytest.raises(crl.ImpossibleCrl, match="empty"):
        crl.CrlIssuer(b"0\0", b"k", make_ca().issuer.signature_algorithm)


def test_5_1_2_5_next_update_is_always_there() -> None:
    """Conforming CRL issuers MUST include the nextUpdate field in all CRLs."""
    assert COMPLETE.next_update_utc == NOW + DAY
    assert DELTA.next_update_utc == NOW + DAY


def test_5_1_2_5_next_update_is_not_before_the_last_one() -> None:
    """CRL issuers SHOULD issue CRLs with a nextUpdate time equal to or later than all previous CRLs.

    It is the caller's to choose; what cannot be is one that is not later than thisUpdate.
    """
    with pytest.raises(crl.ImpossibleCrl, match="later"):
        make_ca().issue(next_update=NOW)


def test_5_1_2_4_times_until_2049_are_utc_time() -> None:
    """CRL issuers conforming to this profile MUST encode thisUpdate as UTCTime for dates through the year 2049."""
    assert b"\x17\x0d260301080000Z" in make_ca().issue()


def test_5_1_2_4_times_from_2050_are_generalized_time() -> None:
    """... MUST encode thisUpdate as GeneralizedTime for dates in the year 2050 or later."""
    late = datetime(2050, 1, 1, tzinfo=UTC)
    assert b"\x18\x0f20500101000000Z" in make_ca().issue(this_update=late, next_update=late + DAY)


def test_5_2_1_key_identifier_is_in_all_crls() -> None:
    """Conforming CRL issuers MUST use the key identifier method, and MUST include this extension in all CRLs issued."""
    for theirs in (COMPLETE, DELTA):
        found = value_of(theirs, x509.AuthorityKeyIdentifier).value
        assert isinstance(found, x509.AuthorityKeyIdentifier)
        assert (found.key_identifier, found.authority_cert_issuer) == (make_ca().issuer.key_identifier, None)


def test_5_2_3_number_is_in_all_crls_and_not_critical() -> None:
    """CRL issuers MUST include this extension in all CRLs and MUST mark this extension as non-critical."""
    assert [value_of(theirs, x509.CRLNumber).critical for theirs in (COMPLETE, DELTA)] == [False, False]


def test_5_2_3_number_has_at_most_20_octets() -> None:
    """Conforming CRL issuers MUST NOT use CRLNumber values longer than 20 octets."""
    assert crl.parse(make_ca().issue(number=(1 << 159) - 1)).number == (1 << 159) - 1
    with pytest.raises(crl.ImpossibleCrl, match="20 octets"):
        make_ca().issue(number=1 << 159)


@pytest.mark.parametrize("number", [7, 6])
def test_5_2_3_two_crls_of_one_scope_at_different_times_have_different_numbers(number: int) -> None:
    """If the this update field in the two CRLs are not identical, the CRL numbers MUST be different."""
    complete = crl.parse(make_ca().issue(number=7))
    delta = make_ca().issue(RELEASED, number=number, base_number=3, this_update=NOW + timedelta(seconds=1))
    with pytest.raises(crl.CrlRejected, match="number"):
        crl.check(delta, issuer_certificate=make_ca().certificate_der, previous=complete)


def test_5_2_3_delta_and_complete_crl_issued_at_the_same_time_have_the_same_number() -> None:
    """If a delta CRL and a complete CRL that cover the same scope are issued at the same time, they MUST have the
    same CRL number and provide the same revocation information."""
    base, complete = crl.parse(make_ca().issue(HELD, number=7)), crl.parse(make_ca().issue(number=8))
    delta = make_ca().issue(RELEASED, number=8, base_number=7)
    parsed = crl.check(delta, issuer_certificate=make_ca().certificate_der, previous=complete)
    crl.check_combination(base, parsed, complete)


def test_5_2_4_delta_indicator_is_critical_and_names_the_base() -> None:
    """The delta CRL MUST include a critical delta CRL indicator extension ... of type BaseCRLNumber."""
    found = value_of(DELTA, x509.DeltaCRLIndicator)
    assert isinstance(found.value, x509.DeltaCRLIndicator)
    assert (found.critical, found.value.crl_number) == (True, 7)


def test_5_2_4_base_and_delta_have_identical_distribution_points() -> None:
    """The referenced base CRL and the delta CRL MUST omit the issuing distribution point extension or contain
    identical issuing distribution point extensions."""
    points = [value_of(theirs, x509.IssuingDistributionPoint) for theirs in (COMPLETE, DELTA)]
    assert points[0] == points[1]


def test_5_2_4_revoked_since_the_base_is_listed_as_revoked() -> None:
    """(a) If the certificate is revoked for a reason included in the scope of the CRL, list it as revoked."""
    said = Revocation(NOW, Reason.KEY_COMPROMISE)
    assert crl.delta_entries([(5, said)]) == [crl.encode_entry(5, *said)]


def test_5_2_4_released_from_hold_is_listed_with_remove_from_crl() -> None:
    """(b) If the certificate is valid and was listed on the referenced base CRL or any subsequent CRL with reason code
    certificateHold, list the certificate with the reason code removeFromCRL."""
    released = Revocation(NOW, Reason.REMOVE_FROM_CRL)
    assert crl.delta_entries([(5, released)]) == RELEASED


def test_5_2_4_frozen_and_released_since_the_base_is_listed_with_remove_from_crl() -> None:
    """If the certificate was placed on hold in any CRL issued after the base but before this delta CRL and then
    released from hold, it MUST be listed on the delta CRL with revocation reason removeFromCRL."""
    history = [(5, Revocation(NOW - DAY, Reason.CERTIFICATE_HOLD)), (5, Revocation(NOW, Reason.REMOVE_FROM_CRL))]
    assert crl.delta_entries(history) == RELEASED


def test_5_2_4_changed_reason_is_a_change() -> None:
    """The status of a certificate is considered to have changed ... if its revocation reason changes."""
    base = crl.parse(make_ca().issue(HELD))
    after = crl.parse(make_ca().issue([crl.encode_entry(5, NOW, Reason.KEY_COMPROMISE)], number=8))
    with pytest.raises(crl.WrongDifference):
        crl.check_difference(base, after, {})


def test_5_2_4_notice_that_expired_before_the_next_complete_crl_is_not_lost() -> None:
    """If a revocation notice first appears on a delta CRL ... the revocation notice MUST be included in all subsequent
    delta CRLs until the revocation notice is included on at least one explicitly issued complete CRL.

    A delta drops nothing; the complete CRL keeps what was revoked after the one before it, however long expired.
    """
    revoked_at, last_complete = NOW - DAY, NOW - 2 * DAY
    assert crl.delta_entries([(5, Revocation(revoked_at, Reason.SUPERSEDED))])
    assert not crl.may_drop(not_after=NOW - 3 * DAY, revoked_at=revoked_at, last_scheduled=last_complete)


def test_5_2_5_distribution_point_is_critical_and_for_end_entities_only() -> None:
    """If the scope of the CRL only includes end entity public key certificates, then onlyContainsUserCerts MUST be set
    to TRUE. (The extension is critical.)"""
    found = value_of(COMPLETE, x509.IssuingDistributionPoint)
    point = found.value
    assert isinstance(point, x509.IssuingDistributionPoint)
    assert found.critical
    assert (point.only_contains_user_certs, point.only_contains_ca_certs) == (True, False)
    assert (point.indirect_crl, point.only_some_reasons, point.only_contains_attribute_certs) == (False, None, False)


def test_5_2_5_shard_that_may_hold_ca_certificates_does_not_say_so() -> None:
    """The same clause, the other way round."""
    encoded = crl.build_tbs(
        make_ca().issuer,
        number=1,
        this_update=NOW,
        next_update=NOW + DAY,
        entries=[],
        distribution_point=SHARD,
        ca_certificates=True,
    )
    signed = crl.assemble(encoded, make_ca().issuer.signature_algorithm, make_ca().sign(encoded))
    point = value_of(x509.load_der_x509_crl(signed), x509.IssuingDistributionPoint).value
    assert isinstance(point, x509.IssuingDistributionPoint)
    assert not point.only_contains_user_certs
    assert crl.parse(signed).scope == (SHARD, False)


def test_5_2_5_name_is_encoded_as_in_the_certificate() -> None:
    """The identical encoding MUST be used in the distributionPoint fields of the certificate and the CRL."""
    name = b"\x86" + bytes([len(SHARD)]) + SHARD.encode()
    assert name in make_ca().issue(distribution_point=SHARD)


def test_5_2_6_freshest_crl_is_not_critical_and_not_in_a_delta() -> None:
    """The extension MUST be marked as non-critical ... This extension MUST NOT appear in delta CRLs."""
    assert not value_of(COMPLETE, x509.FreshestCRL).critical
    with pytest.raises(crl.ImpossibleCrl, match=r"5\.2\.6"):
        make_ca().issue(base_number=1, freshest_url=FRESHEST)


def test_5_3_1_reason_is_not_critical_and_never_unspecified() -> None:
    """The reason code CRL entry extension SHOULD be absent instead of using the unspecified (0) reasonCode value."""
    (entry,) = COMPLETE
    assert not entry.extensions.get_extension_for_class(x509.CRLReason).critical
    (plain,) = x509.load_der_x509_crl(make_ca().issue([crl.encode_entry(5, NOW, Reason.UNSPECIFIED)]))
    assert len(plain.extensions) == 0


def test_5_3_1_remove_from_crl_is_for_deltas_alone() -> None:
    """The removeFromCRL (8) reasonCode value may only appear in delta CRLs."""
    with pytest.raises(crl.ImpossibleCrl, match="removeFromCRL"):
        make_ca().issue(RELEASED)


@pytest.mark.parametrize("shards", [1, 16, 128])
def test_shard_of_a_certificate_never_moves(shards: int) -> None:
    """Section 4.2.1.13 with 5.2.5: the URL in the certificate is that of the CRL that would list it.

    The values stand here as numbers: certificates carry them, so that no later version may compute others.
    """
    serial = 0x5A3C9B17004288FE123456789ABCDEF1
    assert crl.shard_of(serial, shards) == {1: 0, 16: 1, 128: 113}[shards]
