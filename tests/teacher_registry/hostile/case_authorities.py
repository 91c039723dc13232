"""Who may issue (RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.11, §4.2.1.14)."""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile.case_fields import direct
from tests.teacher_registry.hostile.registry import Chain, accepted, refused


def below(**deviation: object) -> Chain:
    """Root -> authority with the deviation -> leaf."""
    root = f.root()
    authority = f.authority(root, **deviation)
    return Chain(f.leaf(authority), [authority], [root])


@refused("breaks issuer-is-authority")
def an_authority_without_the_bit() -> Chain:
    """ "If [...] the extension is present but the cA boolean is not asserted, then the certified public key MUST NOT
    be used to verify certificate signatures." §4.2.1.9"""
    return below(instead=[f.constraints(ca=False), f.usage("digital_signature")])


@refused("breaks issuer-is-authority")
def an_authority_without_basic_constraints() -> Chain:
    """ "If the basic constraints extension is not present in a version 3 certificate [...]" §4.2.1.9"""
    return below(without=[f.BASIC_CONSTRAINTS, f.KEY_USAGE])


@refused("breaks issuer-is-authority")
def an_anchor_without_basic_constraints() -> Chain:
    """ "Conforming CAs MUST include this extension in all CA certificates." §4.2.1.9"""
    root = f.root(without=[f.BASIC_CONSTRAINTS, f.KEY_USAGE])
    return direct(root, f.leaf(root))


@refused("breaks issuer-is-authority")
def a_person_who_issues() -> Chain:
    """An administrator makes an administrator and hands over the own certificate as the issuer's."""
    root = f.root()
    person = f.leaf(root)
    return Chain(f.leaf(person, serial=0x6666), [person], [root])


@accepted("issuer-is-authority", "issuer-may-sign-certificates", "basic-constraints-critical")
def an_authority_with_a_path_length() -> Chain:
    """ "The pathLenConstraint field is meaningful only if the cA boolean is asserted." §4.2.1.9"""
    return below(instead=[f.constraints(ca=True, length=0)])


@refused("breaks basic-constraints-critical")
def an_anchor_with_uncritical_basic_constraints() -> Chain:
    """ "Conforming CAs [...] MUST mark the extension as critical in such certificates." §4.2.1.9"""
    root = f.root(instead=[f.constraints(ca=True, critical=False)])
    return direct(root, f.leaf(root))


@refused("breaks basic-constraints-critical")
def an_authority_with_uncritical_basic_constraints() -> Chain:
    """The same between anchor and leaf."""
    return below(instead=[f.constraints(ca=True, critical=False)])


@refused("breaks issuer-may-sign-certificates")
def an_authority_that_may_not_sign_certificates() -> Chain:
    """ "If a key usage extension is present, verify that the keyCertSign bit is set." §6.1.4 (n)"""
    return below(instead=[f.usage("crl_sign")])


@refused("breaks key-usage-not-empty")
def an_anchor_that_may_do_nothing() -> Chain:
    """cA and no keyCertSign. §4.2.1.3, §4.2.1.9"""
    root = f.root(instead=[f.usage(critical=False)])
    return direct(root, f.leaf(root))


@refused("breaks issuer-may-sign-certificates")
def an_anchor_that_may_not_sign_certificates() -> Chain:
    """The same, with another bit set."""
    root = f.root(instead=[f.usage("crl_sign")])
    return direct(root, f.leaf(root))


@refused("only-authorities-sign-certificates")
def a_leaf_with_key_cert_sign() -> Chain:
    """ "If the cA boolean is not asserted, then the keyCertSign bit in the key usage extension MUST NOT be asserted."
    §4.2.1.9"""
    root = f.root()
    return direct(root, f.leaf(root, instead=[f.usage("digital_signature", "key_cert_sign")]))


@refused("only-authorities-sign-certificates")
def a_leaf_with_key_cert_sign_and_no_basic_constraints() -> Chain:
    """The same without the extension."""
    root = f.root()
    leaf = f.leaf(root, instead=[f.usage("digital_signature", "key_cert_sign")], without=[f.BASIC_CONSTRAINTS])
    return direct(root, leaf)


@accepted("only-authorities-sign-certificates")
def an_authority_as_leaf() -> Chain:
    """ "Usually, the last certificate is an end entity certificate, but it can be a CA certificate." §4.2.1.9"""
    root = f.root()
    return Chain(f.authority(root), [], [root])


@refused("not a certificate")
def a_path_length_without_the_bit() -> Chain:
    """ "CAs MUST NOT include the pathLenConstraint field unless the cA boolean is asserted and the key usage
    extension asserts the keyCertSign bit." §4.2.1.9"""
    root = f.root()
    return direct(root, f.leaf(root, instead=[f.constraints(ca=False, length=0)]))


@refused("breaks issuer-may-sign-certificates")
def a_path_length_without_key_cert_sign() -> Chain:
    """The same with cA and another usage."""
    return below(instead=[f.constraints(ca=True, length=0), f.usage("crl_sign")])


@accepted()
def a_path_length_in_an_authority_as_leaf() -> Chain:
    """ "The last certificate in the certification path is not an intermediate certificate, and is not included in
    this limit." §4.2.1.9"""
    root = f.root()
    first = f.authority(root, instead=[f.constraints(ca=True, length=0)])
    second = f.authority(first, subject=f.name("第二"), instead=[f.constraints(ca=True, length=0)])
    return Chain(second, [first], [root])


@refused("breaks policy-constraints-critical")
def uncritical_policy_constraints() -> Chain:
    """ "Conforming CAs MUST mark this extension as critical." §4.2.1.11"""
    return below(more=[f.ext(x509.PolicyConstraints(3, None))])


@refused("breaks inhibit-any-policy-critical")
def uncritical_inhibit_any_policy() -> Chain:
    """ "Conforming CAs MUST mark this extension as critical." §4.2.1.14"""
    return below(more=[f.ext(x509.InhibitAnyPolicy(1))])


@accepted()
def key_usage_of_an_authority_not_critical() -> Chain:
    """ "When present, conforming CAs SHOULD mark this extension as critical": no MUST. §4.2.1.3"""
    return below(instead=[f.usage("key_cert_sign", "crl_sign", critical=False)])


def _for_us(chain: Chain) -> Chain:
    return replace(chain, purpose="clientAuth")


@refused("breaks key-usage-critical")
def our_authority_with_uncritical_key_usage() -> Chain:
    """The same is refused where our profile is demanded: our CA marks it."""
    return _for_us(below(instead=[f.usage("key_cert_sign", "crl_sign", critical=False)]))


@refused("breaks key-usage-critical")
def our_authority_without_key_usage() -> Chain:
    """ "Conforming CAs MUST include this extension in certificates that contain public keys that are used to
    validate digital signatures on other public key certificates or CRLs." §4.2.1.3"""
    return _for_us(below(without=[f.KEY_USAGE]))


@refused("breaks subject-key-identifier-in-all")
def our_leaf_without_subject_key_identifier() -> Chain:
    """ "For end entity certificates [...] this extension SHOULD be included": our CA does. §4.2.1.2"""
    root = f.root()
    return _for_us(direct(root, f.leaf(root, without=[f.SUBJECT_KEY])))


@refused("breaks authority-not-narrowed-by-purpose")
def our_authority_for_servers_only() -> Chain:
    """Others read the purposes of an authority as a limit (CA/B 7.1.2.10.6); ours have none."""
    return _for_us(below(more=[f.purposes(ExtendedKeyUsageOID.SERVER_AUTH)]))


@accepted(
    "key-usage-critical",
    "subject-key-identifier-in-all",
    "authority-not-narrowed-by-purpose",
)
def our_chain() -> Chain:
    """The profile, for signing in."""
    return _for_us(below())


@refused("no extended key usage clientAuth")
def our_leaf_for_servers() -> Chain:
    """ "If the extension is present, then the certificate MUST only be used for one of the purposes indicated."
    §4.2.1.12"""
    root = f.root()
    return _for_us(direct(root, f.leaf(root, instead=[f.purposes(ExtendedKeyUsageOID.SERVER_AUTH)])))


@refused("no extended key usage clientAuth")
def our_leaf_for_any_purpose() -> Chain:
    """ "Applications [...] MAY reject certificates that include the anyExtendedKeyUsage OID but not the particular OID
    expected for the application." §4.2.1.12"""
    root = f.root()
    leaf = f.leaf(root, instead=[f.purposes(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)])
    return _for_us(direct(root, leaf))


@refused("no extended key usage clientAuth")
def our_leaf_without_purposes() -> Chain:
    """Our CA states them in all."""
    root = f.root()
    return _for_us(direct(root, f.leaf(root, without=[f.EXTENDED_KEY_USAGE])))


@refused("no key usage digitalSignature")
def our_leaf_that_only_encrypts() -> Chain:
    """ "The digitalSignature bit is asserted when the subject public key is used for verifying digital signatures,
    [...] such as those used in an entity authentication service." §4.2.1.3"""
    root = f.root()
    return _for_us(direct(root, f.leaf(root, instead=[f.usage("key_encipherment")])))


@refused("the certificate of an authority")
def our_authority_signs_in() -> Chain:
    """An authority is no person."""
    root = f.root()
    authority = f.authority(root, more=[])
    return _for_us(Chain(authority, [], [root]))
