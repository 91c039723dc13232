"""The basic fields (RFC 5280 §4.1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from teacher_registry.verification.der import SEQUENCE, children, whole
from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile.registry import Chain, accepted, refused


def direct(leaf_of: f.Forged, leaf: f.Forged) -> Chain:
    """Root -> leaf."""
    return Chain(leaf, [], [leaf_of])


@accepted("version-3", "serial-positive", "issuer-named", "authority-named", "subject-or-alternative-name")
def a_chain_of_three() -> Chain:
    """Root -> authority -> end entity, everything as the profile wants it."""
    root = f.root()
    authority = f.authority(root)
    return Chain(f.leaf(authority), [authority], [root])


@refused("version-3")
def version_1() -> Chain:
    """ "When extensions are used, as expected in this profile, version MUST be 3 (value is 2)." §4.1.2.1"""
    root = f.root()
    extensions = (f.BASIC_CONSTRAINTS, f.KEY_USAGE, f.EXTENDED_KEY_USAGE, f.SUBJECT_KEY, f.AUTHORITY_KEY)
    return direct(root, f.leaf(root, version=b"", without=extensions))


@refused("not a certificate")
def version_4() -> Chain:
    """ "Version ::= INTEGER { v1(0), v2(1), v3(2) }" §4.1"""
    root = f.root()
    return direct(root, f.leaf(root, version=f.tlv(0xA0, f.integer(3))))


@refused("serial-positive")
def serial_zero() -> Chain:
    """ "The serial number MUST be a positive integer assigned by the CA to each certificate." §4.1.2.2"""
    root = f.root()
    return direct(root, f.leaf(root, serial=0))


@refused("serial-positive")
def serial_negative() -> Chain:
    """ "CAs MUST force the serialNumber to be a non-negative integer." §4.1.2.2"""
    root = f.root()
    return direct(root, f.leaf(root, serial=-42))


@refused("serial-positive")
def serial_zero_of_an_authority() -> Chain:
    """ "The serial number MUST be a positive integer assigned by the CA to each certificate." §4.1.2.2"""
    root = f.root()
    authority = f.authority(root, serial=0)
    return Chain(f.leaf(authority), [authority], [root])


@refused("serial-at-most-20-octets")
def serial_of_21_octets() -> Chain:
    """ "Conforming CAs MUST NOT use serialNumber values longer than 20 octets." §4.1.2.2: the sign octet counts."""
    root = f.root()
    return direct(root, f.leaf(root, serial=1 << 159))


@refused("serial-at-most-20-octets")
def serial_of_22_octets() -> Chain:
    """ "Conforming CAs MUST NOT use serialNumber values longer than 20 octets." §4.1.2.2"""
    root = f.root()
    return direct(root, f.leaf(root, serial=1 << 170))


@accepted("serial-at-most-20-octets")
def serial_of_20_octets() -> Chain:
    """ "Certificate users MUST be able to handle serialNumber values up to 20 octets." §4.1.2.2"""
    root = f.root()
    return direct(root, f.leaf(root, serial=(1 << 159) - 1))


@refused("two different signature algorithms")
def algorithms_differ() -> Chain:
    """ "This field MUST contain the same algorithm identifier as the signatureAlgorithm field in the sequence
    Certificate." §4.1.2.3"""
    root = f.root()
    return direct(root, f.leaf(root, inside=f.ECDSA_SHA384))


@refused("signature-algorithm-strong")
def signed_with_sha1() -> Chain:
    """SHA-1 collisions are made (SHAttered, 2017); our CA signs with SHA-256."""
    root = f.root()
    return direct(root, f.leaf(root, outside=f.ECDSA_SHA1))


@accepted("signature-algorithm-strong")
def signed_with_sha384() -> Chain:
    """ECDSA with SHA-384 (RFC 5758)."""
    root = f.root()
    return direct(root, f.leaf(root, outside=f.ECDSA_SHA384))


@refused("key-strong")
def key_of_rsa_1024() -> Chain:
    """NIST SP 800-131A: RSA below 2048 bits is disallowed."""
    root = f.root()
    return direct(root, f.leaf(root, key=rsa.generate_private_key(public_exponent=65537, key_size=1024)))


@refused("key-strong")
def key_on_a_small_curve() -> Chain:
    """P-192 has 96 bits of strength (NIST SP 800-57)."""
    root = f.root()
    return direct(root, f.leaf(root, key=ec.generate_private_key(ec.SECP192R1())))


@refused("key-strong")
def key_of_dsa() -> Chain:
    """DSA is approved for old signatures only (FIPS 186-5); our profile has RSA and ECDSA."""
    root = f.root()
    return direct(root, f.leaf(root, key=dsa.generate_private_key(2048)))


@refused("breaks key-strong")
def anchor_with_a_weak_key() -> Chain:
    """A pinned certificate does not make a factorable key safe."""
    root = f.root(key=rsa.generate_private_key(public_exponent=65537, key_size=1024))
    return direct(root, f.leaf(root))


@refused("breaks key-strong")
def authority_with_an_unreadable_key() -> Chain:
    """A subjectPublicKeyInfo of rsaEncryption whose key is empty."""
    root = f.root()
    broken = bytes.fromhex("3012300d06092a864886f70d01010105000301") + b"\x00"
    authority = f.authority(root, spki=broken)
    return Chain(f.leaf(authority), [authority], [root])


@accepted("key-strong")
def keys_of_rsa() -> Chain:
    """RSA-2048 for the person under an authority of P-384."""
    root = f.root(key=ec.generate_private_key(ec.SECP384R1()))
    return direct(root, f.leaf(root, key=rsa.generate_private_key(public_exponent=65537, key_size=2048)))


@refused("issuer-named")
def issuer_empty() -> Chain:
    """ "The issuer field MUST contain a non-empty distinguished name (DN)." §4.1.2.4"""
    root = f.root()
    return direct(root, f.leaf(root, issuer=f.EMPTY_NAME))


@refused("breaks issuer-named")
def authority_without_a_name() -> Chain:
    """ "If the subject is a CA [...] then the subject field MUST be populated with a non-empty distinguished name
    matching the contents of the issuer field in all certificates issued by the subject CA." §4.1.2.6"""
    root = f.root(subject=f.EMPTY_NAME)
    return direct(root, f.leaf(root, issuer=f.name("some other")))


@refused("breaks authority-named")
def authority_below_the_root_without_a_name() -> Chain:
    """The same for an authority that another one certified."""
    root = f.root()
    authority = f.authority(root, subject=f.EMPTY_NAME)
    return Chain(f.leaf(authority, issuer=f.name("x")), [authority], [root])


@refused("subject-or-alternative-name")
def no_name_at_all() -> Chain:
    """ "If the subject field contains an empty sequence, then the issuing CA MUST include a subjectAltName
    extension that is marked as critical." §4.2.1.6"""
    root = f.root()
    return direct(root, f.leaf(root, subject=f.EMPTY_NAME))


@refused("subject-or-alternative-name")
def only_an_alternative_name_that_is_not_critical() -> Chain:
    """The same, with the extension not marked."""
    root = f.root()
    names = f.ext(x509.SubjectAlternativeName([x509.DNSName("a.test")]))
    return direct(root, f.leaf(root, subject=f.EMPTY_NAME, more=[names]))


@accepted("subject-or-alternative-name")
def only_a_critical_alternative_name() -> Chain:
    """The same, marked."""
    root = f.root()
    names = f.ext(x509.SubjectAlternativeName([x509.DNSName("a.test")]), critical=True)
    return direct(root, f.leaf(root, subject=f.EMPTY_NAME, more=[names]))


@refused("no-unique-identifiers")
def subject_unique_identifier() -> Chain:
    """ "CAs conforming to this profile MUST NOT generate certificates with unique identifiers." §4.1.2.8"""
    root = f.root()
    return direct(root, f.leaf(root, unique=f.tlv(0x82, b"\x00\x01")))


@accepted("no-unique-identifiers")
def no_unique_identifier() -> Chain:
    """The same chain without."""
    root = f.root()
    return direct(root, f.leaf(root))


@refused("times-encoded-by-year")
def generalized_time_before_2050() -> Chain:
    """ "CAs conforming to this profile MUST always encode certificate validity dates through the year 2049 as
    UTCTime." §4.1.2.5"""
    root = f.root()
    return direct(root, f.leaf(root, not_after=f.generalized(f.NOW + f.DAY)))


@accepted("times-encoded-by-year", "validity-not-backwards")
def generalized_time_from_2050_on() -> Chain:
    """ "Certificate validity dates in 2050 or later MUST be encoded as GeneralizedTime." §4.1.2.5"""
    root = f.root(not_after=f.time(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)))
    return direct(root, f.leaf(root, not_after=f.time(datetime(2050, 1, 1, tzinfo=UTC))))


@refused("validity-not-backwards")
def validity_backwards() -> Chain:
    """ "The validity period for a certificate is the period of time from notBefore through notAfter, inclusive."
    §4.1.2.5"""
    root = f.root()
    leaf = f.leaf(root, not_before=f.time(f.NOW + 2 * f.DAY), not_after=f.time(f.NOW - f.DAY))
    return direct(root, leaf)


@refused("not a certificate")
def octets_after_the_certificate() -> Chain:
    """DER has one value (X.690 §10)."""
    root = f.root()
    leaf = f.leaf(root)
    return direct(root, replace(leaf, der=leaf.der + b"\0"))


@refused("a signature that is not whole octets")
def a_signature_written_otherwise() -> Chain:
    """A signature whose last four bits are zero, as a BIT STRING with four unused bits: valid DER, the same
    signature, other octets."""
    root = f.root()
    leaf = next(one for one in iter(lambda: f.leaf(root), None) if one.der[-1] & 0x0F == 0)
    _tbs, _algorithm, bits = children(leaf.der, whole(leaf.der, SEQUENCE))
    unused = bits.content
    return direct(root, replace(leaf, der=leaf.der[:unused] + b"\x04" + leaf.der[unused + 1 :]))


@refused("a certificate of")
def a_certificate_of_megabytes() -> Chain:
    """An extension of a million octets: refused by its length, before any parser."""
    root = f.root()
    return direct(root, f.leaf(root, more=[f.Ext("1.3.6.1.4.1.55738.666.2", bytes(1_000_000))]))
