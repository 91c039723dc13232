"""Certificate policies and what constrains them (RFC 5280 §4.2.1.4, §4.2.1.5, §4.2.1.11, §4.2.1.14)."""

from __future__ import annotations

from cryptography import x509

from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile.case_fields import direct
from tests.teacher_registry.hostile.registry import Chain, accepted, refused


@refused("path-extensions-in-authorities-only")
def policy_mapping_in_a_leaf() -> Chain:
    """ "This extension is used in CA certificates." §4.2.1.5"""
    value = f.tlv(0x30, f.tlv(0x30, bytes.fromhex("06032a0304"), bytes.fromhex("06032a0305")))
    root = f.root()
    return direct(root, f.leaf(root, more=[f.Ext("2.5.29.33", value, critical=True)]))


@accepted("path-extensions-in-authorities-only", "inhibit-any-policy-critical", "policy-constraints-critical")
def constrained_policies_above() -> Chain:
    """An authority that demands a policy, and a leaf that has it."""
    policies = f.ext(x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.25.1"), None)]))
    demands = [
        f.ext(x509.PolicyConstraints(0, None), critical=True),
        f.ext(x509.InhibitAnyPolicy(0), critical=True),
        policies,
    ]
    root = f.root()
    authority = f.authority(root, more=demands)
    return Chain(f.leaf(authority, more=[policies]), [authority], [root])


@refused("no valid path")
def a_demanded_policy_is_missing() -> Chain:
    """requireExplicitPolicy 0 above a leaf without policies. §4.2.1.11, §6.1.5 (g)"""
    root = f.root()
    authority = f.authority(root, more=[f.ext(x509.PolicyConstraints(0, None), critical=True)])
    return Chain(f.leaf(authority), [authority], [root])


@refused("policies-once")
def a_policy_twice() -> Chain:
    """ "A certificate policy OID MUST NOT appear more than once in a certificate policies extension." §4.2.1.4"""
    policy = x509.PolicyInformation(x509.ObjectIdentifier("2.25.1"), None)
    root = f.root()
    return direct(root, f.leaf(root, more=[f.ext(x509.CertificatePolicies([policy, policy]))]))


@refused("no valid path")
def many_policies_mapped_to_many() -> Chain:
    """The policy tree that grows with each authority (CVE-2023-0464): bounded, and here nothing is valid."""
    root = parent = f.root()
    policies = [x509.PolicyInformation(x509.ObjectIdentifier(f"2.25.{n}"), None) for n in range(40)]
    oids = [f._oid(f"2.25.{n}") for n in range(40)]
    mappings = f.tlv(0x30, *(f.tlv(0x30, one, two) for one in oids for two in oids if one != two))
    authorities = []
    for number in range(6):
        parent = f.authority(
            parent,
            subject=f.name(f"CA {number}"),
            more=[
                f.ext(x509.CertificatePolicies(policies)),
                f.Ext("2.5.29.33", mappings, critical=True),
                f.ext(x509.PolicyConstraints(0, None), critical=True),
            ],
        )
        authorities.append(parent)
    return Chain(f.leaf(parent), authorities, [root])
