"""Signed answers, and the statuses behind them, kept as long as they are known to be unchanged.

    A thread that answers anew does, in this order     A thread that confirms does
    1. follower.confirm()                              a. note the time
    2. seen = follower.version                         b. read the changes after follower.version
    3. read the status, sign                           c. drop what they touched, move the version
    4. keep, if follower.version is still `seen`       d. fresh until the noted time + staleness

4 and c exclude each other. A status read in 3 is at least as new as `seen`. A change after it is either
applied by c before 4, and then the version has moved and nothing is stored, or applied by c after 4, and then
drops what was stored.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from .answer import Answer
from .certid import CertId
from .issuer import ServedIssuer
from .observer import Observer
from .status import Changes, Status
from .store import Ledger, StoredAnswer

_log = logging.getLogger(__name__)

# So many different requests (other extensions, other signatures) find the answer for one certificate without
# being parsed; a client that varies them without end fills no more of the cache.
_KEYS_PER_SERIAL = 8


class Follower:
    """Follows the change log of one issuer for a cache."""

    __slots__ = (
        "_cache", "_confirming", "_ledger", "_observer", "_source", "_store", "fresh_until", "keys", "statuses",
        "version",
    )  # fmt: skip

    def __init__(self, cache: "AnswerCache", issuer: ServedIssuer, observer: Observer | None = None) -> None:
        """Know nothing: the source is first asked when the first request arrives."""
        self._cache, self._source, self._store = cache, issuer.source, issuer.store
        self._observer = observer
        self._confirming = Lock()
        self._ledger = Ledger()
        self.version = -1
        self.fresh_until = float("-inf")
        self.keys: dict[int, list[Hashable]] = {}
        self.statuses: dict[int, Status] = {}

    def confirm(self) -> None:
        """Return once the cache is no older than the staleness bound; raise what the source raises."""
        cache = self._cache
        if cache.monotonic() < self.fresh_until:
            return
        # Of many threads that find the bound passed one asks; the others wait for what it learns.
        with self._confirming:
            asked_at = cache.monotonic()
            if asked_at < self.fresh_until:
                return
            if self.version < 0:
                self._begin()
            else:
                changes = self._source.changes_since(self.version)
                if changes.version < self.version:
                    # A source restored from a copy: what came between is not in its log.
                    changes = Changes(changes.version, None)
                # First what is known of the store: an answer from there must not be kept under the new version.
                if self._store is not None:
                    self._ledger.note(changes.serials, changes.version)
                cache.apply(self, changes)
                if self._observer is not None and changes.moments:
                    self._observer.applied(changes)
            self.fresh_until = asked_at + cache.staleness

    def _begin(self) -> None:
        """Learn the version, and what has changed since the oldest answer in the store; nothing is kept here yet."""
        oldest = self._oldest()
        since = Changes(self._source.version(), ()) if oldest is None else self._source.changes_since(oldest)
        floor = since.version if oldest is None or since.serials is None else oldest
        self._ledger.begin(floor, since.serials or (), since.version)
        self._cache.apply(self, Changes(since.version, None))

    def doubt(self) -> None:
        """Let the next request read the log, however fresh the cache is."""
        # Under the lock: a confirmation that is under way may have read the log before the change.
        with self._confirming:
            self.fresh_until = float("-inf")

    def status(self, serials: Sequence[int]) -> Mapping[int, Status]:
        """Return the status of these serial numbers, no older than the staleness bound; absent: never issued."""
        self.confirm()
        seen = self.version
        # Looked up once each: another thread may drop one between two look-ups.
        kept = {serial: self.statuses.get(serial) for serial in serials}
        found = {serial: status for serial, status in kept.items() if status is not None}
        if len(found) < len(kept):
            read = self._source.status([serial for serial in kept if serial not in found])
            self._cache.learn(self, read, seen)
            found |= read
        return found

    def stored(self, cert_id: CertId) -> StoredAnswer | None:
        """Return the pre-signed answer for this certificate, if there is one that holds; confirm first."""
        if self._store is None:
            return None
        try:
            answer = self._store.get(cert_id.raw)
        except Exception:
            _log.exception("the store of pre-signed answers failed; signing here")
            return None
        return answer if answer is not None and self._ledger.holds(answer, self.version) else None

    def _oldest(self) -> int | None:
        """Return the version of the oldest answer in the store, None where there is none to be had."""
        try:
            return None if self._store is None else self._store.oldest()
        except Exception:
            _log.exception("the store of pre-signed answers failed; signing here")
            return None


@dataclass(slots=True)
class _Cached:
    """An answer, whose log it hangs on, the serial number in it, and the monotonic time of its end."""

    answer: Answer
    follower: Follower
    serial: int
    expires: float


class AnswerCache:
    """Answers of several issuers by request and by CertID; safe for threads, bounded in size."""

    __slots__ = ("_answers", "_capacity", "_lock", "_statuses", "monotonic", "staleness")

    def __init__(self, *, monotonic: Callable[[], float], staleness: float, capacity: int, statuses: int) -> None:
        """`staleness` in seconds; `capacity` counts keys, usually two an answer; `statuses` an issuer's serials.

        The oldest go first.
        """
        self.monotonic = monotonic
        self.staleness = staleness
        self._capacity = capacity
        self._statuses = statuses
        self._lock = Lock()
        self._answers: OrderedDict[Hashable, _Cached] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._answers)

    def get(self, key: Hashable) -> Answer | None:
        """Return the answer if it still holds; raises what the source raises when it had to be asked."""
        cached = self._answers.get(key)
        if cached is None:
            return None
        now = self.monotonic()
        if now >= cached.follower.fresh_until:
            cached.follower.confirm()
            cached = self._answers.get(key)
        if cached is None or now >= cached.expires:
            return None
        return cached.answer

    def store(self, key: Hashable, answer: Answer, *, follower: Follower, serial: int, seen: int, ttl: float) -> None:
        """Keep an answer for `ttl` seconds, unless a change was applied since the version `seen`."""
        cached = _Cached(answer, follower, serial, self.monotonic() + ttl)
        with self._lock:
            if follower.version == seen:
                self._keep(key, cached)

    def link(self, key: Hashable, known: Hashable) -> None:
        """Let `key` find what `known` finds, if that is still there."""
        with self._lock:
            cached = self._answers.get(known)
            if cached is not None and len(cached.follower.keys[cached.serial]) < _KEYS_PER_SERIAL:
                self._keep(key, cached)

    def _keep(self, key: Hashable, cached: _Cached) -> None:
        """Enter one key, and drop the oldest if that is one too many; the caller holds the lock."""
        if key in self._answers:
            self._forget(key)
        self._answers[key] = cached
        cached.follower.keys.setdefault(cached.serial, []).append(key)
        if len(self._answers) > self._capacity:
            self._forget(next(iter(self._answers)))

    def learn(self, follower: Follower, read: Mapping[int, Status], seen: int) -> None:
        """Keep these statuses, unless a change was applied since the version `seen`."""
        with self._lock:
            if follower.version == seen:
                follower.statuses.update(read)
                while len(follower.statuses) > self._statuses:
                    del follower.statuses[next(iter(follower.statuses))]

    def apply(self, follower: Follower, changes: Changes) -> None:
        """Drop what these changes touch, or all of the issuer, and move to their version."""
        serials = changes.serials
        with self._lock:
            if serials is None:
                follower.statuses.clear()
                serials = list(follower.keys)
            for serial in serials:
                follower.statuses.pop(serial, None)
                for key in follower.keys.pop(serial, ()):
                    del self._answers[key]
            follower.version = changes.version

    def _forget(self, key: Hashable) -> None:
        """Drop one key; the caller holds the lock."""
        cached = self._answers.pop(key)
        listed = cached.follower.keys[cached.serial]
        listed.remove(key)
        if not listed:
            del cached.follower.keys[cached.serial]
