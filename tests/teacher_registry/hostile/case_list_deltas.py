"""Deltas laid over complete lists (RFC 5280 §5.2.4, §5.2.6, §6.3.3)."""

from __future__ import annotations

from typing import Any

from cryptography import x509

from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile import lists as ls
from tests.teacher_registry.hostile.case_lists import listed
from tests.teacher_registry.hostile.registry import Chain, accepted, refused


def delta(*deltas: dict[str, Any], **complete: Any) -> Chain:
    """Root -> leaf, a complete list of number 7 and deltas to it."""
    root = f.root()
    crls = [ls.crl(root, **complete)]
    for fields in deltas:
        number, base = fields.pop("number", 9), fields.pop("base", ls.base(7))
        crls.append(ls.crl(root, instead=[ls.number(number), base, *fields.pop("also", ())], **fields))
    return Chain(f.leaf(root), [], [root], crls)


@accepted("delta-indicator-critical", "fresher-list-not-critical")
def a_delta_about_others() -> Chain:
    """ "Delta CRLs contain [...] updates to revocation information." §5.2.4"""
    points = [x509.DistributionPoint(ls.urls("http://ca.test/d.crl"), None, None, None)]
    return delta({"entries": [ls.entry(5)]}, more=[f.ext(x509.FreshestCRL(points))])


@refused("frozen")
def a_delta_that_freezes() -> Chain:
    """ "(i) If use-deltas is set, then search for the certificate on the delta CRL." §6.3.3"""
    return delta({"entries": [ls.entry(0x3001, ls.reason(ls.HOLD))]})


@accepted()
def a_delta_that_releases() -> Chain:
    """removeFromCRL. §5.3.1"""
    return delta({"entries": [ls.entry(0x3001, ls.reason(ls.REMOVE))]}, entries=[ls.entry(0x3001, ls.reason(ls.HOLD))])


@refused("revoked")
def a_delta_that_takes_a_revocation_back() -> Chain:
    """removeFromCRL is for a certificate that "has expired or was removed from hold". §5.3.1"""
    return delta(
        {"entries": [ls.entry(0x3001, ls.reason(ls.REMOVE))]}, entries=[ls.entry(0x3001, ls.reason(ls.SUPERSEDED))]
    )


@refused("frozen")
def an_older_delta_releases_and_the_newer_freezes() -> Chain:
    """The number decides."""
    return delta(
        {"number": 10, "entries": [ls.entry(0x3001, ls.reason(ls.HOLD))]},
        {"number": 9, "entries": [ls.entry(0x3001, ls.reason(ls.REMOVE))]},
    )


@refused("frozen")
def a_delta_to_a_later_base_releases() -> Chain:
    """ "The CRL number of the complete CRL is equal to or greater than the BaseCRLNumber specified in the delta
    CRL." §5.2.4 (c)"""
    return delta(
        {"base": ls.base(8), "entries": [ls.entry(0x3001, ls.reason(ls.REMOVE))]},
        entries=[ls.entry(0x3001, ls.reason(ls.HOLD))],
    )


@refused("frozen")
def a_delta_of_another_scope_releases() -> Chain:
    """ "The complete CRL and delta CRL have the same scope." §5.2.4 (b)"""
    return delta(
        {"also": [ls.point(only_contains_user_certs=True)], "entries": [ls.entry(0x3001, ls.reason(ls.REMOVE))]},
        entries=[ls.entry(0x3001, ls.reason(ls.HOLD))],
    )


@refused("no complete list")
def a_delta_alone() -> Chain:
    """ "[...] combined with a complete CRL": there is none."""
    root = f.root()
    return Chain(f.leaf(root), [], [root], [ls.crl(root, instead=[ls.number(9), ls.base(7)])])


@refused("frozen")
def a_delta_with_an_uncritical_indicator_releases() -> Chain:
    """delta-indicator-critical: "The delta CRL indicator is a critical CRL extension." §5.2.4"""
    return delta(
        {"base": ls.base(7, critical=False), "entries": [ls.entry(0x3001, ls.reason(ls.REMOVE))]},
        entries=[ls.entry(0x3001, ls.reason(ls.HOLD))],
    )


@refused("frozen")
def a_delta_that_is_its_own_base_releases() -> Chain:
    """Its base lies ahead of the list that we have. §6.3.3 (c)"""
    return delta(
        {"base": ls.base(9), "number": 9, "entries": [ls.entry(0x3001, ls.reason(ls.REMOVE))]},
        entries=[ls.entry(0x3001, ls.reason(ls.HOLD))],
    )


@refused("fresher-list-not-critical")
def a_critical_pointer_to_the_delta() -> Chain:
    """ "Conforming CRL issuers MUST mark this extension as non-critical." §5.2.6"""
    points = [x509.DistributionPoint(ls.urls("http://ca.test/d.crl"), None, None, None)]
    return listed(more=[f.ext(x509.FreshestCRL(points), critical=True)])
