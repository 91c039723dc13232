"""Time as an argument: everything below the CLI takes a `Clock`, so that tests can move it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The time of this machine, aware, UTC."""
    return datetime.now(UTC)
