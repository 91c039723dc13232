"""How long the soak lasts, how much is done in it, and what is promised."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Intervals in seconds between two acts of one actor; the failover is in the middle."""

    minutes: float
    seed: int
    kill_every: float = 20.0
    download_every: float = 2.0
    status_every: float = 0.5
    import_every: float = 10.0
    sign_in_every: float = 3.0
    crl_every: float = 0.5
    ocsp_every: float = 0.02
    without_primary: float = 1.0
    highest_error_rate: float = 0.001
    # MiB that a process may gain after the warm-up: libraries fill caches for a while; what leaks grows on.
    most_growth: float = 10.0

    @property
    def seconds(self) -> float:
        """The whole run."""
        return self.minutes * 60

    @property
    def downloads(self) -> int:
        """How many persons stand ready to download."""
        return int(self.seconds / self.download_every) + 1

    @property
    def imports(self) -> int:
        """How many schools have no administrator yet, of those directly under the league."""
        return int(self.seconds / self.import_every) + 1
