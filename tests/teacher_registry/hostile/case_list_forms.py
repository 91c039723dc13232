"""The form of revocation lists, and shards (RFC 5280 §5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile import lists as ls
from tests.teacher_registry.hostile.case_lists import listed
from tests.teacher_registry.hostile.registry import Chain, accepted, refused

SHARD = "http://ca.test/crl/issuing-1.crl"


@refused("list-version-2")
def version_1() -> Chain:
    """ "This field MUST be present and MUST specify version 2." §5.1.2.1"""
    return listed(version=b"")


@refused("no revocation list of an issuer")
def issuer_empty() -> Chain:
    """ "The issuer field MUST contain a non-empty X.500 distinguished name": a list of nobody is about nobody.
    §5.1.2.3"""
    root = f.root()
    return Chain(f.leaf(root), [], [root], [ls.crl(root, issuer=f.EMPTY_NAME)], revocation="required")


@refused("next-update-present")
def no_next_update() -> Chain:
    """ "Conforming CRL issuers MUST include the nextUpdate field in all CRLs." §5.1.2.5"""
    return listed(next_update=b"")


@refused("list-times-encoded-by-year")
def generalized_time_before_2050() -> Chain:
    """ "MUST encode thisUpdate as UTCTime for dates through the year 2049." §5.1.2.4"""
    return listed(next_update=f.generalized(f.NOW + f.DAY))


@accepted("list-times-encoded-by-year")
def generalized_time_from_2050_on() -> Chain:
    """ "MUST encode nextUpdate as GeneralizedTime for dates in the year 2050 or later." §5.1.2.5"""
    return listed(next_update=f.time(datetime(2050, 1, 1, tzinfo=UTC)))


@refused("next-update-later")
def next_update_at_once() -> Chain:
    """A list that was never current."""
    return listed(this_update=f.time(f.NOW), next_update=f.time(f.NOW))


@refused("entries-absent-when-none")
def an_empty_list_of_entries() -> Chain:
    """ "When there are no revoked certificates, the revoked certificates list MUST be absent." §5.1.2.6"""
    return listed(empty_list=True)


@refused("list-without-unknown-critical-extension")
def an_unknown_critical_extension() -> Chain:
    """ "If a CRL contains a critical extension that the application cannot process, then the application MUST NOT
    use that CRL to determine the status of certificates." §5.2"""
    return listed(more=[f.Ext("1.3.6.1.4.1.55738.666.1", f.tlv(5), critical=True)])


@accepted("list-without-unknown-critical-extension")
def an_unknown_uncritical_extension() -> Chain:
    """ "Applications may ignore unrecognized non-critical extensions." §5.2"""
    return listed(more=[f.Ext("1.3.6.1.4.1.55738.666.1", f.tlv(5))])


@refused("not a CRL")
def an_extension_twice() -> Chain:
    """One number too many."""
    return listed(more=[ls.number(9)])


@refused("list-names-its-key")
def no_authority_key_identifier() -> Chain:
    """ "Conforming CRL issuers MUST use the key identifier method, and MUST include this extension in all CRLs
    issued." §5.2.1"""
    return listed(without=[f.AUTHORITY_KEY])


@refused("list-key-identifier-not-critical")
def critical_authority_key_identifier() -> Chain:
    """It is the extension of §4.2.1.1."""
    root = f.root()
    critical = f.authority_key(root.identifier, critical=True)
    return Chain(f.leaf(root), [], [root], [ls.crl(root, instead=[critical])])


@refused("list-numbered")
def no_number() -> Chain:
    """ "CRL issuers conforming to this profile MUST include this extension in all CRLs." §5.2.3"""
    return listed(without=[f.CRL_NUMBER])


@refused("list-number-not-critical")
def critical_number() -> Chain:
    """ "The CRL number is a non-critical CRL extension." §5.2.3"""
    return listed(instead=[ls.number(12345, critical=True)])


@refused("list-number-in-range")
def a_number_of_21_octets() -> Chain:
    """ "Conforming CRL issuers MUST NOT use CRLNumber values longer than 20 octets." §5.2.3"""
    return listed(instead=[ls.number(1 << 160)])


@accepted("list-number-in-range")
def a_number_of_20_octets() -> Chain:
    """ "CRL verifiers MUST be able to handle CRLNumber values up to 20 octets." §5.2.3"""
    return listed(instead=[ls.number((1 << 159) - 1)])


def sharded(list_point: f.Ext, *points: str | None, **leaf: Any) -> Chain:
    """Root -> leaf with these distribution points, and a list with that one."""
    root = f.root()
    more = []
    if points:
        names = [ls.urls(point) if point else [x509.DNSName("ca.test"), *ls.urls(SHARD)] for point in points]
        more = [f.ext(x509.CRLDistributionPoints([x509.DistributionPoint(n, None, None, None) for n in names]))]
    return Chain(f.leaf(root, more=more, **leaf), [], [root], [ls.crl(root, instead=[list_point])])


@accepted("distribution-point-critical", "distribution-point-by-address", "list-of-one-issuer-for-all-reasons")
def our_shard() -> Chain:
    """ "If the distribution point name is present in the IDP [...] verify that one of the names in the IDP matches
    one of the names in the DP." §6.3.3 (b) (2) (i)"""
    return sharded(ls.point(full_name=ls.urls(SHARD)), "http://ca.test/other.crl", SHARD)


@refused("a shard that this certificate does not belong to")
def the_shard_of_others() -> Chain:
    """Another address."""
    return sharded(ls.point(full_name=ls.urls(SHARD)), "http://ca.test/other.crl")


@refused("a shard that this certificate does not belong to")
def an_address_that_means_the_same() -> Chain:
    """Octet for octet: %73 is an s for a browser."""
    return sharded(ls.point(full_name=ls.urls("http://ca.test/crls/s.crl")), "http://ca.test/crls/%73.crl")


@refused("a shard that this certificate does not belong to")
def a_shard_and_a_leaf_without_distribution_points() -> Chain:
    """Nothing to match."""
    return sharded(ls.point(full_name=ls.urls(SHARD)))


@refused("a shard that this certificate does not belong to")
def a_distribution_point_of_two_forms() -> Chain:
    """An address beside a name of another form: not ours."""
    return sharded(ls.point(full_name=ls.urls(SHARD)), None)


@refused("distribution-point-critical")
def an_uncritical_distribution_point() -> Chain:
    """ "The issuing distribution point is a critical CRL extension." §5.2.5"""
    return sharded(ls.point(full_name=ls.urls(SHARD), critical=False), SHARD)


@refused("not a CRL")
def an_empty_distribution_point() -> Chain:
    """ "CRL issuers MUST NOT issue CRLs where the DER encoding of the issuing distribution point extension is an
    empty sequence." §5.2.5"""
    return listed(more=[f.Ext(ls.ISSUING_POINT, f.tlv(0x30), critical=True)])


@refused("not a CRL")
def persons_and_authorities_only() -> Chain:
    """ "At most one of onlyContainsUserCerts, onlyContainsCACerts, and onlyContainsAttributeCerts may be set to
    TRUE." §5.2.5"""
    value = f.tlv(0x30, f.tlv(0x81, b"\xff"), f.tlv(0x82, b"\xff"))
    return listed(more=[f.Ext(ls.ISSUING_POINT, value, critical=True)])


@accepted()
def a_list_about_persons() -> Chain:
    """onlyContainsUserCerts, and the leaf is one."""
    return listed(more=[ls.point(only_contains_user_certs=True)])


@refused("the CRL is not about persons")
def a_list_about_authorities() -> Chain:
    """ "If the onlyContainsCACerts boolean is set to TRUE in the IDP CRL extension, verify that the certificate
    includes the basic constraints extension with the cA boolean set to TRUE." §6.3.3 (b) (2) (iii)"""
    return listed(more=[ls.point(only_contains_ca_certs=True)])


@refused("the CRL is not about authorities")
def a_list_about_persons_for_an_authority() -> Chain:
    """The other way round. §6.3.3 (b) (2) (ii)"""
    root = f.root()
    authority = f.authority(root)
    crls = [ls.crl(root, more=[ls.point(only_contains_user_certs=True)]), ls.crl(authority)]
    return Chain(f.leaf(authority), [authority], [root], crls)


@refused("list-of-one-issuer-for-all-reasons")
def a_list_about_attribute_certificates() -> Chain:
    """ "Verify that the onlyContainsAttributeCerts boolean is not asserted." §6.3.3 (b) (2) (iv)"""
    return listed(more=[ls.point(only_contains_attribute_certs=True)])


@refused("list-of-one-issuer-for-all-reasons")
def an_indirect_list() -> Chain:
    """Entries of other issuers: not in our profile."""
    return sharded(ls.point(full_name=ls.urls(SHARD), indirect_crl=True), SHARD)


@refused("list-of-one-issuer-for-all-reasons")
def a_list_for_one_reason() -> Chain:
    """Silent about all other reasons."""
    reasons = frozenset([x509.ReasonFlags.key_compromise])
    return sharded(ls.point(full_name=ls.urls(SHARD), only_some_reasons=reasons), SHARD)


@refused("distribution-point-by-address")
def a_shard_named_twice() -> Chain:
    """An address and a host."""
    return sharded(ls.point(full_name=[*ls.urls(SHARD), x509.DNSName("ca.test")]), SHARD)
