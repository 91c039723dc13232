"""The chart of the last hour's propagation, as figures for SVG; the page's script puts newer ones in their place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from ca_service.clock import SHANGHAI
from ca_service.domain.propagation import PROMISED, Spread
from ca_service.web.console.charts import HEIGHT, WIDTH

_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 12, 28
_SPAN, _TICK = timedelta(hours=1), timedelta(minutes=10)
_ROWS = 5


@dataclass(frozen=True)
class LatencyChart:
    """Lines through the minutes in which something arrived; ticks are (position, text), `promise` the height of it."""

    p99: str
    half: str
    dots: list[tuple[float, float]]
    rows: list[tuple[float, str]]
    columns: list[tuple[float, str]]
    promise: float


def latency_chart(minutes: Mapping[datetime, Spread], *, now: datetime) -> LatencyChart:
    """The hour that ends now. The promise is always in view, and so is the slowest minute."""
    start = now - _SPAN
    top = _round_up(max(PROMISED.total_seconds(), *(one.p99 for one in minutes.values()), 0.0) * 1.1)

    def x(moment: datetime) -> float:
        share = min(1.0, max(0.0, (moment - start) / _SPAN))
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * share, 1)

    def y(seconds: float) -> float:
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * seconds / top, 1)

    p99 = [(x(minute), y(one.p99)) for minute, one in minutes.items()]
    half = [(x(minute), y(one.half)) for minute, one in minutes.items()]
    first = start.replace(minute=start.minute // 10 * 10, second=0, microsecond=0) + _TICK
    ticks = [first + step * _TICK for step in range(6)]
    return LatencyChart(
        p99=" ".join(f"{a},{b}" for a, b in p99),
        half=" ".join(f"{a},{b}" for a, b in half),
        dots=p99,
        rows=[(y(top * step / _ROWS), f"{top * step / _ROWS:g}") for step in range(_ROWS + 1)],
        columns=[(x(tick), f"{tick.astimezone(SHANGHAI):%H:%M}") for tick in ticks],
        promise=y(PROMISED.total_seconds()),
    )


def _round_up(seconds: float) -> float:
    """The next multiple of a half, or of ten where it is long: five rows with short numbers."""
    step = 0.5 if seconds <= 5 else 10
    return ceil(seconds / step) * step
