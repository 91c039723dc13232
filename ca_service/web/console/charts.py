"""Charts as figures for SVG: the pages draw them without a script, so they print and need no exception in the CSP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 12, 28


@dataclass(frozen=True)
class Curve:
    """One line: its name (a stored value), the points of an SVG polyline, and its last value."""

    name: str
    points: str
    last: int


@dataclass(frozen=True)
class Chart:
    """A line chart of running totals: ticks are (position, text), `marks` vertical lines at named days."""

    curves: Sequence[Curve]
    rows: Sequence[tuple[float, str]]
    columns: Sequence[tuple[float, str]]
    marks: Sequence[tuple[float, str]]


def running_totals(
    by_day: Mapping[str, Mapping[date, int]], *, marks: Mapping[str, date], today: date, ceiling: int
) -> Chart | None:
    """Lines of how many there were by each day; None when nothing has happened yet. `ceiling` is always in view."""
    first = min((day for days in by_day.values() for day in days), default=None)
    if first is None:
        return None
    start, end = first - timedelta(days=1), max(today, *marks.values(), first) if marks else max(today, first)
    top = _round_up(max(ceiling, *(sum(days.values()) for days in by_day.values()), 1))
    frame = _Frame(start, (end - start).days or 1, top)
    return Chart(
        curves=[Curve(name, frame.line(days, until=today), sum(days.values())) for name, days in by_day.items()],
        rows=[(frame.y(top * step / 4), f"{top * step // 4}") for step in range(5)],
        columns=[(frame.x(day), f"{day.month}月{day.day}日") for day in frame.ticks()],
        marks=[(frame.x(day), name) for name, day in marks.items() if start <= day <= end],
    )


@dataclass(frozen=True)
class _Frame:
    start: date
    days: int
    top: int

    def x(self, day: date) -> float:
        """In units of the picture's view box, as `y`."""
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * (day - self.start).days / self.days, 1)

    def y(self, value: float) -> float:
        """Falls as the value rises: SVG counts from the top."""
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / self.top, 1)

    def ticks(self) -> Sequence[date]:
        """At most twelve days, evenly apart, from the first one on."""
        step = max(1, self.days // 6)
        return [self.start + timedelta(days=number) for number in range(0, self.days + 1, step)]

    def line(self, days: Mapping[date, int], *, until: date) -> str:
        """The points attribute of an SVG polyline: a staircase of the running total."""
        moments = sorted(days)
        totals = accumulate(days[day] for day in moments)
        points = [(self.x(self.start), self.y(0))]
        for day, total in zip(moments, totals, strict=True):
            # A step: nothing is known to lie between two days.
            points += [(self.x(day), points[-1][1]), (self.x(day), self.y(total))]
        if not moments or moments[-1] < until:
            points.append((self.x(until), points[-1][1]))
        return " ".join(f"{x},{y}" for x, y in points)


def _round_up(value: int) -> int:
    """The next number of at least `value` that four equal rows divide."""
    step = 1
    while step * 20 < value:
        step *= 10
    unit = step * 4
    return -(-value // unit) * unit


def heat(share: float) -> int:
    """A share of 0 to 1 as one of the eleven steps of the style sheet."""
    return int(share * 10)
