"""Certificates gone wrong: a good TBSCertificate taken apart, one part replaced, put together again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from profiles import der
from profiles.extensions import OIDS
from tests.profiles import support

_NAMES = {der.oid(dotted): name for name, dotted in OIDS.items()}


@dataclass(frozen=True)
class Parts:
    """The encoded fields of a TBSCertificate; `extensions` maps our names to whole encoded Extensions."""

    version: bytes
    serial: bytes
    signature: bytes
    issuer: bytes
    validity: bytes
    subject: bytes
    public_key: bytes
    extensions: Mapping[str, bytes]
    unique_identifier: bytes = b""

    @classmethod
    def of(cls, profile_name: str) -> "Parts":
        """The parts of the good certificate of a packaged profile."""
        fields = der.children(support.tbs(profile_name), "tbs")
        listed = der.children(der.element(fields[7], "extensions")[3], "extensions")
        extensions = {_NAMES[der.children(item, "extension")[0]]: item for item in listed}
        version, serial, signature, issuer, validity, subject, public_key = fields[:7]
        return cls(version, serial, signature, issuer, validity, subject, public_key, extensions)

    def encode(self) -> bytes:
        """The TBSCertificate of these parts."""
        return der.sequence(
            self.version,
            self.serial,
            self.signature,
            self.issuer,
            self.validity,
            self.subject,
            self.public_key,
            self.unique_identifier,
            der.constructed(3, der.sequence(*self.extensions.values())),
        )

    def with_extension(self, name: str, encoded: bytes) -> "Parts":
        """Put this Extension in the place of `name` (at the end if there is none)."""
        return replace(self, extensions={**self.extensions, name: encoded})

    def without_extension(self, name: str) -> "Parts":
        """Leave the extension out."""
        return replace(self, extensions={key: item for key, item in self.extensions.items() if key != name})


def extension(name_or_oid: str, value: bytes, *, critical: bool = False) -> bytes:
    """An encoded Extension with any value and criticality."""
    flag = der.boolean_true() if critical else b""
    return der.sequence(der.oid(OIDS.get(name_or_oid, name_or_oid)), flag, der.octet_string(value))


def name(*attributes: tuple[str, bytes]) -> bytes:
    """A Name of (OID, encoded string) pairs, one an RDN."""
    return der.sequence(*(der.set_of(der.sequence(der.oid(oid), value)) for oid, value in attributes))


def time(tag: int, text: str) -> bytes:
    """A Time with any tag and octets: 23 UTCTime, 24 GeneralizedTime."""
    encoded = text.encode("ascii")
    return bytes([tag, len(encoded)]) + encoded
