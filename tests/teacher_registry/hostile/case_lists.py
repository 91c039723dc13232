"""Revocation lists that decide, and lists that decide nothing (RFC 5280 §5.1, §6.3)."""

from __future__ import annotations

from typing import Any

from cryptography import x509

from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile import lists as ls
from tests.teacher_registry.hostile.registry import Chain, accepted, refused


def listed(**deviation: Any) -> Chain:
    """Root -> leaf, with a list of the root."""
    root = f.root()
    return Chain(f.leaf(root), [], [root], [ls.crl(root, **deviation)])


@accepted(
    "list-version-2",
    "next-update-present",
    "list-times-encoded-by-year",
    "next-update-later",
    "entries-absent-when-none",
    "list-names-its-key",
    "list-key-identifier-not-critical",
    "list-numbered",
    "list-number-not-critical",
)
def nobody_on_the_list() -> Chain:
    """ "When there are no revoked certificates, the revoked certificates list MUST be absent." §5.1.2.6"""
    return listed()


@accepted()
def others_on_the_list() -> Chain:
    """With and without a reason."""
    return listed(entries=[ls.entry(1), ls.entry(2, ls.reason(ls.HOLD)), ls.entry(3, ls.reason(ls.SUPERSEDED))])


@accepted()
def ten_thousand_on_the_list() -> Chain:
    """Quickly."""
    return listed(entries=[ls.entry(0x10000 + number) for number in range(10_000)])


@refused("revoked")
def the_leaf_on_the_list() -> Chain:
    """ "(j) If (cert_status is set to UNREVOKED), then search for the certificate on the complete CRL." §6.3.3"""
    return listed(entries=[ls.entry(0x3001)])


@refused("frozen")
def the_leaf_on_hold() -> Chain:
    """certificateHold (6). §5.3.1"""
    return listed(entries=[ls.entry(0x3001, ls.reason(ls.HOLD))])


@refused("revoked")
def the_leaf_revoked_tomorrow() -> Chain:
    """It is on the list, whatever the date says."""
    return listed(entries=[ls.entry(0x3001, at=f.NOW + f.DAY)])


@refused("revoked")
def the_leaf_revoked_before_it_was_made() -> Chain:
    """Likewise."""
    return listed(entries=[ls.entry(0x3001, at=f.NOW - 1000 * f.DAY)])


@refused("revoked")
def the_leaf_with_an_uncritical_unknown_entry_extension() -> Chain:
    """ "Applications may ignore unrecognized non-critical CRL entry extensions." §5.3"""
    return listed(entries=[ls.entry(0x3001, f.Ext("1.3.6.1.4.1.55738.666.1", f.tlv(5)))])


@refused("status-unknown")
def an_unknown_critical_entry_extension() -> Chain:
    """ "If a CRL contains a critical CRL entry extension that the application cannot process, then the application
    MUST NOT use that CRL to determine the status of any certificates." §5.3"""
    return listed(entries=[ls.entry(5, f.Ext("1.3.6.1.4.1.55738.666.1", f.tlv(5), critical=True))])


@refused("a serial number stands twice")
def a_serial_twice() -> Chain:
    """Which of the two counts?"""
    return listed(entries=[ls.entry(5), ls.entry(5)])


@refused("a serial number stands twice")
def a_serial_twice_with_two_reasons() -> Chain:
    """Hold and removed."""
    return listed(entries=[ls.entry(5, ls.reason(ls.HOLD)), ls.entry(5, ls.reason(ls.SUPERSEDED))])


@refused("removeFromCRL")
def remove_in_a_complete_list() -> Chain:
    """ "The removeFromCRL (8) reasonCode value may only appear in delta CRLs." §5.3.1"""
    return listed(entries=[ls.entry(0x3001, ls.reason(ls.REMOVE))])


@refused("a reason that RFC 5280 does not have")
def a_reason_of_seven() -> Chain:
    """ "value 7 is not used" §5.3.1"""
    return listed(entries=[ls.entry(5, ls.reason(7))])


@refused("another issuer's certificate")
def an_entry_about_another_issuer() -> Chain:
    """certificateIssuer belongs to indirect lists. §5.3.3"""
    names = x509.CertificateIssuer([x509.DirectoryName(x509.Name([]))])
    return listed(entries=[ls.entry(5, f.ext(names, critical=True))])


@refused("the signature of the CRL")
def signed_by_someone_else() -> Chain:
    """ "(g) Validate the signature on the complete CRL." §6.3.3"""
    root = f.root()
    return Chain(f.leaf(root), [], [root], [ls.crl(root, signer=f.root())])


@refused("the signature of the CRL")
def signed_by_another_pinned_authority() -> Chain:
    """Pinned for its own certificates."""
    root, other = f.root(), f.root(subject=f.name("另一个根"))
    return Chain(f.leaf(root), [], [root, other], [ls.crl(root, signer=other)])


@refused("another issuer")
def naming_another_key() -> Chain:
    """The right name, signed by another key, which it names."""
    root, other = f.root(), f.root()
    return Chain(f.leaf(root), [], [root], [ls.crl(other)])


@refused("the signature of the CRL")
def an_issuer_that_may_not_sign_lists() -> Chain:
    """ "If a key usage extension is present in the CRL issuer's certificate, verify that the cRLSign bit is set."
    §6.3.3 (f)"""
    root = f.root(instead=[f.usage("key_cert_sign")])
    return Chain(f.leaf(root), [], [root], [ls.crl(root)])


@accepted()
def an_issuer_without_key_usage() -> Chain:
    """The same sentence: "if present"."""
    root = f.root(without=[f.KEY_USAGE])
    return Chain(f.leaf(root), [], [root], [ls.crl(root)])


@refused("the signature of the CRL")
def signed_with_sha1() -> Chain:
    """Weak."""
    return listed(outside=f.ECDSA_SHA1)


@refused("not a CRL")
def algorithms_differ() -> Chain:
    """ "This field MUST contain the same algorithm identifier as the signature field in the sequence tbsCertList."
    §5.1.1.2"""
    return listed(inside=f.ECDSA_SHA384)


@refused("the CRL is not current")
def a_list_of_tomorrow() -> Chain:
    """thisUpdate lies ahead."""
    return listed(this_update=f.time(f.NOW + f.DAY), next_update=f.time(f.NOW + 2 * f.DAY))


@refused("the CRL is not current")
def a_list_of_last_week() -> Chain:
    """nextUpdate has passed."""
    return listed(this_update=f.time(f.NOW - 9 * f.DAY), next_update=f.time(f.NOW - 2 * f.DAY))


@accepted()
def a_list_of_a_stranger_about_the_same_serial() -> Chain:
    """Serial numbers are an issuer's own."""
    root, other = f.root(), f.root(subject=f.name("另一个根"))
    crls = [ls.crl(root), ls.crl(other, entries=[ls.entry(0x3001)])]
    return Chain(f.leaf(root), [], [root, other], crls)


@refused("revoked")
def the_authority_on_the_list_of_the_root() -> Chain:
    """All certificates of the path are checked. §6.1.3 (a) (3)"""
    root = f.root()
    authority = f.authority(root)
    crls = [ls.crl(root, entries=[ls.entry(0x2001)]), ls.crl(authority)]
    return Chain(f.leaf(authority), [authority], [root], crls)


@refused("no revocation list of an issuer")
def a_list_is_required_and_missing() -> Chain:
    """Of the root, about the authority."""
    root = f.root()
    authority = f.authority(root)
    return Chain(f.leaf(authority), [authority], [root], [ls.crl(authority)], revocation="required")


@accepted()
def all_required_lists() -> Chain:
    """One of each issuer."""
    root = f.root()
    authority = f.authority(root)
    return Chain(f.leaf(authority), [authority], [root], [ls.crl(root), ls.crl(authority)], revocation="required")


@refused("revoked")
def an_older_good_list_beside_the_newer() -> Chain:
    """Both are current; the number says which is later. §5.2.3"""
    root = f.root()
    crls = [ls.crl(root), ls.crl(root, instead=[ls.number(8)], entries=[ls.entry(0x3001)])]
    return Chain(f.leaf(root), [], [root], crls)


@accepted()
def a_bad_list_beside_a_good_one() -> Chain:
    """The bad one decides nothing (the shape of PKITS 4.4.7)."""
    root = f.root()
    crls = [ls.crl(root, signer=f.root(), entries=[ls.entry(0x3001)]), ls.crl(root)]
    return Chain(f.leaf(root), [], [root], crls)
