"""A TBSCertificate cut into its encoded fields, for rules about octets that a parser hides."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from asn1crypto.core import ObjectIdentifier

from profiles import der
from profiles.errors import CertificateValueError

_CONTEXT = 2


@dataclass(frozen=True)
class RawExtension:
    """One Extension: dotted OID, whether marked critical, and the octets inside extnValue."""

    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True)
class Fields:
    """Encoded fields; `optional` are the context tags 1 and 2 (unique identifiers), which we never issue."""

    version: bytes
    serial: bytes
    signature: bytes
    issuer: bytes
    validity: bytes
    subject: bytes
    public_key: bytes
    optional: tuple[int, ...]
    extensions: tuple[RawExtension, ...]

    @classmethod
    def of(cls, tbs: bytes) -> "Fields":
        """Cut `tbs` apart; CertificateValueError when its shape is not that of a TBSCertificate."""
        parts = der.children(tbs, "tbs")
        if len(parts) < 7 or der.element(parts[0], "version")[:3] != (_CONTEXT, 1, 0):
            raise CertificateValueError("tbs", f"{len(parts)} fields", "version and six fields or more (RFC 5280 §4.1)")
        optional: list[int] = []
        extensions: tuple[RawExtension, ...] = ()
        for part in parts[7:]:
            class_, _, tag, contents = der.element(part, "tbs")
            if (class_, tag) == (_CONTEXT, 3):
                extensions = tuple(_extension(item) for item in der.children(contents, "extensions"))
            else:
                optional.append(tag)
        version, serial, signature, issuer, validity, subject, public_key = parts[:7]
        return cls(
            version=version,
            serial=serial,
            signature=signature,
            issuer=issuer,
            validity=validity,
            subject=subject,
            public_key=public_key,
            optional=tuple(optional),
            extensions=extensions,
        )

    @cached_property
    def subject_attributes(self) -> tuple[tuple[str, int, bytes], ...]:
        """(OID, string tag, octets) of each attribute of the subject, in its order; raises CertificateValueError."""
        found = []
        for rdn in der.children(self.subject, "subject"):
            for attribute in der.elements(der.element(rdn, "subject")[3], "subject"):
                oid, value = der.children(attribute, "subject")
                _, _, tag, octets = der.element(value, "subject")
                found.append((dotted(oid), tag, octets))
        return tuple(found)

    def extension(self, oid: str) -> RawExtension | None:
        """The first extension of this OID."""
        return next((extension for extension in self.extensions if extension.oid == oid), None)


@lru_cache(maxsize=256)
def _extension(encoded: bytes) -> RawExtension:
    parts = der.children(encoded, "extension")
    if not 2 <= len(parts) <= 3:
        raise CertificateValueError("extension", f"{len(parts)} elements", "two or three")
    # BOOLEAN FALSE in full is a DER offence (a DEFAULT), which the independent parser refuses.
    critical = len(parts) == 3 and der.element(parts[1], "critical")[3] != b"\x00"
    return RawExtension(dotted(parts[0]), critical, der.element(parts[-1], "extnValue")[3])


@lru_cache(maxsize=256)
def dotted(encoded_oid: bytes) -> str:
    """The dotted form of an encoded OBJECT IDENTIFIER; CertificateValueError for any other element."""
    if der.element(encoded_oid, "oid")[:3] != (0, 0, 6):
        raise CertificateValueError("oid", "another type", "an OBJECT IDENTIFIER")
    try:
        text: str = ObjectIdentifier.load(encoded_oid).dotted
    except (ValueError, TypeError, IndexError) as error:
        raise CertificateValueError("oid", "malformed octets", "an OBJECT IDENTIFIER") from error
    return text
