"""Tokens against cross-site requests.

The browser adds the certificate to every request by itself, whoever caused the request; so a change also
needs a token that only a page of ours could have read. The token is bound to the certificate and lives two
hours. A form sends it as `csrf_token`; a program reads `csrf_token` from `GET /accounts` (Accept:
application/json) and sends it as the header `X-CSRF-Token`.
"""

import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256

_LIFE = timedelta(hours=2)


class CsrfRefusedError(Exception):
    """No token, another certificate's token, or one that is too old."""


class CsrfTokens:
    """`secret`: 32 octets from a CSPRNG; with a new one (each start) all tokens handed out before are
    void.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def issue(self, fingerprint: bytes, at: datetime) -> str:
        """`fingerprint` is SHA-256 of the certificate that the page is made for."""
        seconds = int(at.timestamp())
        return f"{seconds}.{self._mac(fingerprint, seconds)}"

    def check(self, token: str, fingerprint: bytes, at: datetime, *, void_before: datetime | None = None) -> None:
        """Raises `CsrfRefusedError`; also for a token of a page that was made before `void_before`."""
        stamp, _, mac = token.partition(".")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12 and mac.isascii()):
            raise CsrfRefusedError("no token")
        if not hmac.compare_digest(mac, self._mac(fingerprint, int(stamp))):
            raise CsrfRefusedError("the token of another certificate, or of none")
        if not timedelta(0) <= at - datetime.fromtimestamp(int(stamp), UTC) <= _LIFE:
            raise CsrfRefusedError("the token is too old")
        if void_before is not None and datetime.fromtimestamp(int(stamp), UTC) < void_before:
            raise CsrfRefusedError("the CA ended what was open")

    def _mac(self, fingerprint: bytes, seconds: int) -> str:
        message = b"registry-csrf-v1\0" + fingerprint + seconds.to_bytes(8, "big")
        return hmac.new(self._secret, message, sha256).hexdigest()
