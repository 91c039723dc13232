"""A CRL from entries that are already encoded: a TBSCertList for some key to sign; the two put together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from . import der
from .entries import has_removal, read
from .entry import REMOVAL
from .errors import ImpossibleCrl, MalformedCrl

AUTHORITY_KEY_IDENTIFIER = b"\x55\x1d\x23"
CRL_NUMBER = b"\x55\x1d\x14"
DELTA_CRL_INDICATOR = b"\x55\x1d\x1b"
FRESHEST_CRL = b"\x55\x1d\x2e"
ISSUING_DISTRIBUTION_POINT = b"\x55\x1d\x1c"

# RFC 5280 section 5.2.3: no more than 20 octets, of which the first bit is the sign.
_MAX_NUMBER = (1 << 159) - 1
_VERSION_2 = b"\x02\x01\x01"


@dataclass(frozen=True, slots=True)
class CrlIssuer:
    """Who signs: the DER of its Name as in its certificate, its key identifier, the DER of the algorithm."""

    name: bytes
    key_identifier: bytes
    signature_algorithm: bytes

    def __post_init__(self) -> None:
        """Refuse an empty name (RFC 5280 section 5.1.2.3), no key identifier, a broken algorithm."""
        try:
            if len(der.Reader(self.name).raw(der.SEQUENCE)) != len(self.name) or len(self.name) <= 2:
                raise ImpossibleCrl("the issuer's name is empty or followed by other bytes")
            if len(der.Reader(self.signature_algorithm).raw(der.SEQUENCE)) != len(self.signature_algorithm):
                raise ImpossibleCrl("the signature algorithm is followed by other bytes")
        except MalformedCrl as error:
            raise ImpossibleCrl("the issuer's name or signature algorithm is not DER") from error
        if not self.key_identifier:
            raise ImpossibleCrl("the issuer has no key identifier")


def build_tbs(
    issuer: CrlIssuer,
    *,
    number: int,
    this_update: datetime,
    next_update: datetime,
    entries: Iterable[bytes],
    base_number: int | None = None,
    freshest_url: str | None = None,
    distribution_point: str | None = None,
    ca_certificates: bool = False,
) -> bytes:
    """Return the TBSCertList (RFC 5280 section 5.1); `entries` come from `encode_entry` and are only joined.

    `base_number` makes it a delta to the complete CRL of that number. `freshest_url` says where the delta is;
    `distribution_point` limits the CRL to one shard, the same URL as in the certificates' CRLDP (a delta to it has the
    same); `ca_certificates`: whether such a shard can hold CA certificates. Raises ImpossibleCrl; a time without a zone
    is one reason.
    """
    _check_numbers(number, base_number)
    # Encoded first: that refuses naive times, which cannot be compared.
    times = der.time(this_update), der.time(next_update)
    if next_update <= this_update:
        raise ImpossibleCrl("nextUpdate must be later than thisUpdate")
    if base_number is not None and freshest_url is not None:
        raise ImpossibleCrl("a delta CRL cannot point to a fresher one (RFC 5280 section 5.2.6)")
    point = _issuing_distribution_point(distribution_point, only_user=not ca_certificates)
    revoked = b"".join(entries)
    if base_number is None and REMOVAL in revoked:
        _refuse_removals(revoked)
    return der.tlv(
        der.SEQUENCE,
        _VERSION_2,
        issuer.signature_algorithm,
        issuer.name,
        *times,
        # Section 5.1.2.6: when nothing is revoked the list must be absent, not empty. Not `tlv`, which would copy it.
        der.header(der.SEQUENCE, len(revoked)) if revoked else b"",
        revoked,
        _extensions(issuer, number, base_number, freshest_url, point),
    )


def assemble(tbs: bytes, signature_algorithm: bytes, signature: bytes) -> bytes:
    """Return the CertificateList; `signature_algorithm` must be the one `tbs` names (section 5.1.1.2)."""
    return der.tlv(der.SEQUENCE, tbs, signature_algorithm, der.tlv(der.BIT_STRING, b"\0", signature))


def _check_numbers(number: int, base_number: int | None) -> None:
    """Apply sections 5.2.3 and 5.2.4: positive, at most 20 octets, a delta is later than its base."""
    if not 0 < number <= _MAX_NUMBER:
        raise ImpossibleCrl("a CRL number must be positive and fit 20 octets")
    if base_number is not None and not 0 < base_number < number:
        raise ImpossibleCrl("a delta CRL must have a greater number than its base")


def _refuse_removals(revoked: bytes) -> None:
    """Refuse `removeFromCRL` outside a delta (section 5.3.1). Called only when its octets were found somewhere."""
    try:
        found = has_removal(read(revoked, 0, len(revoked)))
    except MalformedCrl as error:
        raise ImpossibleCrl("an entry is not what encode_entry makes") from error
    if found:
        raise ImpossibleCrl("removeFromCRL may appear in a delta CRL only")


def _extensions(
    issuer: CrlIssuer, number: int, base_number: int | None, freshest_url: str | None, point: bytes | None
) -> bytes:
    """Encode crlExtensions; the delta indicator and the distribution point are critical (5.2.4, 5.2.5)."""
    extensions = [
        _extension(AUTHORITY_KEY_IDENTIFIER, der.tlv(der.SEQUENCE, der.tlv(0x80, issuer.key_identifier))),
        _extension(CRL_NUMBER, der.integer(number)),
    ]
    if base_number is not None:
        extensions.append(_extension(DELTA_CRL_INDICATOR, der.integer(base_number), critical=True))
    if point is not None:
        extensions.append(_extension(ISSUING_DISTRIBUTION_POINT, point, critical=True))
    if freshest_url is not None:
        points = der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, _distribution_point_name(freshest_url)))
        extensions.append(_extension(FRESHEST_CRL, points))
    return der.tlv(0xA0, der.tlv(der.SEQUENCE, *extensions))


def _issuing_distribution_point(url: str | None, *, only_user: bool) -> bytes | None:
    """Encode section 5.2.5: where the scope has end entities only, onlyContainsUserCerts must be TRUE."""
    if url is None:
        return None
    return der.tlv(der.SEQUENCE, _distribution_point_name(url), b"\x81\x01\xff" if only_user else b"")


def _extension(oid: bytes, value: bytes, *, critical: bool = False) -> bytes:
    """Encode one Extension; FALSE is the default and so never written."""
    flag = der.TRUE if critical else b""
    return der.tlv(der.SEQUENCE, der.tlv(der.OID, oid), flag, der.tlv(der.OCTET_STRING, value))


def _distribution_point_name(url: str) -> bytes:
    """Encode distributionPoint [0] { fullName [0] { uniformResourceIdentifier [6] } }."""
    # Plain HTTP only: fetching by https would itself need a revocation check (RFC 5280 section 8).
    if not url.startswith("http://") or not url.isascii() or not url.isprintable() or " " in url:
        raise ImpossibleCrl("a CRL is published at a plain http URL in ASCII")
    return der.tlv(0xA0, der.tlv(0xA0, der.tlv(0x86, url.encode("ascii"))))
