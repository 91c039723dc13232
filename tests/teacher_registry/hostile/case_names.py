"""Alternative names (RFC 5280 §4.2.1.6)."""

from __future__ import annotations

from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile.case_fields import direct
from tests.teacher_registry.hostile.registry import Chain, accepted, refused

EMAIL, DNS, URI, ADDRESS = 0x81, 0x82, 0x86, 0x87


def names(*pairs: tuple[int, bytes]) -> f.Ext:
    """subjectAltName of raw general names."""
    return f.Ext(f.ALTERNATIVE_NAME, f.tlv(0x30, *(f.tlv(tag, value) for tag, value in pairs)))


def named(*pairs: tuple[int, bytes]) -> Chain:
    """Root -> leaf with these names."""
    root = f.root()
    return direct(root, f.leaf(root, more=[names(*pairs)]))


@accepted(
    "alternative-names-not-empty",
    "dns-names-well-formed",
    "addresses-well-formed",
    "mailboxes-well-formed",
    "uris-well-formed",
)
def one_of_each() -> Chain:
    """A host, a wildcard, a mailbox, a URI, two addresses."""
    return named(
        (DNS, b"www.example.com"),
        (DNS, b"*.example.com"),
        (EMAIL, b"a.b@example.com"),
        (URI, b"http://example.com/x?y"),
        (ADDRESS, bytes([192, 0, 2, 1])),
        (ADDRESS, bytes(16)),
    )


@refused("alternative-names-not-empty")
def no_entry() -> Chain:
    """ "If the subjectAltName extension is present, the sequence MUST contain at least one entry." """
    return named()


@refused("dns-names-well-formed")
def a_leading_period() -> Chain:
    """ "The name MUST be in the "preferred name syntax", as specified by Section 3.5 of [RFC1034]." """
    return named((DNS, b".example.com"))


@refused("dns-names-well-formed")
def a_blank() -> Chain:
    """ "subjectAltName extensions with a dNSName of " " MUST NOT be used." """
    return named((DNS, b" "))


@refused("dns-names-well-formed")
def a_wildcard_inside() -> Chain:
    """Only a whole label in front (RFC 9525 §6.3)."""
    return named((DNS, b"foo.*.example.com"))


@refused("dns-names-well-formed")
def a_wildcard_in_a_label() -> Chain:
    """Likewise."""
    return named((DNS, b"ba*.example.com"))


@refused("dns-names-well-formed")
def a_nul_in_a_host() -> Chain:
    """The attack of 2009: one reader stops at the zero octet, another does not."""
    return named((DNS, b"bank.example\0.attacker.test"))


@refused("dns-names-well-formed")
def a_host_beyond_ascii() -> Chain:
    """ "IA5String is limited to the set of ASCII characters." §7.2"""
    return named((DNS, "😜.example.com".encode()))


@refused("addresses-well-formed")
def a_range_of_addresses() -> Chain:
    """ "For IP version 4 [...] the octet string MUST contain exactly four octets": eight are a range."""
    return named((ADDRESS, bytes([192, 0, 2, 0, 255, 255, 255, 0])))


@refused("not a certificate")
def an_address_of_five_octets() -> Chain:
    """Neither four nor sixteen."""
    return named((ADDRESS, bytes(5)))


@refused("mailboxes-well-formed")
def a_mailbox_with_two_ats() -> Chain:
    """ "A "Mailbox" as defined in Section 4.1.2 of [RFC2821]." """
    return named((EMAIL, b"invalid@invalid@example.com"))


@refused("uris-well-formed")
def a_relative_uri() -> Chain:
    """ "The name MUST NOT be a relative URI." """
    return named((URI, b"/just/a/path"))
