"""Signed answers, kept as long as the status behind them is known to be unchanged.

    A thread that answers anew does, in this order     A thread that confirms does
    1. follower.confirm()                              a. note the time
    2. seen = follower.version                         b. read the changes after follower.version
    3. read the status, sign                           c. drop what they touched, move the version
    4. store, if follower.version is still `seen`      d. fresh until the noted time + staleness

4 and c exclude each other. A status read in 3 is at least as new as `seen`. A change after it is either
applied by c before 4, and then the version has moved and nothing is stored, or applied by c after 4, and then
drops what was stored.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from threading import Lock

from .answer import Answer
from .status import StatusSource

# So many different requests (other extensions, other signatures) find the answer for one certificate without
# being parsed; a client that varies them without end fills no more of the cache.
_KEYS_PER_SERIAL = 8


class Follower:
    """Follows the change log of one issuer for a cache."""

    __slots__ = ("_cache", "_confirming", "fresh_until", "keys", "source", "version")

    def __init__(self, cache: "AnswerCache", source: StatusSource) -> None:
        """Know nothing: the source is first asked when the first request arrives."""
        self._cache = cache
        self._confirming = Lock()
        self.source = source
        self.version = -1
        self.fresh_until = float("-inf")
        self.keys: dict[int, list[Hashable]] = {}

    def confirm(self) -> None:
        """Return once the cache is no older than the staleness bound; raise what the source raises."""
        cache = self._cache
        # Of many threads that find the bound passed one asks; the others wait for what it learns.
        with self._confirming:
            asked_at = cache.monotonic()
            if asked_at < self.fresh_until:
                return
            if self.version < 0:
                # There is nothing yet that a change could touch.
                cache.apply(self, self.source.version(), None)
            else:
                changes = self.source.changes_since(self.version)
                cache.apply(self, changes.version, changes.serials)
            self.fresh_until = asked_at + cache.staleness

    def doubt(self) -> None:
        """Let the next request read the log, however fresh the cache is."""
        # Under the lock: a confirmation that is under way may have read the log before the change.
        with self._confirming:
            self.fresh_until = float("-inf")


@dataclass(slots=True)
class _Cached:
    """An answer, whose log it hangs on, the serial number in it, and the monotonic time of its end."""

    answer: Answer
    follower: Follower
    serial: int
    expires: float


class AnswerCache:
    """Answers of several issuers by request and by CertID; safe for threads, bounded in size."""

    __slots__ = ("_answers", "_capacity", "_lock", "monotonic", "staleness")

    def __init__(self, *, monotonic: Callable[[], float], staleness: float, capacity: int) -> None:
        """`staleness` in seconds; `capacity` counts keys, usually two an answer; the oldest go first."""
        self.monotonic = monotonic
        self.staleness = staleness
        self._capacity = capacity
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

    def apply(self, follower: Follower, version: int, serials: Sequence[int] | None) -> None:
        """Drop the answers that these changes touch, or all of the issuer, and move to `version`."""
        with self._lock:
            # A version that went back is a source restored from a copy: what came between is not in its log.
            touched = list(follower.keys) if serials is None or version < follower.version else serials
            for serial in touched:
                for key in follower.keys.pop(serial, ()):
                    del self._answers[key]
            follower.version = version

    def _forget(self, key: Hashable) -> None:
        """Drop one key; the caller holds the lock."""
        cached = self._answers.pop(key)
        listed = cached.follower.keys[cached.serial]
        listed.remove(key)
        if not listed:
            del cached.follower.keys[cached.serial]
