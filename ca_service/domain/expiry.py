"""When a holder is told that the certificate ends: as renewal becomes possible, and 30, 7 and 1 days before the end."""

from datetime import datetime, timedelta

DAYS_BEFORE = (30, 7, 1)


def moments(not_after: datetime, window: timedelta) -> list[datetime]:
    """All moments for a certificate, in order; before its renewal is possible nobody is told to renew it."""
    ahead = [window, *(timedelta(days=days) for days in DAYS_BEFORE if timedelta(days=days) < window)]
    return [not_after - before for before in ahead]


def next_notice(not_after: datetime, window: timedelta, *, after: datetime) -> datetime | None:
    """The first moment later than `after`; None when the last has passed."""
    return next((moment for moment in moments(not_after, window) if moment > after), None)


def reached(not_after: datetime, window: timedelta, *, at: datetime) -> bool:
    """Whether there is something to tell: the first moment has come, and the certificate has not ended."""
    return moments(not_after, window)[0] <= at <= not_after
