"""Pulls the account feed: one page after the other until the head, then again every moment.

The policy, by how old the last good page is: fresh (30 s) = everything; older = no changes and no exports; older
than the grace (24 h) = no sign-in either. An untrusted page is not applied and makes nothing fresh.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from teacher_registry.accounts.journal import Journal
from teacher_registry.accounts.standings import Standings
from teacher_registry.clock import Clock
from teacher_registry.feed.page import LATER_KINDS, FeedPage, SignerJudge, UntrustedPageError, read_page
from teacher_registry.publications.fetch import Fetch, UnavailableError
from teacher_registry.refusal import RefusalError, RefusalKind

# A page is signed when it is asked for. One that is older was kept back by somebody on the way.
_MAX_PAGE_AGE = timedelta(seconds=60)
_CLOCK_SKEW = timedelta(seconds=5)
_LIMIT = 500
_KINDS = ",".join(LATER_KINDS)
# How often "nothing new" is written down, for the next start.
_NOTE_EVERY = timedelta(minutes=1)
_log = structlog.get_logger(__name__)


class News(Protocol):
    """What the pages need to know of the feed: is it recent enough?"""

    def require(self, *, change: bool) -> None:
        """Raise `RefusalError` if the last good page is too old for a change, or for a look."""


class NoFeed:
    """`News` of a registry without a feed: revocation alone decides."""

    def require(self, *, change: bool) -> None:
        """Nothing is asked."""


@dataclass(frozen=True)
class FeedPolicy:
    """How old the last good page may be: for changes and exports, and for everything."""

    fresh: timedelta
    grace: timedelta


class FeedPuller:
    """`poll` pulls up to the head. Safe beside other processes on the same database."""

    def __init__(
        self,
        url: str,
        *,
        fetch: Fetch,
        judge: SignerJudge,
        standings: Standings,
        journal: Journal,
        clock: Clock,
        policy: FeedPolicy,
    ) -> None:
        self._url = url
        self._fetch = fetch
        self._judge = judge
        self._standings = standings
        self._journal = journal
        self._clock = clock
        self._policy = policy
        self._last_good = standings.position().polled_at
        self._last_reason = ""

    def require(self, *, change: bool) -> None:
        """See `News`."""
        allowed = self._policy.fresh if change else self._policy.grace
        if self._last_good is None or self._clock() - self._last_good > allowed:
            raise RefusalError(RefusalKind.ACCOUNT_UNKNOWN, "the account feed is too old")

    def poll(self) -> bool:
        """Pull to the head. False if nothing came, or nothing that can be believed; the log says which."""
        try:
            while not self._pull_one():
                pass
        except UnavailableError as error:
            if self._is_new("unavailable"):
                _log.warning("account feed", error=str(error))
            return False
        except UntrustedPageError as error:
            if self._is_new(error.reason):
                _log.error("account feed", error=str(error))
                self._journal.feed_refused(error.reason, self._clock())
            return False
        if self._is_new(""):
            _log.info("account feed is good again")
        return True

    def _is_new(self, reason: str) -> bool:
        """It is asked twice a second; what stays as it is, is said once."""
        changed, self._last_reason = reason != self._last_reason, reason
        return changed

    def _pull_one(self) -> bool:
        """One page; True if it was the last."""
        position = self._standings.position()
        asked_at = self._clock()
        answer = self._fetch.get(f"{self._url}?after={position.seq}&limit={_LIMIT}&kinds={_KINDS}", None)
        page = read_page(answer.body or b"", self._judge)
        self._require_next(page, position.seq, position.head, position.page_at)
        if page.events and not self._standings.apply(page, asked_at):
            return False
        if not page.events and page.head > page.next:
            raise UntrustedPageError("gap", "no events, though there are more")
        # It is as new as the CA's signature, not as its arrival: whoever holds pages back makes them old.
        self._last_good = min(page.at, asked_at)
        if position.polled_at is None or asked_at - position.polled_at > _NOTE_EVERY:
            self._standings.note_poll(self._last_good)
        return page.next == page.head

    def _require_next(self, page: FeedPage, seq: int, head: int, last_at: datetime | None) -> None:
        now = self._clock()
        if page.after != seq:
            raise UntrustedPageError("order", f"a page after {page.after}, asked for after {seq}")
        if page.head < head or (last_at is not None and page.at < last_at):
            raise UntrustedPageError("replay", "an older page than the last one")
        if not -_CLOCK_SKEW <= now - page.at <= _MAX_PAGE_AGE:
            raise UntrustedPageError("replay", "a page that was not signed just now")
