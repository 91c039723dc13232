"""Tells the CA which certificates signed in for the first time, from an outbox in the registry's own database.

A row comes with the sign-in's entry in the log, in one transaction; it is marked once the CA has said 200. Death in
between: it is sent again, and the CA keeps the first only. No sign-in waits for the CA.
"""

import json
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts.models import FirstSignIn
from teacher_registry.clock import Clock
from teacher_registry.publications.fetch import Fetch, UnavailableError

# The CA takes no more at once.
_MAX_REPORTED = 1_000
# A CA that is away, or refuses, is not asked twice a second; and asking must not hold up the account feed.
_AGAIN_AFTER = timedelta(seconds=60)
_log = structlog.get_logger(__name__)


class SignInReporter:
    """`send` reports what is not reported yet; `fetch` carries the registry's token."""

    def __init__(self, url: str, *, fetch: Fetch, sessions: sessionmaker[Session], clock: Clock) -> None:
        self._url = url
        self._fetch = fetch
        self._sessions = sessions
        self._clock = clock
        self._failed_at: datetime | None = None

    def send(self) -> bool:
        """Send one report, if there is something to say. False if the CA did not take it; it is tried again later."""
        now = self._clock()
        if self._failed_at is not None and timedelta(0) <= now - self._failed_at < _AGAIN_AFTER:
            return False
        found = self._waiting()
        if not found:
            return True
        try:
            self._fetch.post(self._url, "application/json", _body(found))
        except UnavailableError as error:
            if self._failed_at is None:
                _log.warning("report of sign-ins", error=str(error))
            self._failed_at = now
            return False
        if self._failed_at is not None:
            _log.info("report of sign-ins is taken again")
        self._failed_at = None
        self._note(found, now)
        return True

    def waiting(self) -> int:
        """How many are not reported, at most one report's worth."""
        return len(self._waiting())

    def _waiting(self) -> list[FirstSignIn]:
        oldest = select(FirstSignIn).where(FirstSignIn.reported_at.is_(None)).order_by(FirstSignIn.at)
        with self._sessions() as session:
            return list(session.scalars(oldest.limit(_MAX_REPORTED)))

    def _note(self, reported: list[FirstSignIn], at: datetime) -> None:
        serials = [row.certificate_serial for row in reported]
        with self._sessions.begin() as session:
            session.execute(
                update(FirstSignIn).where(FirstSignIn.certificate_serial.in_(serials)).values(reported_at=at)
            )


def _body(rows: list[FirstSignIn]) -> bytes:
    moments = [{"serial": row.certificate_serial, "at": row.at.astimezone(UTC).isoformat()} for row in rows]
    return json.dumps({"sign_ins": moments}).encode()
