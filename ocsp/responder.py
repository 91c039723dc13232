"""The responder: octets of a request in, octets of an answer out, whatever the request and whatever fails."""

import logging
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from . import response
from .answer import Answer, lasting_answer, passing_answer
from .cache import AnswerCache, Follower
from .certid import CertId, HashAlgorithm, IssuerName, issuer_name
from .errors import ImpossibleResponse, MalformedRequest
from .issuer import ServedIssuer
from .observer import Counts, Observer
from .request import OcspRequest, parse_request
from .response import Signing, signing_at
from .signer import ResponderKey, certificate_facts
from .status import NEVER_ISSUED
from .store import StoredAnswer

_log = logging.getLogger(__name__)

_MALFORMED = passing_answer(response.MALFORMED_REQUEST)
_INTERNAL_ERROR = passing_answer(response.INTERNAL_ERROR)
_TRY_LATER = passing_answer(response.TRY_LATER)
_UNAUTHORIZED = passing_answer(response.UNAUTHORIZED)


@dataclass(frozen=True, slots=True)
class Policy:
    """How long answers live, and how clients may name a certificate."""

    # From thisUpdate to nextUpdate.
    validity: timedelta = timedelta(minutes=10)
    # In HTTP caches, where a freeze is not seen before it has passed.
    max_age: timedelta = timedelta(seconds=10)
    # Seconds after which nothing kept is used before the log of changes has been read again.
    staleness: float = 0.25
    # Keys in the cache of answers, about 1.5 KB each.
    capacity: int = 65_536
    # Serial numbers of each issuer whose status is kept, about 200 octets each.
    statuses: int = 262_144
    # RFC 5019 section 2.1.1 and RFC 9919's clients; a CertID by another is "unauthorized".
    algorithms: frozenset[HashAlgorithm] = frozenset({HashAlgorithm.SHA1, HashAlgorithm.SHA256})
    # How long the status of an expired certificate is kept, told as archive cutoff (RFC 6960 section 4.4.4); None: not
    # told.
    archive: timedelta | None = None

    def __post_init__(self) -> None:
        """Refuse lives that contradict each other."""
        if not timedelta(0) <= self.max_age <= self.validity / 2 or self.validity < timedelta(seconds=2):
            raise ImpossibleResponse("max_age must not exceed half the validity, which is 2 seconds or more")


class _Complaints:
    """Logs a failure with its trace at most once a minute: a key that is away for an hour must not fill the disk."""

    __slots__ = ("_due", "_monotonic", "_unsaid")

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._due, self._unsaid = monotonic(), 0

    def log(self, text: str) -> None:
        """Log the exception that is being handled, or count it for the next time."""
        now = self._monotonic()
        if now < self._due:
            self._unsaid += 1
            return
        self._due, unsaid, self._unsaid = now + 60, self._unsaid, 0
        _log.exception("%s (%d more like it since the last line)", text, unsaid)


class _Signed(NamedTuple):
    """A response as signed, its times in UTC, and whether a serial number in it was never issued."""

    body: bytes
    this_update: datetime
    next_update: datetime
    never_issued: bool


class _Served:
    """A served issuer, where its part of the cache stands, and what it signs with in this second."""

    __slots__ = ("_key", "_policy", "_signed_with", "_signing", "follower")

    def __init__(self, issuer: ServedIssuer, follower: Follower, policy: Policy) -> None:
        self.follower = follower
        self._key, self._policy = issuer.key, policy
        self._signing: Signing | None = None
        self._signed_with: ResponderKey | None = None

    def sign(self, request: OcspRequest, now: datetime) -> _Signed:
        """Answer a request by the status of each certificate, now or within the staleness bound."""
        known = self.follower.status([cert_id.serial for cert_id in request.cert_ids])
        signing = self._signing_at(now)
        never_issued = any(cert_id.serial not in known for cert_id in request.cert_ids)
        body = signing.response(
            [(cert_id, known.get(cert_id.serial, NEVER_ISSUED)) for cert_id in request.cert_ids],
            nonce=request.nonce,
            extended_revoke=never_issued,
        )
        return _Signed(body, signing.this_update, signing.next_update, never_issued)

    def _signing_at(self, now: datetime) -> Signing:
        """Return what to sign with: the same for a whole second, unless the signer is replaced."""
        key, signing = self._key(), self._signing
        if signing is None or self._signed_with is not key or signing.this_update != now.replace(microsecond=0):
            signing = signing_at(key, now, validity=self._policy.validity, archive=self._policy.archive)
            # Two threads may both do so; each uses its own, and the last one is kept.
            self._signing, self._signed_with = signing, key
        return signing


class Responder:
    """Answers for several issuers; one object serves all threads of a process."""

    def __init__(
        self,
        issuers: Sequence[ServedIssuer],
        clock: Callable[[], datetime],
        *,
        policy: Policy | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        observer: Observer | None = None,
    ) -> None:
        """`clock` returns aware times. Two issuers of the same name and key are an ImpossibleResponse."""
        self.counts = Counts()
        self._clock, self._complaints = clock, _Complaints(monotonic)
        self._policy = policy or Policy()
        self._cache = AnswerCache(
            monotonic=monotonic,
            staleness=self._policy.staleness,
            capacity=self._policy.capacity,
            statuses=self._policy.statuses,
        )
        self._served: dict[IssuerName, _Served] = {}
        for issuer in issuers:
            facts = certificate_facts(issuer.certificate)
            served = _Served(issuer, Follower(self._cache, issuer, observer), self._policy)
            for algorithm in self._policy.algorithms:
                name = issuer_name(facts, algorithm)
                if name in self._served:
                    raise ImpossibleResponse("two issuers with the same name and key")
                self._served[name] = served

    def answer(self, data: bytes) -> Answer:
        """Return the answer to the DER of a request; never raises: what fails becomes an OCSP error."""
        try:
            answer = self._cache.get(data)
            if answer is not None:
                self.counts.cached += 1
                return answer
            return self._answer(data)
        except MalformedRequest:
            self.counts.malformed += 1
            return _MALFORMED
        except ImpossibleResponse:
            self.counts.internal_error += 1
            _log.exception("the status source or the signer gave what no response can carry")
            return _INTERNAL_ERROR
        except Exception:
            self.counts.try_later += 1
            self._complaints.log("the status source or the signer failed")
            return _TRY_LATER

    def follow(self) -> None:
        """Read the logs whose bound has passed, as the next request would; raise what the source raises.

        Called at intervals, changes come into force without a request, and no request waits for the log.
        """
        for served in dict.fromkeys(self._served.values()):
            served.follower.confirm()

    def recheck(self) -> None:
        """Let the next request see what has just been committed, whatever the staleness bound."""
        for served in self._served.values():
            served.follower.doubt()

    def _answer(self, data: bytes) -> Answer:
        """Answer a request that is not in the cache as it stands."""
        request = parse_request(data)
        served = self._issuer_of(request.cert_ids)
        if served is None:
            self.counts.unauthorized += 1
            return _UNAUTHORIZED
        if request.nonce is not None or len(request.cert_ids) > 1:
            made = served.sign(request, self._clock())
            self.counts.signed_once += 1
            return passing_answer(made.body)
        key = ("CertID", request.cert_ids[0].raw)
        answer = self._cache.get(key)
        if answer is not None:
            self.counts.recognised += 1
        else:
            answer = self._answer_and_keep(served, request, key)
        self._cache.link(data, key)
        return answer

    def _issuer_of(self, cert_ids: Sequence[CertId]) -> _Served | None:
        """Return the one issuer of all these certificates, if there is one and it is served here."""
        found = {self._served.get(cert_id[:3]) for cert_id in cert_ids}
        return found.pop() if len(found) == 1 else None

    def _answer_and_keep(self, served: _Served, request: OcspRequest, key: Hashable) -> Answer:
        """Find or sign an answer without nonce for one certificate, and keep it; the order is told in cache.py."""
        (cert_id,) = request.cert_ids
        served.follower.confirm()
        seen, now = served.follower.version, self._clock()
        made: StoredAnswer | _Signed | None = served.follower.stored(cert_id)
        if made is None or _still_good(made, now) <= timedelta(0):
            made = served.sign(request, now)
            if made.never_issued:
                self.counts.never_issued += 1
                # Kept nowhere: no entry of the log need tell that the certificate has been issued since.
                return passing_answer(made.body)
            self.counts.signed += 1
        else:
            self.counts.presigned += 1
        # One from the store is looked for there again before long: it may have been emptied.
        good_for = min(_still_good(made, now), self._policy.validity)
        max_age = int(min(self._policy.max_age, good_for).total_seconds())
        answer = lasting_answer(made.body, max_age=max_age, this_update=made.this_update, next_update=made.next_update)
        self._cache.store(
            key,
            answer,
            follower=served.follower,
            serial=cert_id.serial,
            seen=seen,
            ttl=good_for.total_seconds(),
        )
        return answer


def _still_good(made: StoredAnswer | _Signed, now: datetime) -> timedelta:
    """Return for how long an answer is served: in the first half of its life, so that nobody gets one about to end."""
    return made.this_update + (made.next_update - made.this_update) / 2 - now
