"""One issuer's lists, complete and delta, fetched again in the background, believed to their nextUpdate, never
exchanged for older ones.
"""

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from teacher_registry.clock import Clock
from teacher_registry.publications.fetch import Fetch, Fetched, UnavailableError
from teacher_registry.verification.certificates import read_certificate
from teacher_registry.verification.crl_index import Listed, RevocationIndex, carry_delta, index_crl, with_delta
from teacher_registry.verification.revocation import Status, UntrustedAnswerError

_Lay = Callable[[RevocationIndex | None, bytes, datetime], RevocationIndex]


class CrlSource:
    """Status by CRL of one issuer. Safe for several threads: one fetches, the others take what is there. `failure`
    says why the last fetch brought nothing good, for the operator; it is empty when all is well.

    A death loses the lists and the memory of their numbers: a first fetch takes whatever the CA signed last, or
    what someone on the way kept back, until its nextUpdate.
    """

    def __init__(
        self,
        url: str,
        issuer: x509.Certificate,
        *,
        fetch: Fetch,
        clock: Clock,
        refresh: timedelta,
        delta_url: str = "",
    ) -> None:
        self._issuer = read_certificate(issuer.public_bytes(Encoding.DER))
        self._clock = clock
        self._refresh = refresh
        self._fetching = threading.Lock()
        self._index: RevocationIndex | None = None
        self._tried_at: datetime | None = None
        self.failure = "not asked yet"
        self._complete = _Publication(url, fetch)
        self._delta = _Publication(delta_url, fetch) if delta_url else None

    def status(self, certificate: x509.Certificate) -> Status:
        """`listed_status` of a certificate that this issuer is proven to have issued."""
        return self.listed_status(Listed.of(certificate))

    def listed_status(self, certificate: Listed) -> Status:
        """The status by a list that is current now.

        Raises `UnavailableError` if there is none, `UntrustedAnswerError` if it is about others.
        """
        return self._within(timedelta(0)).status(certificate)

    def last_status(self, certificate: Listed, grace: timedelta) -> Status:
        """The status by the last good list, if its nextUpdate has not passed by as much as `grace`. Raises likewise."""
        return self._within(grace).status(certificate)

    def refresh(self) -> None:
        """Fetch now, whatever the time; for the thread that keeps the lists fresh. Never raises."""
        with self._fetching:
            self._renew(self._clock())

    def _within(self, grace: timedelta) -> RevocationIndex:
        now = self._clock()
        # Who comes while another one fetches takes the old list, unless there is none yet: then he waits.
        if self._due(now) and self._fetching.acquire(blocking=self._index is None):
            try:
                if self._due(now):
                    self._renew(now)
            finally:
                self._fetching.release()
        index = self._index
        if index is None or now >= index.next_update + grace:
            raise UnavailableError(f"no current CRL: {self.failure}")
        return index

    def _due(self, now: datetime) -> bool:
        return self._tried_at is None or not timedelta(0) <= now - self._tried_at < self._refresh

    def _renew(self, now: datetime) -> None:
        """Replace the lists if newer good ones are there. Whatever else happens, the old ones stay until their
        nextUpdate: someone on the wire can keep us from hearing news, but not make us forget."""
        self._tried_at, self.failure = now, ""
        self._renew_from(self._complete, self._newer_complete, now)
        if self._delta is not None and self._index is not None:
            self._renew_from(self._delta, self._laid_over, now)

    def _renew_from(self, publication: "_Publication", lay: _Lay, now: datetime) -> None:
        try:
            fetched = publication.changed()
            if fetched is not None and fetched.body is not None:
                self._index = lay(self._index, fetched.body, now)
                publication.take(fetched)
        except (UnavailableError, UntrustedAnswerError) as error:
            self.failure = str(error)

    def _newer_complete(self, known: RevocationIndex | None, body: bytes, now: datetime) -> RevocationIndex:
        found = index_crl(body, self._issuer, now)
        if known is None:
            return found
        # RFC 5280 §5.2.3: the number only grows. An older list, still current, would bring a frozen one back
        # to life.
        if (found.number, found.this_update) < (known.number, known.this_update):
            raise UntrustedAnswerError("an older CRL was offered")
        return carry_delta(found, known)

    def _laid_over(self, known: RevocationIndex | None, body: bytes, now: datetime) -> RevocationIndex:
        if known is None:
            raise UntrustedAnswerError("a delta CRL without its base")
        return with_delta(known, body, self._issuer, now)


class _Publication:
    """One address, asked conditionally. What was taken from it is remembered by its digest: a server without
    validators must not make us read a million entries every time."""

    def __init__(self, url: str, fetch: Fetch) -> None:
        self._url = url
        self._fetch = fetch
        self._etag: str | None = None
        self._digest = b""

    def changed(self) -> Fetched | None:
        """What is there; None if it is what we have. Raises `UnavailableError`."""
        fetched = self._fetch.get(self._url, self._etag)
        if fetched.body is None or hashlib.sha256(fetched.body).digest() == self._digest:
            return None
        return fetched

    def take(self, fetched: Fetched) -> None:
        """It was good. Only now: the validator of a list that was not taken must not keep the next one away."""
        self._etag, self._digest = fetched.etag, hashlib.sha256(fetched.body or b"").digest()
