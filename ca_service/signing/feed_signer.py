"""The signature under a page of the account feed: a compact JWS (RFC 7515) by the feed signer's key on the token."""

import base64
import json
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ca_service.signing.pkcs11_key import Pkcs11Key

TYPE = "educa-account-events+jws"


class PageSigner:
    """One certificate of the feed signer with its key; the header, which never changes, is made once."""

    def __init__(self, certificate: bytes, issuing: bytes, sign: Callable[[bytes], bytes]) -> None:
        # RFC 7515 §4.1.6: x5c is standard base64, not base64url; the certificate of the signing key comes first.
        chain = [base64.b64encode(der).decode() for der in (certificate, issuing)]
        header = {"alg": "ES256", "typ": TYPE, "x5c": chain}
        self._header = _base64url(json.dumps(header, separators=(",", ":")).encode())
        self._sign = sign

    @classmethod
    def of(cls, certificate: bytes, key: Pkcs11Key, *, issuing: bytes) -> "PageSigner":
        """The signer of a certificate (DER) with its P-256 key on the token; `issuing` is who certified it."""
        return cls(certificate, issuing, key.sign)

    def jws(self, payload: bytes) -> bytes:
        """The payload in compact serialisation (RFC 7515 §7.1), signed by ES256; the header brings the chain."""
        signed = self._header + b"." + _base64url(payload)
        r, s = decode_dss_signature(self._sign(signed))
        # RFC 7518 §3.4: R and S, 32 octets each, and not the DER that X.509 uses.
        return signed + b"." + _base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def _base64url(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")
