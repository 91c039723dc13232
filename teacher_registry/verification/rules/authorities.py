"""Rules about who may issue, and under which constraints (RFC 5280 §4.2.1.3, §4.2.1.9 to §4.2.1.14)."""

import ipaddress
from collections.abc import Sequence

from cryptography import x509

from teacher_registry.verification.certificates import ReadCertificate
from teacher_registry.verification.rules import syntax
from teacher_registry.verification.rules.rule import Place, Rule, Strictness, rule


@rule("§4.2.1.9, §6.1.4 (k)", Strictness.PATH, Place.AUTHORITY)
def issuer_is_authority(c: ReadCertificate) -> bool:
    """ "If the basic constraints extension is not present in a version 3 certificate, or the extension is present
    but the cA boolean is not asserted, then the certified public key MUST NOT be used to verify certificate
    signatures." """
    return c.is_authority


@rule("§4.2.1.9", places=Place.AUTHORITY)
def basic_constraints_critical(c: ReadCertificate) -> bool:
    """ "Conforming CAs MUST include this extension in all CA certificates that contain public keys used to
    validate digital signatures on certificates and MUST mark the extension as critical." """
    return c.critical(x509.BasicConstraints)


@rule("§4.2.1.3, §6.1.4 (n)", Strictness.PATH, Place.AUTHORITY)
def issuer_may_sign_certificates(c: ReadCertificate) -> bool:
    """ "If a key usage extension is present, verify that the keyCertSign bit is set." """
    usage = c.asn1.key_usage_value
    return usage is None or "key_cert_sign" in usage.native


@rule("§4.2.1.3, §4.2.1.9")
def only_authorities_sign_certificates(c: ReadCertificate) -> bool:
    """ "If the cA boolean is not asserted, then the keyCertSign bit in the key usage extension MUST NOT be
    asserted." """
    usage = c.value(x509.KeyUsage)
    return c.is_authority or usage is None or not usage.key_cert_sign


@rule("§4.2.1.10")
def name_constraints_of_authorities_only(c: ReadCertificate) -> bool:
    """ "The name constraints extension, which MUST be used only in a CA certificate." """
    return c.is_authority or c.value(x509.NameConstraints) is None


@rule("§4.2.1.10")
def name_constraints_critical(c: ReadCertificate) -> bool:
    """ "Conforming CAs MUST mark this extension as critical." """
    return c.value(x509.NameConstraints) is None or c.critical(x509.NameConstraints)


@rule("§4.2.1.10")
def name_constraints_without_distance(c: ReadCertificate) -> bool:
    """ "The minimum and maximum fields are not used with any name forms, thus, the minimum MUST be zero, and
    maximum MUST be absent." """
    if c.value(x509.NameConstraints) is None:
        return True
    value = c.asn1.name_constraints_value
    trees = [tree for field in ("permitted_subtrees", "excluded_subtrees") for tree in value[field] or ()]
    return all(tree["minimum"].native == 0 and tree["maximum"].native is None for tree in trees)


@rule("§4.2.1.10")
def name_constraints_well_formed(c: ReadCertificate) -> bool:
    """DNS as "host.example.com" without wildcard or leading period, URI and e-mail as a host or (with a leading
    period) a domain, e-mail also as one mailbox, IP as an address with a contiguous mask (RFC 4632)."""
    constraints = c.value(x509.NameConstraints)
    if constraints is None:
        return True
    trees = [*(constraints.permitted_subtrees or ()), *(constraints.excluded_subtrees or ())]
    return all(_base_is_well_formed(tree) for tree in trees)


def _base_is_well_formed(tree: x509.GeneralName) -> bool:
    if isinstance(tree, x509.DNSName):
        return tree.value == "" or syntax.is_host(tree.value)
    if isinstance(tree, x509.UniformResourceIdentifier):
        return syntax.is_host(tree.value.removeprefix("."))
    if isinstance(tree, x509.RFC822Name):
        return syntax.is_mailbox(tree.value) or syntax.is_host(tree.value.removeprefix("."))
    if isinstance(tree, x509.IPAddress):
        return isinstance(tree.value, ipaddress.IPv4Network | ipaddress.IPv6Network)
    return True


@rule("§4.2.1.11")
def policy_constraints_critical(c: ReadCertificate) -> bool:
    """ "Conforming CAs MUST mark this extension as critical." """
    return c.value(x509.PolicyConstraints) is None or c.critical(x509.PolicyConstraints)


@rule("§4.2.1.14")
def inhibit_any_policy_critical(c: ReadCertificate) -> bool:
    """ "Conforming CAs MUST mark this extension as critical." """
    return c.value(x509.InhibitAnyPolicy) is None or c.critical(x509.InhibitAnyPolicy)


@rule("§4.2.1.12, profile", Strictness.PROFILE, Place.AUTHORITY)
def authority_not_narrowed_by_purpose(c: ReadCertificate) -> bool:
    """Extended key usages of an authority have no meaning in the RFC, and others read them as a limit: our
    authorities have none."""
    return c.value(x509.ExtendedKeyUsage) is None


RULES: Sequence[Rule] = (
    issuer_is_authority,
    basic_constraints_critical,
    issuer_may_sign_certificates,
    only_authorities_sign_certificates,
    name_constraints_of_authorities_only,
    name_constraints_critical,
    name_constraints_without_distance,
    name_constraints_well_formed,
    policy_constraints_critical,
    inhibit_any_policy_critical,
    authority_not_narrowed_by_purpose,
)
