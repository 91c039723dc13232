"""The Meter that Prometheus reads.

Several processes of one service write into files of a common folder ($PROMETHEUS_MULTIPROC_DIR, set by `educa serve`),
each into its own by mmap; a scrape adds them up. Alone, a process keeps its numbers in memory.
"""

import os
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from ca_service.domain.key_use import Use
from ca_service.domain.orders import OrderAct
from ca_service.domain.propagation import Reach

FOLDER = "PROMETHEUS_MULTIPROC_DIR"

_PROPAGATION = (0.05, 0.1, 0.25, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 900, 3600)
_WORK = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
# The usual reasons; the rarer ones appear when they happen.
_REFUSALS = ("password", "code", "too-many")
_TOKEN_REFUSALS = ("full", "slow", "stuck", "rate")
_ANSWER = (0.01, 0.05, 0.1, 0.5, 1, 5)


class PrometheusMeter:
    """Implements `workflows.ports.Meter`; one a process, since two would write over each other's numbers."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"educa_{name}", text, labels, registry=self._registry)

        def histogram(name: str, text: str, *labels: str, buckets: Iterable[float]) -> Histogram:
            return Histogram(f"educa_{name}_seconds", text, labels, buckets=tuple(buckets), registry=self._registry)

        self._ocsp = counter("ocsp_answers", "OCSP requests by how they came out", "outcome")
        self._token_logins = counter("hsm_logins", "Sessions opened on a token: first ones and reconnects", "token")
        self._token_errors = counter("hsm_errors", "Uses of a token that failed", "token")
        self._token_refusals = counter("hsm_refused", "Uses of a token refused before they got there", "why")
        self._token_waits = histogram("hsm_wait", "Of uses that had to wait for their turn", "use", buckets=_WORK)
        self._token_queue = Gauge(
            "educa_hsm_waiting", "Threads that wait for the token module", registry=self._registry,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self._audit = counter("audit_entries", "Committed audit entries", "tag")
        self._sign_in = counter("sign_in_refusals", "Refused sign-ins to the console", "why")
        self._tasks = counter("worker_tasks", "Tasks of the worker's rounds", "task", "outcome")
        self._requests = counter("http_requests", "Answered requests", "part", "route", "status")
        self._answer = histogram("http_request", "From request to answer", "part", "route", buckets=_ANSWER)
        self._propagation = histogram(
            "propagation", "From a change's line in the status log to where it arrived", "reach", buckets=_PROPAGATION
        )
        self._issue = histogram("issue", "From the intent of a certificate to its record", "profile", buckets=_WORK)
        self._status = histogram("status_change", "From an order to its commit", "act", buckets=_WORK)

    def prepare(self, *, outcomes: Iterable[str], tokens: Iterable[str], profiles: Iterable[str]) -> None:
        """Begin at zero: a counter that only appears with its first event shows a scraper no increase."""
        names: Iterable[tuple[Counter | Histogram, Iterable[str]]] = (
            (self._ocsp, outcomes),
            (self._token_logins, tokens := list(tokens)),
            (self._token_errors, tokens),
            (self._issue, profiles),
            (self._status, OrderAct),
            (self._propagation, Reach),
            (self._sign_in, _REFUSALS),
            (self._token_refusals, _TOKEN_REFUSALS),
            (self._token_waits, Use),
        )
        for metric, values in names:
            for value in values:
                metric.labels(str(value))

    @property
    def scraped(self) -> CollectorRegistry:
        """What a scrape reads: the numbers of all processes of this service, or of this one where it is alone."""
        if FOLDER not in os.environ:
            return self._registry
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry

    def issued(self, profile: str, seconds: float) -> None:
        """See the port."""
        self._issue.labels(profile).observe(max(0.0, seconds))

    def status_changed(self, act: str, seconds: float) -> None:
        """See the port."""
        self._status.labels(act).observe(max(0.0, seconds))

    def propagated(self, reach: Reach, seconds: float, changes: int) -> None:
        """See the port."""
        histogram = self._propagation.labels(reach.value)
        for _ in range(changes):
            histogram.observe(seconds)

    def ocsp_answered(self, outcome: str, answers: int) -> None:
        """See the port."""
        self._ocsp.labels(outcome).inc(answers)

    def sign_in_refused(self, why: str) -> None:
        """See the port."""
        self._sign_in.labels(why).inc()

    def audited(self, tag: str, entries: int) -> None:
        """See the port."""
        self._audit.labels(tag).inc(entries)

    def token_opened(self, token: str) -> None:
        """See the port."""
        self._token_logins.labels(token).inc()

    def token_failed(self, token: str) -> None:
        """See the port."""
        self._token_errors.labels(token).inc()

    def token_waiting(self, waiting: int) -> None:
        """See the port."""
        self._token_queue.set(waiting)

    def token_waited(self, use: Use, seconds: float) -> None:
        """See the port."""
        self._token_waits.labels(use.value).observe(max(0.0, seconds))

    def token_refused(self, why: str) -> None:
        """See the port."""
        self._token_refusals.labels(why).inc()

    def requested(self, part: str, route: str, *, status: int, seconds: float) -> None:
        """See the port."""
        self._requests.labels(part, route, f"{status // 100}xx").inc()
        self._answer.labels(part, route).observe(seconds)

    def task_done(self, task: str, *, well: bool) -> None:
        """See the port."""
        self._tasks.labels(task, "done" if well else "failed").inc()
