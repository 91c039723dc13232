"""Revocation lists octet by octet; the defaults make a current complete list of the issuer with nobody on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from tests.teacher_registry.hostile.forge import (
    CRL_NUMBER,
    DAY,
    NOW,
    Ext,
    Forged,
    authority_key,
    default_algorithm,
    ext,
    integer,
    sign,
    time,
    tlv,
)

DELTA_INDICATOR, ISSUING_POINT, FRESHEST = "2.5.29.27", "2.5.29.28", "2.5.29.46"
REASON = "2.5.29.21"
HOLD, REMOVE, SUPERSEDED = 6, 8, 4


def number(value: int, *, critical: bool = False) -> Ext:
    """cRLNumber."""
    return Ext(CRL_NUMBER, integer(value), critical)


def base(value: int, *, critical: bool = True) -> Ext:
    """deltaCRLIndicator."""
    return Ext(DELTA_INDICATOR, integer(value), critical)


def reason(code: int, *, critical: bool = False) -> Ext:
    """reasonCode of an entry."""
    return Ext(REASON, tlv(10, bytes([code])), critical)


def point(*, critical: bool = True, **fields: Any) -> Ext:
    """issuingDistributionPoint."""
    defaults: dict[str, Any] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return ext(x509.IssuingDistributionPoint(**{**defaults, **fields}), critical=critical)


def urls(*addresses: str) -> list[x509.GeneralName]:
    """As in a distribution point."""
    return [x509.UniformResourceIdentifier(address) for address in addresses]


def entry(serial: int, *extensions: Ext, at: datetime = NOW - DAY) -> bytes:
    """One revoked certificate."""
    given = tlv(0x30, *(extension.der() for extension in extensions)) if extensions else b""
    return tlv(0x30, integer(serial), time(at), given)


@dataclass(frozen=True)
class ListPlan:
    """One list; see `forge.Plan`."""

    issuer: bytes
    extensions: dict[str, Ext | None]
    version: bytes = integer(1)
    this_update: bytes = time(NOW - DAY)
    next_update: bytes = time(NOW + DAY)
    entries: Sequence[bytes] = ()
    empty_list: bool = False
    more: Sequence[Ext] = ()
    inside: bytes | None = None
    outside: bytes | None = None

    def publish(self, signer: Forged) -> bytes:
        """DER, signed."""
        algorithm = self.outside or default_algorithm(signer.key)
        extensions = [extension.der() for extension in (*self.extensions.values(), *self.more) if extension is not None]
        tbs = tlv(
            0x30,
            self.version,
            self.inside or algorithm,
            self.issuer,
            self.this_update,
            self.next_update,
            tlv(0x30, *self.entries) if self.entries or self.empty_list else b"",
            tlv(0xA0, tlv(0x30, *extensions)) if extensions else b"",
        )
        return tlv(0x30, tbs, algorithm, tlv(3, b"\0", sign(signer.key, tbs, algorithm)))


def crl(of: Forged, *, signer: Forged | None = None, **deviation: Any) -> bytes:
    """A list of `of`; `without`, `instead` as for certificates."""
    without: Sequence[str] = deviation.pop("without", ())
    instead: Sequence[Ext] = deviation.pop("instead", ())
    extensions: dict[str, Ext | None] = {
        "2.5.29.35": authority_key(of.identifier),
        CRL_NUMBER: number(7),
        **dict.fromkeys(without),
        **{extension.oid: extension for extension in instead},
    }
    return ListPlan(**{"issuer": of.subject, "extensions": extensions, **deviation}).publish(signer or of)
