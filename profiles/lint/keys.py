"""Rules about the public key and the identifiers made of it."""

import hashlib
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from profiles.errors import WeakKey
from profiles.keys import check_public_key
from profiles.lint.rule import Candidate, Rule, rule
from profiles.policy import Kind


@rule("public-key-sound", "RFC 5280 §4.1.2.7, profiles/policy.py")
def public_key_sound(c: Candidate) -> Iterator[str]:
    """Canonical, not known to be weak, and of a type that the profile allows."""
    try:
        check_public_key(c.fields.public_key, c.profile)
    except WeakKey as error:
        yield str(error)


@rule("subject-key-identifier-is-key-hash", "RFC 5280 §4.2.1.2 (1)")
def subject_key_identifier_is_key_hash(c: Candidate) -> Iterator[str]:
    """Computed here from the parsed key, not from the octets from which the compiler took it."""
    found = c.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    key = c.parsed.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        octets = key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        octets = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    else:
        yield "a key of another type"
        return
    if found != hashlib.sha1(octets, usedforsecurity=False).digest():
        yield f"{found.hex()} is not the hash of the key"


@rule("authority-key-identifier-present", "RFC 5280 §4.2.1.1")
def authority_key_identifier_present(c: Candidate) -> Iterator[str]:
    """The key identifier alone; in a root it is the root's own."""
    authority = c.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    if not authority.key_identifier:
        yield "no key identifier"
    if authority.authority_cert_issuer is not None or authority.authority_cert_serial_number is not None:
        yield "issuer and serial are given"
    own = c.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    if (authority.key_identifier == own) is not (c.profile.kind is Kind.ROOT):
        yield "must be the own key's in a root, and another's elsewhere"


RULES: tuple[Rule, ...] = (
    public_key_sound,
    subject_key_identifier_is_key_hash,
    authority_key_identifier_present,
)
