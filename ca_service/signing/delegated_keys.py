"""Keys that sign in the CA's name for one purpose: which one signs now, and its renewal before it runs out."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from ca_service.clock import Clock
from ca_service.domain.certificates import Certificate
from ca_service.domain.errors import NotFound, Unavailable
from ca_service.signing.pkcs11_key import Pkcs11Key, find, generate, labels
from ca_service.signing.token_sessions import TokenSessions
from ca_service.workflows.issue import key_sha256

RENEW_BEFORE = timedelta(days=10)
_LOOK_AGAIN = 60.0

K = TypeVar("K")


@dataclass(frozen=True)
class Purpose:
    """The profile of the certificates, and how the labels of their keys on the issuing token begin."""

    profile: str
    prefix: str
    noun: str


OCSP = Purpose("ocsp-signer", "ocsp-", "OCSP 签名证书")
FEED = Purpose("feed-signer", "feed-", "账号变更签名证书")
AUDIT = Purpose("audit-signer", "audit-", "审计检查点签名证书")


class CurrentKey(Generic[K]):
    """The key of one purpose; looks for a newer certificate once a minute, so that a roll-over leaves no gap.

    `make` turns the certificate (DER) and its key into what the signing code uses; it is called once a certificate.
    """

    def __init__(
        self,
        purpose: Purpose,
        sessions: TokenSessions,
        certificates: Callable[[], Sequence[Certificate]],
        clock: Clock,
        *,
        make: Callable[[bytes, Pkcs11Key], K],
    ) -> None:
        self._purpose = purpose
        self._sessions = sessions
        self._certificates = certificates
        self._clock = clock
        self._make = make
        self._lock = threading.Lock()
        self._current: tuple[bytes, K] | None = None
        self._look_at = 0.0

    def __call__(self) -> K:
        """The key to sign with; raise Unavailable when there is none."""
        current = self._current
        if current is None or time.monotonic() >= self._look_at:
            with self._lock:
                current = self._refresh()
        if current is None:
            raise Unavailable(f"没有可用的{self._purpose.noun}。请运行 educa doctor。")
        return current[1]

    def _refresh(self) -> tuple[bytes, K] | None:
        newest = newest_signer(self._certificates(), self._clock())
        if newest is None or newest.der is None:
            self._current = None
            return None
        if self._current is None or self._current[0] != newest.der:
            key = key_of(self._sessions, self._purpose, newest)
            self._current = (newest.der, self._make(newest.der, key))
        self._look_at = time.monotonic() + _LOOK_AGAIN
        return self._current


def newest_signer(certificates: Sequence[Certificate], now: datetime) -> Certificate | None:
    """The signer certificate that lasts longest and has not run out."""
    usable = [c for c in certificates if c.der is not None and c.not_before <= now < c.not_after]
    return max(usable, key=lambda c: c.not_after, default=None)


def renewal_due(certificates: Sequence[Certificate], now: datetime, *, until: datetime) -> bool:
    """Whether a new signer should be made now; `until` is the CA's own end, beyond which no signer lasts."""
    newest = newest_signer(certificates, now)
    if newest is None:
        return now < until
    return newest.not_after - now < RENEW_BEFORE and newest.not_after < until


def new_key(sessions: TokenSessions, purpose: Purpose, suffix: str) -> Pkcs11Key:
    """A fresh P-256 key for the next signer certificate."""
    return generate(sessions, label=f"{purpose.prefix}{suffix}", curve="p256")


def key_of(sessions: TokenSessions, purpose: Purpose, certificate: Certificate) -> Pkcs11Key:
    """The key on the token that the certificate is for; raise NotFound."""
    for label in sorted(labels(sessions)):
        if label.startswith(purpose.prefix):
            key = find(sessions, label)
            if key_sha256(key.public_key) == certificate.key_sha256:
                return key
    raise NotFound(f"密钥设备中没有与{purpose.noun}对应的密钥。")
