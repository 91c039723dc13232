"""Reading a CRL of the kind `build_tbs` makes: strict DER in, typed values out, MalformedCrl for all else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from . import build, der, entries
from .der import Reader
from .entry import Revocation
from .errors import MalformedCrl


class Scope(NamedTuple):
    """Whose certificates a CRL covers (section 5.2.5): all of the issuer's, or those of one distribution point."""

    distribution_point: str | None
    only_user_certificates: bool


_EVERYTHING = Scope(None, only_user_certificates=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A CRL without its entries; nothing is verified but the form.

    `issuer` and `signature_algorithm` are DER; `base_number` is None for a complete CRL; times are UTC.
    """

    issuer: bytes
    number: int
    this_update: datetime
    next_update: datetime
    key_identifier: bytes
    base_number: int | None
    freshest_url: str | None
    scope: Scope
    signature_algorithm: bytes
    signature: bytes

    @property
    def distribution_point(self) -> str | None:
        """The URL of the shard, None for a CRL of all certificates."""
        return self.scope.distribution_point


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCrl(Outline):
    """A CRL with its entries by serial number, and the DER that is signed."""

    entries: Mapping[int, Revocation] = field(repr=False)
    tbs: bytes = field(repr=False)


def parse(encoded: bytes, *, published: bool = False) -> ParsedCrl:
    """Read a complete or delta CRL, version 2, of one issuer; raises MalformedCrl and nothing else.

    `published`: it has passed the gate, and need not be searched again for a serial number that is listed twice.
    """
    read = _read(encoded)
    start, end = read.entries_at
    return ParsedCrl(
        **read.outline,
        entries=entries.read(encoded, start, end, unique=published) if start < end else {},
        tbs=encoded[slice(*read.tbs_at)],
    )


def read_outline(encoded: bytes) -> Outline:
    """Read a CRL but for its entries, in the same time whatever their number; raises MalformedCrl."""
    return Outline(**_read(encoded).outline)


class _Read(NamedTuple):
    """The values of an Outline, and where the entries and the TBSCertList lie."""

    outline: dict[str, Any]
    entries_at: tuple[int, int]
    tbs_at: tuple[int, int]


def _read(encoded: bytes) -> _Read:
    """Read everything but the entries."""
    outer = Reader(encoded)
    certificate_list = outer.enter(der.SEQUENCE)
    outer.finish()
    tbs_start = certificate_list.pos
    tbs = certificate_list.enter(der.SEQUENCE)
    tbs_end = certificate_list.pos
    algorithm = certificate_list.raw(der.SEQUENCE)
    signature = certificate_list.contents(der.BIT_STRING)
    certificate_list.finish()
    if len(signature) < 2 or signature[0] != 0:
        raise MalformedCrl("a signature that is empty or not whole octets")
    if tbs.integer() != 1:
        raise MalformedCrl("not a version 2 CRL")
    if tbs.raw(der.SEQUENCE) != algorithm:
        raise MalformedCrl("the two signature algorithms differ (RFC 5280 section 5.1.1.2)")
    issuer = _name(tbs)
    this_update, next_update = tbs.time(), tbs.time()
    entries_at = _entries(tbs)
    extensions = _extensions(tbs)
    tbs.finish()
    if extensions.number is None or extensions.key_identifier is None:
        raise MalformedCrl("no CRL number or no authority key identifier (RFC 5280 section 5.2)")
    outline = {
        "issuer": issuer,
        "number": extensions.number,
        "this_update": this_update,
        "next_update": next_update,
        "key_identifier": extensions.key_identifier,
        "base_number": extensions.base_number,
        "freshest_url": extensions.freshest_url,
        "scope": extensions.scope,
        "signature_algorithm": algorithm,
        "signature": signature[1:],
    }
    return _Read(outline, entries_at, (tbs_start, tbs_end))


@dataclass(slots=True)
class _Extensions:
    """What has been found so far among crlExtensions."""

    number: int | None = None
    key_identifier: bytes | None = None
    base_number: int | None = None
    freshest_url: str | None = None
    scope: Scope = _EVERYTHING


def _name(tbs: Reader) -> bytes:
    """Read the issuer's Name: at least one RDN, each a SET of type and value."""
    start = tbs.pos
    rdns = tbs.enter(der.SEQUENCE)
    if rdns.peek() < 0:
        raise MalformedCrl("an empty issuer name (RFC 5280 section 5.1.2.3)")
    while rdns.peek() >= 0:
        rdn = rdns.enter(der.SET)
        attribute = rdn.enter(der.SEQUENCE)
        attribute.contents(der.OID)
        attribute.contents(attribute.peek())
        attribute.finish()
        rdn.finish()
    return tbs.data[start : tbs.pos]


def _entries(tbs: Reader) -> tuple[int, int]:
    """Find the contents of revokedCertificates, which is absent rather than empty (section 5.1.2.6)."""
    if tbs.peek() != der.SEQUENCE:
        return 0, 0
    listed = tbs.enter(der.SEQUENCE)
    if listed.peek() < 0:
        raise MalformedCrl("an empty list of revoked certificates")
    return listed.pos, listed.end


def _extensions(tbs: Reader) -> _Extensions:
    """Read crlExtensions; one that is critical and unknown is refused (section 5.2)."""
    found = _Extensions()
    tagged = tbs.enter(0xA0)
    for oid, critical, value in tagged.extensions():
        if oid == build.CRL_NUMBER:
            found.number = value.integer()
        elif oid == build.AUTHORITY_KEY_IDENTIFIER:
            found.key_identifier = _key_identifier(value)
        elif oid == build.DELTA_CRL_INDICATOR:
            found.base_number = value.integer()
        elif oid == build.FRESHEST_CRL:
            found.freshest_url = _url(value.enter(der.SEQUENCE))
        elif oid == build.ISSUING_DISTRIBUTION_POINT:
            found.scope = _scope(value.enter(der.SEQUENCE))
        else:
            raise MalformedCrl("an extension that this CA does not use")
        value.finish()
        if critical != (oid in (build.DELTA_CRL_INDICATOR, build.ISSUING_DISTRIBUTION_POINT)):
            raise MalformedCrl("an extension with the wrong criticality (RFC 5280 section 5.2)")
    tagged.finish()
    return found


def _key_identifier(value: Reader) -> bytes:
    """Read AuthorityKeyIdentifier with keyIdentifier alone."""
    identifier = value.enter(der.SEQUENCE)
    octets = identifier.contents(0x80)
    identifier.finish()
    if not octets:
        raise MalformedCrl("an empty key identifier")
    return octets


def _scope(point: Reader) -> Scope:
    """Read an IssuingDistributionPoint with a URL and perhaps onlyContainsUserCerts; other limits are not ours."""
    url = _full_name(point)
    only_user = point.peek() == 0x81
    # DEFAULT FALSE is never encoded (X.690 section 11.5).
    if only_user and point.contents(0x81) != b"\xff":
        raise MalformedCrl("onlyContainsUserCerts is not DER")
    point.finish()
    return Scope(url, only_user)


def _url(holder: Reader) -> str:
    """Read one DistributionPoint of a URL and nothing beside it."""
    point = holder.enter(der.SEQUENCE)
    holder.finish()
    url = _full_name(point)
    point.finish()
    return url


def _full_name(point: Reader) -> str:
    """Read distributionPoint [0] { fullName [0] { one URI [6] } }."""
    name = point.enter(0xA0)
    full_name = name.enter(0xA0)
    name.finish()
    url = full_name.contents(0x86)
    full_name.finish()
    try:
        return url.decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedCrl("a URI that is not ASCII") from error
