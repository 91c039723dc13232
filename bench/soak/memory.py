"""What processes hold: resident memory of each with all that it started, and whether that grows."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

# What the first third of a run fills (caches, pools, imports on first use) is warm-up.
_WARM_UP = 1 / 3
_FEWEST = 6


@dataclass
class Memory:
    """Samples (seconds, MiB) by name and process; a process that was started again is another one."""

    samples: dict[tuple[str, int], list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    def note(self, name: str, process: int) -> None:
        """Sample a process and its descendants; one that has just ended is left out."""
        with suppress(OSError):
            held = sum(_resident(one) for one in (process, *_below(process)))
            self.samples[name, process].append((time.monotonic(), held / 1024))

    def growth(self, run: float) -> Mapping[str, tuple[float, float]]:
        """By name, of processes that lived through the run: MiB after the warm-up, and what was gained from there on.

        The gain is that of the line of least squares, so that a single sample counts for little.
        """
        found = {}
        for (name, _), all_of_it in self.samples.items():
            began = all_of_it[0][0]
            warm = [(at - began, held) for at, held in all_of_it if at - began >= run * _WARM_UP]
            if len(warm) >= _FEWEST and warm[-1][0] >= run * 0.9:
                slope, level = _line(warm)
                found[name] = (level, slope * (warm[-1][0] - warm[0][0]))
        return found


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Slope and first value of the line of least squares."""
    count = len(points)
    middle, height = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    slope = sum((x - middle) * (y - height) for x, y in points) / sum((x - middle) ** 2 for x, _ in points)
    return slope, height + slope * (points[0][0] - middle)


def _resident(process: int) -> float:
    """KiB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return float(line.split()[1])
    return 0.0


def _below(process: int) -> Iterator[int]:
    for child in map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()):
        yield child
        yield from _below(child)
