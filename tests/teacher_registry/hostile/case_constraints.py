"""Name constraints (RFC 5280 §4.2.1.10): what they forbid, what they allow, and what they must look like."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.x509.oid import NameOID

from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile.case_names import ADDRESS, DNS, EMAIL, URI, names
from tests.teacher_registry.hostile.registry import Chain, accepted, refused

DIRECTORY, OTHER = 0xA4, 0xA0
Pair = tuple[int, bytes]
PRIVATE = bytes.fromhex("060a2b0601040183b33a851a") + f.tlv(0xA0, f.tlv(5))


def limit(permit: Sequence[Pair] = (), forbid: Sequence[Pair] = (), *, critical: bool = True) -> f.Ext:
    """nameConstraints."""
    lists = [
        f.tlv(tag, *(f.tlv(0x30, f.tlv(form, value)) for form, value in pairs))
        for tag, pairs in ((0xA0, permit), (0xA1, forbid))
        if pairs
    ]
    return f.Ext(f.NAME_CONSTRAINTS, f.tlv(0x30, *lists), critical)


def constrained(constraints: f.Ext, *leaf_names: Pair, **leaf: object) -> Chain:
    """Root with constraints -> leaf with names."""
    root = f.root(more=[constraints])
    return Chain(f.leaf(root, more=[names(*leaf_names)] if leaf_names else [], **leaf), [], [root])


def via(constraints: f.Ext, *leaf_names: Pair) -> Chain:
    """Root -> authority with constraints -> leaf with names."""
    root = f.root()
    authority = f.authority(root, more=[constraints])
    return Chain(f.leaf(authority, more=[names(*leaf_names)]), [authority], [root])


EXAMPLE = [(DNS, b"example.com")]


@accepted("name-constraints-of-authorities-only", "name-constraints-critical")
def dns_permitted() -> Chain:
    """The host itself."""
    return constrained(limit(EXAMPLE), (DNS, b"example.com"))


@accepted("name-constraints-well-formed", "name-constraints-without-distance")
def dns_permitted_below() -> Chain:
    """ "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side of the name
    satisfies the name constraint." """
    return constrained(limit(EXAMPLE), (DNS, b"foo.bar.EXAMPLE.com"))


@refused("dns_name outside the permitted names")
def dns_not_permitted() -> Chain:
    """ "host1.example.com would not" satisfy host.example.com: labels count, not endings."""
    return constrained(limit(EXAMPLE), (DNS, b"not-example.com"))


@refused("dns_name")
def dns_excluded() -> Chain:
    """ "Any name matching a restriction in the excludedSubtrees field is invalid." """
    return via(limit(forbid=EXAMPLE), (DNS, b"example.com"))


@refused("dns_name")
def the_second_dns_name_is_excluded() -> Chain:
    """All names count."""
    return constrained(limit(forbid=[(DNS, b"no.example.com")]), (DNS, b"example.com"), (DNS, b"no.example.com"))


@refused("dns_name")
def excluded_and_permitted() -> Chain:
    """ "Invalid regardless of information appearing in the permittedSubtrees." """
    return constrained(limit(EXAMPLE, EXAMPLE), (DNS, b"example.com"))


@refused("dns_name")
def a_wildcard_over_an_excluded_host() -> Chain:
    """*.example.com stands for bar.example.com too (the shape of CVE-2025-61727)."""
    return via(limit(EXAMPLE, [(DNS, b"bar.example.com")]), (DNS, b"*.example.com"))


@refused("dns_name")
def a_wildcard_wider_than_what_is_permitted() -> Chain:
    """Only foo.example.com is permitted."""
    return via(limit([(DNS, b"foo.example.com")]), (DNS, b"*.example.com"))


@accepted()
def a_wildcard_within_what_is_permitted() -> Chain:
    """All that it stands for is permitted."""
    return via(limit(EXAMPLE), (DNS, b"*.sub.example.com"))


@accepted()
def address_permitted() -> Chain:
    """192.0.2.0/24 contains 192.0.2.1."""
    return constrained(limit([(ADDRESS, bytes([192, 0, 2, 0, 255, 255, 255, 0]))]), (ADDRESS, bytes([192, 0, 2, 1])))


@refused("ip_address")
def address_not_permitted() -> Chain:
    """And not 192.0.3.1."""
    return constrained(limit([(ADDRESS, bytes([192, 0, 2, 0, 255, 255, 255, 0]))]), (ADDRESS, bytes([192, 0, 3, 1])))


@refused("ip_address")
def address_excluded() -> Chain:
    """The same the other way round."""
    excluded = limit(forbid=[(ADDRESS, bytes([192, 0, 2, 0, 255, 255, 255, 0]))])
    return constrained(excluded, (ADDRESS, bytes([192, 0, 2, 1])))


@accepted()
def address_6_permitted() -> Chain:
    """2001:db8::/32."""
    base = bytes.fromhex("20010db8") + bytes(12) + b"\xff" * 4 + bytes(12)
    return constrained(limit([(ADDRESS, base)]), (ADDRESS, bytes.fromhex("20010db8") + bytes(11) + b"\1"))


@refused("ip_address")
def address_6_under_a_constraint_of_version_4() -> Chain:
    """Another length is no match."""
    return constrained(limit([(ADDRESS, bytes(8))]), (ADDRESS, bytes(16)))


@refused("ip_address")
def address_6_excluded() -> Chain:
    """::1/128."""
    return constrained(limit(forbid=[(ADDRESS, bytes(15) + b"\1" + b"\xff" * 16)]), (ADDRESS, bytes(15) + b"\1"))


@accepted()
def mailbox_permitted_exactly() -> Chain:
    """ "A name constraint for Internet mail addresses MAY specify a particular mailbox." """
    return via(limit([(EMAIL, b"foo@example.com")]), (EMAIL, b"foo@example.com"))


@accepted()
def mailbox_permitted_by_host() -> Chain:
    """ "To indicate all Internet mail addresses on a particular host, the constraint is [...] the host name." """
    return via(limit([(EMAIL, b"example.com")]), (EMAIL, b"foo@example.com"))


@refused("rfc822_name")
def mailbox_on_a_host_below() -> Chain:
    """A host is not a domain: that has a leading period."""
    return via(limit([(EMAIL, b"example.com")]), (EMAIL, b"foo@mail.example.com"))


@accepted()
def mailbox_permitted_by_domain() -> Chain:
    """ "To specify any address within a domain, the constraint is specified with a leading period." """
    return via(limit([(EMAIL, b".example.com")]), (EMAIL, b"foo@mail.example.com"))


@refused("rfc822_name")
def mailbox_of_another_case() -> Chain:
    """The local part is case-sensitive (RFC 5321 §2.4)."""
    return via(limit([(EMAIL, b"foo@example.com")]), (EMAIL, b"FOO@example.com"))


@accepted()
def uri_permitted() -> Chain:
    """ "The constraint MUST be specified as a fully qualified domain name and MAY specify a host or a domain." """
    return via(limit([(URI, b".example.com")]), (URI, b"http://www.example.com/path"))


@refused("a URI without a host name")
def uri_of_an_address() -> Chain:
    """ "[...] in which the host name is specified as an IP address), then the application MUST reject the
    certificate." """
    return via(limit([(URI, b".example.com")]), (URI, b"http://192.0.2.1/path"))


@refused("a URI without a host name")
def uri_without_a_host() -> Chain:
    """ "[...] if the URI either does not include an authority component [...] MUST reject the certificate." """
    return via(limit([(URI, b"example.com")]), (URI, b"urn:example.com"))


FOO, BAR = f.name("foo"), f.name("bar")


@accepted()
def directory_name_permitted() -> Chain:
    """The subject itself is the name."""
    return constrained(limit([(DIRECTORY, FOO)]), subject=FOO)


@accepted()
def directory_name_permitted_below() -> Chain:
    """O=试验 contains CN under it, in whatever case."""
    organization = f.tlv(0x30, f.name("x", (NameOID.ORGANIZATION_NAME, "Test"))[2:][: -len(f.name("x")[2:])])
    return constrained(limit([(DIRECTORY, organization)]), subject=f.name("x", (NameOID.ORGANIZATION_NAME, "TEST")))


@refused("directory_name")
def directory_name_not_permitted() -> Chain:
    """ "Restrictions of the form directoryName MUST be applied to the subject field in the certificate." """
    return constrained(limit([(DIRECTORY, FOO)]), subject=BAR)


@refused("directory_name")
def directory_name_excluded() -> Chain:
    """The subject is the excluded name."""
    return constrained(limit(forbid=[(DIRECTORY, FOO)]), subject=FOO)


@refused("directory_name")
def directory_name_of_the_alternative_names() -> Chain:
    """ "[...] and to any names of type directoryName in the subjectAltName extension." """
    return constrained(limit([(DIRECTORY, FOO)]), (DIRECTORY, BAR), subject=FOO)


@refused("directory_name")
def directory_name_permitted_in_the_alternative_names_only() -> Chain:
    """The other way round."""
    return constrained(limit([(DIRECTORY, FOO)]), (DIRECTORY, FOO), subject=BAR)


@refused("a constraint on names of the form other_name")
def other_name_excluded() -> Chain:
    """ "The application MUST either process the constraint or reject the certificate." """
    return via(limit(EXAMPLE, [(OTHER, PRIVATE)]), (DNS, b"example.com"), (OTHER, PRIVATE))


@accepted()
def other_name_excluded_and_absent() -> Chain:
    """No name of that form, nothing to process."""
    return via(limit(EXAMPLE, [(OTHER, PRIVATE)]), (DNS, b"example.com"))


@accepted()
def a_constraint_on_another_form() -> Chain:
    """ "If no name of the type is in the certificate, the certificate is acceptable." """
    return constrained(limit([(ADDRESS, bytes([192, 0, 2, 0, 255, 255, 255, 0]))]), (DNS, b"example.com"))
