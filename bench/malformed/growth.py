"""Whether the process grows: resident memory by the number of requests, after it has warmed up."""

import gc
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression

_PAGE = 4096
_WARM = 0.3
"""The share of the samples that is warming up: caches, imports, arenas."""


@dataclass
class Growth:
    """Samples of (requests, octets)."""

    samples: list[tuple[int, int]] = field(default_factory=list)

    def sample(self, requests: int) -> None:
        """Look now; what waits for the collector is not growth."""
        gc.collect()
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
        self.samples.append((requests, resident))

    def per_request(self) -> float:
        """Octets by which each request made the process larger, by linear regression; 0 with too few samples."""
        warm = self.samples[int(len(self.samples) * _WARM) :]
        if len(warm) < 3:
            return 0.0
        return linear_regression(*zip(*warm, strict=True)).slope

    def megabytes(self) -> float:
        """The size at the last look."""
        return self.samples[-1][1] / 1e6 if self.samples else 0.0
