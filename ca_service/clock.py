"""Time as an argument: the only place where the service reads the machine's clock."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""The zone of screens, forms and dates that people write; data and protocols are in UTC."""

Clock = Callable[[], datetime]
"""Answers the present as an aware datetime in UTC."""


def system_clock() -> datetime:
    """The machine's clock, in UTC, cut to whole microseconds as the stores keep them."""
    return datetime.now(UTC)
