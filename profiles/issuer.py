"""What a certificate says about its issuer."""

import re
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


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuerContext:
    """The issuer as its certificates name it; for a self-signed root the root itself.

    `name` is a DER Name, `key_identifier` the issuer's subjectKeyIdentifier, `signature_algorithm` the DER
    AlgorithmIdentifier with which it signs. URLs are plain http, None where nothing is published. What
    cannot be used raises IssuerError.
    """

    name: bytes
    key_identifier: bytes
    signature_algorithm: bytes
    crl_url: str | None = None
    delta_crl_url: str | None = None
    ocsp_url: str | None = None
    certificate_url: str | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not 8 <= len(self.key_identifier) <= 64:
            raise IssuerError("key_identifier", f"{len(self.key_identifier)} octets", "8 to 64 octets")
        if not is_allowed_algorithm(self.signature_algorithm):
            raise IssuerError("signature_algorithm", self.signature_algorithm.hex()[:80], "one of profiles/policy.py")
        for key in ("crl_url", "delta_crl_url", "ocsp_url", "certificate_url"):
            url = getattr(self, key)
            if url is not None and not _URL.fullmatch(url):
                raise IssuerError(key, repr(url)[:80], "an http:// URL with host and path, in ASCII")


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
