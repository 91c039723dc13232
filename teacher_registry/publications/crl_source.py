"""One CRL, fetched again every few seconds while needed, believed to its nextUpdate, never exchanged for an
older one.
"""

import threading
from datetime import datetime, timedelta

from cryptography import x509

from teacher_registry.clock import Clock
from teacher_registry.publications.fetch import Fetch, UnavailableError
from teacher_registry.verification.crl_index import RevocationIndex, index_crl
from teacher_registry.verification.revocation import Status, UntrustedAnswerError


class CrlSource:
    """Status by CRL of one issuer. Safe for several threads: one fetches, the others wait for it."""

    def __init__(self, url: str, issuer: x509.Certificate, *, fetch: Fetch, clock: Clock, refresh: timedelta) -> None:
        self._url = url
        self._issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._refresh = refresh
        self._lock = threading.Lock()
        self._index: RevocationIndex | None = None
        self._etag: str | None = None
        self._tried_at: datetime | None = None
        self._failure = "not asked yet"

    def status(self, certificate: x509.Certificate) -> Status:
        """The status by a list that is current now.

        Raises `UnavailableError` if there is none, `UntrustedAnswerError` if it is about others.
        """
        now = self._clock()
        with self._lock:
            if self._due(now):
                self._renew(now)
            index = self._index
            if index is None or now >= index.next_update:
                raise UnavailableError(f"no current CRL: {self._failure}")
        return index.status(certificate)

    def _due(self, now: datetime) -> bool:
        return self._tried_at is None or not timedelta(0) <= now - self._tried_at < self._refresh

    def _renew(self, now: datetime) -> None:
        """Replace the list if a newer good one is there. Whatever else happens, the old one stays until its
        nextUpdate: someone on the wire can keep us from hearing news, but not make us forget."""
        self._tried_at = now
        try:
            fetched = self._fetch.get(self._url, self._etag)
            if fetched.body is None:
                return
            index = index_crl(fetched.body, self._issuer, now)
        except (UnavailableError, UntrustedAnswerError) as error:
            self._failure = str(error)
            return
        # RFC 5280 §5.2.3: the number only grows. An older list, still current, would bring a frozen one back
        # to life.
        if self._index is not None and index.number < self._index.number:
            self._failure = "an older CRL was offered"
            return
        self._index, self._etag = index, fetched.etag
