"""Name constraints along a path, and their form (RFC 5280 §4.2.1.10)."""

from __future__ import annotations

from dataclasses import replace

from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile.case_constraints import DIRECTORY, EXAMPLE, constrained, limit, via
from tests.teacher_registry.hostile.case_names import ADDRESS, DNS, EMAIL, names
from tests.teacher_registry.hostile.registry import Chain, accepted, refused

FOO_OR_BAR = [(DNS, b"foo.example.com"), (DNS, b"bar.example.com")]
FORBIDDEN = limit([(DNS, b"permitted.example.com")], [(DNS, b"forbidden.example.com")])


def two(first: f.Ext, second: f.Ext) -> Chain:
    """Root -> two authorities with constraints -> a leaf for foo.example.com."""
    root = f.root()
    one = f.authority(root, more=[first])
    other = f.authority(one, subject=f.name("第二"), more=[second])
    return Chain(f.leaf(other, more=[names((DNS, b"foo.example.com"))]), [one, other], [root])


@refused("dns_name")
def a_lower_authority_narrows() -> Chain:
    """ "Set the permitted_subtrees state variable to the intersection of its previous value and the value indicated in
    the extension field." §6.1.4 (g) (1)"""
    return two(limit(FOO_OR_BAR), limit([(DNS, b"bar.example.com")]))


@refused("dns_name")
def a_lower_authority_cannot_widen() -> Chain:
    """The same."""
    return two(limit([(DNS, b"bar.example.com")]), limit(FOO_OR_BAR))


@accepted()
def both_authorities_permit() -> Chain:
    """Each in its way."""
    return two(limit(EXAMPLE), limit(FOO_OR_BAR))


@refused("dns_name")
def an_authority_with_an_excluded_name() -> Chain:
    """ "All subject names in subsequent certificates in a certification path": the authorities' too."""
    root = f.root(more=[FORBIDDEN])
    authority = f.authority(root, more=[names((DNS, b"forbidden.example.com"))])
    leaf = f.leaf(authority, more=[names((DNS, b"permitted.example.com"))])
    return Chain(leaf, [authority], [root])


@accepted()
def a_self_issued_authority_is_exempt() -> Chain:
    """ "Name constraints are not applied to self-issued certificates (unless the certificate is the final
    certificate in the path)." """
    subject = f.name("not-example.com")
    root = f.root(subject=subject, more=[limit(EXAMPLE)])
    again = f.authority(root, subject=subject, more=[names((DNS, b"not-example.com"))])
    return Chain(f.leaf(again, more=[names((DNS, b"example.com"))]), [again], [root])


@refused("dns_name")
def a_self_issued_leaf_is_not_exempt() -> Chain:
    """The final certificate."""
    root = f.root(more=[limit(EXAMPLE)])
    authority = f.authority(root, subject=f.name("x"), more=[names((DNS, b"example.com"))])
    leaf = f.leaf(authority, subject=authority.subject, more=[names((DNS, b"not-example.com"))])
    return Chain(leaf, [authority], [root])


@accepted()
def another_path_of_the_same_authority() -> Chain:
    """The authority was certified twice; one of the paths forbids its own name, the other one is good."""
    good, bad = f.root(subject=f.name("好根")), f.root(subject=f.name("坏根"))
    key = f.new_key()
    strict = f.authority(bad, subject=f.name("严"), more=[limit(forbid=[(DNS, b"forbidden.example.com")])])
    by_strict = f.authority(strict, key=key, subject=f.name("签"), more=[names((DNS, b"forbidden.example.com"))])
    by_good = f.authority(good, key=key, subject=f.name("签"), more=[names((DNS, b"free.example.com"))])
    return Chain(f.leaf(by_good), [strict, by_strict, by_good], [bad, good])


@refused("name-constraints-of-authorities-only")
def constraints_in_a_leaf() -> Chain:
    """ "The name constraints extension, which MUST be used only in a CA certificate." """
    root = f.root()
    return Chain(f.leaf(root, more=[limit(EXAMPLE)]), [], [root])


@refused("name-constraints-of-authorities-only")
def uncritical_constraints_in_a_leaf() -> Chain:
    """Not marked, and still there."""
    root = f.root()
    return Chain(f.leaf(root, more=[limit(EXAMPLE, critical=False)]), [], [root])


@refused("breaks name-constraints-critical")
def uncritical_constraints() -> Chain:
    """ "Conforming CAs MUST mark this extension as critical." """
    return constrained(limit(EXAMPLE, critical=False), (DNS, b"example.com"))


@refused("no issuer")
def constraints_of_nothing() -> Chain:
    """ "Conforming CAs MUST NOT issue certificates where name constraints is an empty sequence." """
    return via(limit(), (DNS, b"example.com"))


@refused("no issuer")
def constraints_of_empty_lists() -> Chain:
    """ "GeneralSubtrees ::= SEQUENCE SIZE (1..MAX) OF GeneralSubtree" """
    empty = f.Ext(f.NAME_CONSTRAINTS, f.tlv(0x30, f.tlv(0xA0), f.tlv(0xA1)), critical=True)
    return via(empty, (DNS, b"example.com"))


@refused("breaks name-constraints-without-distance")
def constraints_with_a_minimum() -> Chain:
    """ "The minimum MUST be zero, and maximum MUST be absent." """
    tree = f.tlv(0x30, f.tlv(DNS, b"example.com"), f.tlv(0x80, b"\x01"))
    minimum = f.Ext(f.NAME_CONSTRAINTS, f.tlv(0x30, f.tlv(0xA0, tree)), critical=True)
    return via(minimum, (DNS, b"a.example.com"))


@refused("not a certificate")
def a_wildcard_as_constraint() -> Chain:
    """ "DNS name restrictions are expressed as host.example.com." """
    return constrained(limit([(DNS, b"*.example.com")]), (DNS, b"foo.example.com"))


@refused("breaks name-constraints-well-formed")
def a_leading_period_as_constraint() -> Chain:
    """That is the form for URIs and mail."""
    return constrained(limit([(DNS, b".example.com")]), (DNS, b"foo.example.com"))


@refused("")
def an_address_as_constraint() -> Chain:
    """ "For IPv4 addresses, the iPAddress field of GeneralName MUST contain eight (8) octets." """
    return constrained(limit([(ADDRESS, bytes([127, 0, 0, 1]))]), (ADDRESS, bytes([127, 0, 0, 1])))


@refused("")
def an_address_6_as_constraint() -> Chain:
    """ "For IPv6 addresses [...] MUST contain 32 octets." """
    return constrained(limit([(ADDRESS, bytes(15) + b"\1")]), (ADDRESS, bytes(15) + b"\1"))


@refused("")
def a_mask_with_holes() -> Chain:
    """ "Encoded in the style of RFC 4632 (CIDR)": the ones come first."""
    return constrained(limit([(ADDRESS, bytes([10, 0, 0, 0, 255, 0, 255, 0]))]), (ADDRESS, bytes([10, 0, 0, 1])))


@refused("breaks name-constraints-well-formed")
def a_mailbox_with_two_ats_as_constraint() -> Chain:
    """No mailbox, no host, no domain."""
    return constrained(limit([(EMAIL, b"invalid@invalid@example.com")]), (EMAIL, b"a@example.com"))


@refused("more names and constraints")
def hundreds_of_names_under_hundreds_of_constraints() -> Chain:
    """Each name against each constraint would be quarter of a million comparisons."""
    permit = [(DNS, f"t{n}.test".encode()) for n in range(350)]
    forbid = [(DNS, f"x{n}.test".encode()) for n in range(350)]
    return constrained(limit(permit, forbid), *permit)


@refused("a certificate of")
def a_thousand_constraints() -> Chain:
    """Too long before it is too slow; a pinned certificate is held to it too."""
    many = [(DNS, f"t{n}.test".encode()) for n in range(2000)]
    return constrained(limit(many), (DNS, b"t1.test"))


@accepted()
def a_person_under_a_constraint_on_the_country() -> Chain:
    """An authority for one province: C=CN, then whatever."""
    from cryptography.x509.oid import NameOID

    root = f.root()
    country = f.tlv(0x30, f.name("x", (NameOID.COUNTRY_NAME, "CN"))[2:][: -len(f.name("x")[2:])])
    authority = f.authority(root, more=[limit([(DIRECTORY, country)])])
    return replace(Chain(f.leaf(authority), [authority], [root]), purpose="clientAuth")
