"""The responder: octets of a request in, octets of an answer out, whatever the request and whatever fails."""

import hashlib
import logging
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from . import response
from .answer import Answer, lasting_answer, passing_answer
from .cache import AnswerCache, Follower
from .errors import ImpossibleResponse, MalformedRequest, SignerExpired
from .request import CertId, OcspRequest, parse_request
from .response import ResponderKey, build_response, certificate_facts
from .status import NEVER_ISSUED, Status, StatusSource

_log = logging.getLogger(__name__)

_MALFORMED = passing_answer(response.MALFORMED_REQUEST)
_INTERNAL_ERROR = passing_answer(response.INTERNAL_ERROR)
_TRY_LATER = passing_answer(response.TRY_LATER)
_UNAUTHORIZED = passing_answer(response.UNAUTHORIZED)

# How a client may name the issuer: by SHA-1 (RFC 5019 section 2.1.1) or SHA-256 (RFC 9654's clients do).
_HASHES: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("1.3.14.3.2.26", lambda data: hashlib.sha1(data, usedforsecurity=False).digest()),
    ("2.16.840.1.101.3.4.2.1", lambda data: hashlib.sha256(data).digest()),
)


@dataclass(frozen=True, slots=True)
class ServedIssuer:
    """A CA whose certificates are answered for: its certificate (DER), their status, and who signs.

    `key` is called for every new answer, so that the signer can be replaced; it should return the same object
    until then, and may raise: the client is told to try later.
    """

    certificate: bytes
    source: StatusSource
    key: Callable[[], ResponderKey]


@dataclass(frozen=True, slots=True)
class Policy:
    """How long answers live.

    `validity`: from thisUpdate to nextUpdate. `max_age`: in HTTP caches, where a freeze is not seen before it
    has passed. `staleness`: seconds after which a kept answer is not served before the log of changes has
    been read again. `capacity`: keys in the cache, about 1.5 KB each.
    """

    validity: timedelta = timedelta(minutes=10)
    max_age: timedelta = timedelta(seconds=10)
    staleness: float = 0.25
    capacity: int = 65_536

    def __post_init__(self) -> None:
        """Refuse lives that contradict each other."""
        if not timedelta(0) <= self.max_age <= self.validity / 2 or self.validity < timedelta(seconds=2):
            raise ImpossibleResponse("max_age must not exceed half the validity, which is 2 seconds or more")


@dataclass(frozen=True, slots=True, eq=False)
class _Served:
    """A served issuer and where its part of the cache stands."""

    issuer: ServedIssuer
    follower: Follower


@dataclass(frozen=True, slots=True)
class _Signed:
    """A response as signed, its times in UTC, and whether a serial number in it was never issued."""

    body: bytes
    this_update: datetime
    next_update: datetime
    never_issued: bool


class Responder:
    """Answers for several issuers; one object serves all threads of a process."""

    def __init__(
        self,
        issuers: Sequence[ServedIssuer],
        clock: Callable[[], datetime],
        *,
        policy: Policy | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` returns aware times. Two issuers of the same name and key are an ImpossibleResponse."""
        self._clock = clock
        self._policy = policy or Policy()
        self._cache = AnswerCache(monotonic=monotonic, staleness=self._policy.staleness, capacity=self._policy.capacity)
        self._served: dict[tuple[str, bytes, bytes], _Served] = {}
        for issuer in issuers:
            facts = certificate_facts(issuer.certificate)
            served = _Served(issuer, Follower(self._cache, issuer.source))
            for oid, digest in _HASHES:
                name = (oid, digest(facts.subject), digest(facts.key_bits))
                if name in self._served:
                    raise ImpossibleResponse("two issuers with the same name and key")
                self._served[name] = served

    def answer(self, data: bytes) -> Answer:
        """Return the answer to the DER of a request; never raises: what fails becomes an OCSP error."""
        try:
            return self._cache.get(data) or self._answer(data)
        except MalformedRequest:
            return _MALFORMED
        except ImpossibleResponse:
            _log.exception("the status source or the signer gave what no response can carry")
            return _INTERNAL_ERROR
        except Exception:
            _log.exception("the status source or the signer failed")
            return _TRY_LATER

    def recheck(self) -> None:
        """Let the next request see what has just been committed, whatever the staleness bound."""
        for served in self._served.values():
            served.follower.doubt()

    def _answer(self, data: bytes) -> Answer:
        """Answer a request that is not in the cache as it stands."""
        request = parse_request(data)
        served = self._issuer_of(request.cert_ids)
        if served is None:
            return _UNAUTHORIZED
        if request.nonce is not None or len(request.cert_ids) > 1:
            return passing_answer(self._sign(served, request).body)
        key = ("CertID", request.cert_ids[0].raw)
        answer = self._cache.get(key) or self._answer_and_keep(served, request, key)
        self._cache.link(data, key)
        return answer

    def _issuer_of(self, cert_ids: Sequence[CertId]) -> _Served | None:
        """Return the one issuer of all these certificates, if there is one and it is served here."""
        found = {
            self._served.get((cert_id.hash_algorithm, cert_id.issuer_name_hash, cert_id.issuer_key_hash))
            for cert_id in cert_ids
        }
        return found.pop() if len(found) == 1 else None

    def _answer_and_keep(self, served: _Served, request: OcspRequest, key: Hashable) -> Answer:
        """Sign a new answer without nonce for one certificate, and keep it; the order is told in cache.py."""
        served.follower.confirm()
        seen = served.follower.version
        signed = self._sign(served, request)
        if signed.never_issued:
            # Kept nowhere: no entry of the log need tell that the certificate has been issued since.
            return passing_answer(signed.body)
        life = (signed.next_update - signed.this_update) / 2
        max_age = int(min(self._policy.max_age, life).total_seconds())
        answer = lasting_answer(
            signed.body, max_age=max_age, this_update=signed.this_update, next_update=signed.next_update
        )
        (cert_id,) = request.cert_ids
        self._cache.store(
            key,
            answer,
            follower=served.follower,
            serial=cert_id.serial,
            seen=seen,
            ttl=life.total_seconds(),
        )
        return answer

    def _sign(self, served: _Served, request: OcspRequest) -> _Signed:
        """Read the status of all that is asked for and sign the response."""
        known = served.issuer.source.status([cert_id.serial for cert_id in request.cert_ids])
        key = served.issuer.key()
        now = self._clock().astimezone(UTC).replace(microsecond=0)
        expires = certificate_facts(key.certificate).not_after
        if expires <= now:
            raise SignerExpired("the signer's certificate has expired")
        never_issued = any(cert_id.serial not in known for cert_id in request.cert_ids)
        # An answer that outlives its signer's certificate would be believed by some clients only.
        next_update = min(now + self._policy.validity, expires)
        statuses: list[tuple[CertId, Status]] = [
            (cert_id, known.get(cert_id.serial, NEVER_ISSUED)) for cert_id in request.cert_ids
        ]
        body = build_response(
            key,
            statuses,
            produced_at=now,
            next_update=next_update,
            nonce=request.nonce,
            extended_revoke=never_issued,
        )
        return _Signed(body, now, next_update, never_issued)
