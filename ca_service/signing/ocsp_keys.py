"""The delegated OCSP signer: which key signs now, and its renewal before it runs out."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from ca_service.clock import Clock
from ca_service.domain.certificates import Certificate
from ca_service.domain.errors import NotFound, Unavailable
from ca_service.signing.pkcs11_key import Pkcs11Key, find, generate, labels
from ca_service.signing.token_sessions import TokenSessions
from ca_service.workflows.issue import key_sha256
from ocsp import ResponderKey

RENEW_BEFORE = timedelta(days=10)
_PREFIX = "ocsp-"
_LOOK_AGAIN = 60.0


class OcspSigner:
    """Gives the responder its key; looks for a newer certificate once a minute, so that a roll-over leaves no gap."""

    def __init__(
        self, sessions: TokenSessions, certificates: Callable[[], Sequence[Certificate]], clock: Clock
    ) -> None:
        self._sessions = sessions
        self._certificates = certificates
        self._clock = clock
        self._lock = threading.Lock()
        self._current: ResponderKey | None = None
        self._look_at = 0.0

    def __call__(self) -> ResponderKey:
        """The key to sign with; raise Unavailable when there is none."""
        if self._current is None or time.monotonic() >= self._look_at:
            with self._lock:
                self._refresh()
        if self._current is None:
            raise Unavailable("没有可用的 OCSP 签名证书。请运行 educa doctor。")
        return self._current

    def _refresh(self) -> None:
        newest = newest_signer(self._certificates(), self._clock())
        if newest is None:
            self._current = None
            return
        if self._current is None or self._current.certificate != newest.der:
            key = key_of(self._sessions, newest)
            self._current = ResponderKey(
                certificate=newest.der or b"", signature_algorithm=key.algorithm, sign=key.sign
            )
        self._look_at = time.monotonic() + _LOOK_AGAIN


def newest_signer(certificates: Sequence[Certificate], now: datetime) -> Certificate | None:
    """The signer certificate that lasts longest and has not run out."""
    usable = [c for c in certificates if c.der is not None and c.not_before <= now < c.not_after]
    return max(usable, key=lambda c: c.not_after, default=None)


def renewal_due(certificates: Sequence[Certificate], now: datetime) -> bool:
    """Whether a new signer should be made now."""
    newest = newest_signer(certificates, now)
    return newest is None or newest.not_after - now < RENEW_BEFORE


def new_key(sessions: TokenSessions, suffix: str) -> Pkcs11Key:
    """A fresh P-256 key for the next signer certificate."""
    return generate(sessions, label=f"{_PREFIX}{suffix}", curve="p256")


def key_of(sessions: TokenSessions, certificate: Certificate) -> Pkcs11Key:
    """The key on the token that the certificate is for; raise NotFound."""
    for label in sorted(labels(sessions)):
        if label.startswith(_PREFIX):
            key = find(sessions, label)
            if key_sha256(key.public_key) == certificate.key_sha256:
                return key
    raise NotFound("密钥设备中没有与 OCSP 签名证书对应的密钥。")
