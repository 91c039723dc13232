"""Rules about the alternative names of the subject (RFC 5280 §4.2.1.6)."""

import ipaddress
from collections.abc import Iterator

from cryptography import x509

from teacher_registry.verification.certificates import ReadCertificate
from teacher_registry.verification.rules import syntax
from teacher_registry.verification.rules.rule import Rule, rule


def _names(c: ReadCertificate) -> Iterator[x509.GeneralName]:
    yield from c.value(x509.SubjectAlternativeName) or ()


@rule("§4.2.1.6")
def alternative_names_not_empty(c: ReadCertificate) -> bool:
    """ "If the subjectAltName extension is present, the sequence MUST contain at least one entry." """
    return c.value(x509.SubjectAlternativeName) is None or any(True for _ in _names(c))


@rule("§4.2.1.6")
def dns_names_well_formed(c: ReadCertificate) -> bool:
    """ "The name MUST be in the "preferred name syntax" [...] subjectAltName extensions with a dNSName of " "
    MUST NOT be used." A wildcard label in front is allowed, as all do."""
    names = (name.value for name in _names(c) if isinstance(name, x509.DNSName))
    return all(syntax.is_host(name) or syntax.is_wildcard(name) for name in names)


@rule("§4.2.1.6")
def addresses_well_formed(c: ReadCertificate) -> bool:
    """ "For IP version 4 [...] the octet string MUST contain exactly four octets. For IP version 6 [...] exactly
    sixteen octets": an address, not a range."""
    names = (name.value for name in _names(c) if isinstance(name, x509.IPAddress))
    return all(isinstance(name, ipaddress.IPv4Address | ipaddress.IPv6Address) for name in names)


@rule("§4.2.1.6")
def mailboxes_well_formed(c: ReadCertificate) -> bool:
    """ "When the subjectAltName extension contains an Internet mail address [...] a "Mailbox" as defined in
    Section 4.1.2 of RFC 2821": one @."""
    return all(syntax.is_mailbox(name.value) for name in _names(c) if isinstance(name, x509.RFC822Name))


@rule("§4.2.1.6")
def uris_well_formed(c: ReadCertificate) -> bool:
    """ "The name MUST NOT be a relative URI [...] The name MUST include both a scheme [...] and a
    scheme-specific-part." """
    return all(syntax.is_uri(name.value) for name in _names(c) if isinstance(name, x509.UniformResourceIdentifier))


RULES: tuple[Rule, ...] = (
    alternative_names_not_empty,
    dns_names_well_formed,
    addresses_well_formed,
    mailboxes_well_formed,
    uris_well_formed,
)
