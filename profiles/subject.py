"""The subject of a certificate: its fields, what they may hold, and their one encoding as a DER Name."""

import re
import unicodedata
from dataclasses import dataclass

from profiles import der, personal_data
from profiles.errors import SubjectError
from profiles.policy import Span

# In the order of the RDNs: from the country inwards, as GB/T 20518 prints names. Relying parties compare
# names byte by byte, so the order never changes. Field, OID, upper bound in characters (RFC 5280 appendix
# A.1, ub-*; organizationIdentifier has none there, X.520 neither: 64 is ours).
FIELDS: tuple[tuple[str, str, int], ...] = (
    ("country", "2.5.4.6", 2),
    ("state", "2.5.4.8", 128),
    ("locality", "2.5.4.7", 128),
    ("organization", "2.5.4.10", 64),
    ("organization_identifier", "2.5.4.97", 64),
    ("common_name", "2.5.4.3", 64),
    ("serial_number", "2.5.4.5", 64),
)
# countryName and serialNumber are PrintableString by their definition (RFC 5280 appendix A.1); the rest is
# UTF8String.
PRINTABLE_FIELDS = frozenset({"country", "serial_number"})

_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,./:=?-]*")  # the alphabet of PrintableString (X.680 §41.4)
_COUNTRY = re.compile(r"[A-Z]{2}")
_ENCODED_OIDS = {field: der.oid(dotted) for field, dotted, _ in FIELDS}
_BOUNDS = {field: bound for field, _, bound in FIELDS}
_SUPPLEMENTARY_IDEOGRAPHS = range(0x20000, 0x3FFFE)
_REFUSED = {
    "Cc": "a control character",
    "Cf": "an invisible formatting or direction mark",
    "Cs": "half of a surrogate pair",
    "Co": "a private-use character",
    "Cn": "an unassigned code point",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Who a certificate is about; one that exists holds only what may be published.

    `organization` is the unit's name, `organization_identifier` its code, `serial_number` the opaque
    identifier of the holder (letters, digits and signs of PrintableString). Rare ideographs outside the BMP
    and `·` pass. A field that is empty, too long, unprintable or holds personal data raises SubjectError;
    an absent field is None, never "".
    """

    common_name: str
    organization: str | None = None
    organization_identifier: str | None = None
    state: str | None = None
    locality: str | None = None
    serial_number: str | None = None
    country: str = "CN"

    def __post_init__(self) -> None:
        for field, _, _ in FIELDS:
            value = getattr(self, field)
            if value is not None:
                check_value(field, value)
            elif field in ("common_name", "country"):
                raise SubjectError(field, "nothing", "a text")

    def filled(self) -> frozenset[str]:
        """The names of the fields that have a value, the country apart."""
        return frozenset(field for field, _, _ in FIELDS[1:] if getattr(self, field) is not None)


def check_value(field: str, value: object) -> None:
    """Refuse with SubjectError what may not stand in this field. The message never quotes personal data."""
    if not isinstance(value, str):
        raise SubjectError(field, type(value).__name__, "a text")
    if not 1 <= len(value) <= _BOUNDS[field]:
        raise SubjectError(field, f"{len(value)} characters", f"1 to {_BOUNDS[field]}")
    # Plain ASCII letters and digits are most of the fields and none of the refused categories.
    if not (value.isascii() and value.isalnum()):
        _check_characters(field, value)
    if field in PRINTABLE_FIELDS and not _PRINTABLE.fullmatch(value):
        raise SubjectError(field, "a character outside PrintableString", "A-Z a-z 0-9 space '()+,-./:=?")
    if field == "country" and not _COUNTRY.fullmatch(value):
        raise SubjectError(field, repr(value), "two capital letters (ISO 3166)")
    if found := personal_data.find(value):
        raise SubjectError(field, found, "no personal data")


def _check_characters(field: str, value: str) -> None:
    for character in value:
        category = unicodedata.category(character)
        # Python's Unicode tables are older than the newest ideograph extensions, in which rare surnames live.
        if category == "Cn" and ord(character) in _SUPPLEMENTARY_IDEOGRAPHS and ord(character) & 0xFFFE != 0xFFFE:
            continue
        if refused := _REFUSED.get(category):
            raise SubjectError(field, f"{refused} (U+{ord(character):04X})", "visible characters")
        if character == "\N{REPLACEMENT CHARACTER}":
            raise SubjectError(field, "the mark of a character that was lost (U+FFFD)", "the character itself")
        if category == "Zs" and character != " ":
            raise SubjectError(field, f"a blank that is not a space (U+{ord(character):04X})", "the space U+0020")
    if value != value.strip(" ") or "  " in value:
        raise SubjectError(field, "a space at an end or a double space", "single spaces inside")


def check_fields(filled: frozenset[str], span: Span) -> None:
    """Refuse with SubjectError a subject that lacks a field of the profile or has one too many."""
    for field in sorted(span.required - filled):
        raise SubjectError(field, "nothing", "a value: the profile requires it")
    for field in sorted(filled - span.allowed):
        raise SubjectError(field, "a value", "nothing: the profile does not have it")


def subject_name(subject: Subject) -> bytes:
    """The DER Name, one attribute an RDN: C, ST, L, O, organizationIdentifier, CN, serialNumber."""
    rdns = []
    for field, encoded_oid in _ENCODED_OIDS.items():
        value = getattr(subject, field)
        if value is not None:
            encode = der.printable_string if field in PRINTABLE_FIELDS else der.utf8_string
            rdns.append(der.set_of(der.sequence(encoded_oid, encode(value))))
    return der.sequence(*rdns)
