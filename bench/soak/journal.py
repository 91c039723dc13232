"""What the service has acknowledged, and what went wrong on the way; written by all actors at once."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock


@dataclass
class Journal:
    """`acts`: steps of each certificate in the order they were acknowledged, as (event, mark written as the reason)."""

    requests: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    refused_connections: int = 0
    wrong: list[str] = field(default_factory=list)
    acts: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    downloads: dict[str, str] = field(default_factory=dict)
    approved: dict[str, str] = field(default_factory=dict)
    sign_ins: Counter[str] = field(default_factory=Counter)
    revoked: dict[str, float] = field(default_factory=dict)
    lists: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def asked(self, what: str) -> None:
        """One request, however often it has to be repeated."""
        with self._lock:
            self.requests[what] += 1

    def failed(self, kind: str) -> None:
        """A request whose first answer was none, or that it may be repeated."""
        with self._lock:
            self.errors[kind] += 1

    def turned_away(self) -> None:
        """A machine where nobody listened, before anything was sent; the other one is asked."""
        with self._lock:
            self.refused_connections += 1

    def is_wrong(self, what: str) -> None:
        """Something that must not happen."""
        with self._lock:
            self.wrong.append(what)

    @property
    def error_rate(self) -> float:
        """Failed requests in all."""
        return self.errors.total() / max(1, self.requests.total())

    def counts(self) -> Mapping[str, int]:
        """What was acknowledged, by kind."""
        return {
            "status changes": sum(map(len, self.acts.values())),
            "downloads": len(self.downloads),
            "applications approved": len(self.approved),
            "sign-ins": self.sign_ins.total(),
            "CRLs fetched": self.lists,
            "OCSP answers": self.answers.total(),
        }
