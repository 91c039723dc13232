"""What a certificate says about its issuer."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from profiles import der
from profiles.errors import CertificateValueError, IssuerError
from profiles.policy import SIGNATURE_ALGORITHMS

# Plain http on purpose: fetching a CRL by TLS would need the status of the server's certificate first
# (RFC 5280 §8). The objects there are signed themselves.
_URL = re.compile(r"http://[A-Za-z0-9.\[\]:-]{1,255}/[A-Za-z0-9._~/%+-]{0,1000}")
_ENCODED_ALGORITHMS = {
    der.sequence(der.oid(dotted), parameters or b""): dotted for dotted, parameters in SIGNATURE_ALGORITHMS.items()
}


_MAX_SHARDS = 1024
_PLACE_OF_THE_SHARD = "{shard}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shards:
    """How an issuer's CRL is split: `of(serial, count)` says which of the `count` CRLs, 0 to count-1, lists a serial.

    Certificates that are out say where their CRL is: with another `count` later, they stay where they are. IssuerError
    outside 1 to 1024 shards.
    """

    count: int
    of: Callable[[int, int], int]

    def __post_init__(self) -> None:
        if not 1 <= self.count <= _MAX_SHARDS:
            raise IssuerError("shards", self.count, f"1 to {_MAX_SHARDS}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pointers:
    """Where one certificate says its status and its issuer are published."""

    crl_url: str | None
    delta_crl_url: str | None
    ocsp_url: str | None
    certificate_url: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuerContext:
    """The issuer as its certificates name it; for a self-signed root the root itself.

    `name` is a DER Name, `key_identifier` the issuer's subjectKeyIdentifier, `signature_algorithm` the DER
    AlgorithmIdentifier with which it signs. URLs are plain http, None where nothing is published. With
    `shards`, those of the CRLs hold `{shard}` once, for the shard's number. What cannot be used raises
    IssuerError.
    """

    name: bytes
    key_identifier: bytes
    signature_algorithm: bytes
    crl_url: str | None = None
    delta_crl_url: str | None = None
    ocsp_url: str | None = None
    certificate_url: str | None = None
    shards: Shards | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not 8 <= len(self.key_identifier) <= 64:
            raise IssuerError("key_identifier", f"{len(self.key_identifier)} octets", "8 to 64 octets")
        if not is_allowed_algorithm(self.signature_algorithm):
            raise IssuerError("signature_algorithm", self.signature_algorithm.hex()[:80], "one of profiles/policy.py")
        sharded = ("crl_url", "delta_crl_url") if self.shards else ()
        for key in ("crl_url", "delta_crl_url", "ocsp_url", "certificate_url"):
            url = getattr(self, key)
            if url is not None and key in sharded:
                if url.count(_PLACE_OF_THE_SHARD) != 1:
                    raise IssuerError(key, repr(url)[:80], f"a URL with {_PLACE_OF_THE_SHARD} once")
                url = url.replace(_PLACE_OF_THE_SHARD, "0")
            if url is not None and not _URL.fullmatch(url):
                raise IssuerError(key, repr(url)[:80], "an http:// URL with host and path, in ASCII")

    def shard_of(self, serial: int) -> int | None:
        """The shard that lists this serial, None where the CRL is whole; IssuerError if `of` names no shard."""
        if self.shards is None:
            return None
        shard = self.shards.of(serial, self.shards.count)
        if not 0 <= shard < self.shards.count:
            raise IssuerError("shards", shard, f"0 to {self.shards.count - 1}")
        return shard

    def pointers(self, shard: int | None) -> Pointers:
        """The URLs for the certificates of one shard, or of all."""
        return Pointers(
            crl_url=_filled(self.crl_url, shard),
            delta_crl_url=_filled(self.delta_crl_url, shard),
            ocsp_url=self.ocsp_url,
            certificate_url=self.certificate_url,
        )


def _filled(url: str | None, shard: int | None) -> str | None:
    return url if url is None or shard is None else url.replace(_PLACE_OF_THE_SHARD, str(shard))


def _check_name(name: bytes) -> None:
    try:
        rdns = der.children(name, "name")
    except CertificateValueError as error:
        raise IssuerError("name", error.found, "a DER Name") from error
    if not rdns:
        raise IssuerError("name", "an empty Name", "a Name with attributes (RFC 5280 §4.1.2.4)")


def is_allowed_algorithm(algorithm: bytes) -> bool:
    """Whether these are the exact octets of an AlgorithmIdentifier that the policy lets sign certificates."""
    return algorithm in _ENCODED_ALGORITHMS
