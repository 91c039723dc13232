"""What a scrape asks the database: gauges of the whole service, the same from whichever machine they are read."""

import platform
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from importlib.metadata import version

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ca_service.domain.errors import DomainError
from ca_service.domain.health import Health, ListHealth


class StateCollector(Collector):
    """Reads the state anew for each scrape; a database that cannot be read is a metric, not an error."""

    def __init__(self, health: Callable[[], Health]) -> None:
        self._health = health

    def collect(self) -> Iterable[Metric]:
        """Asked at each scrape; a store that is away gives `store_up 0` and nothing that is known from it."""
        yield _gauge("build_info", "Which version this is", ({"version": version("education-ca"), "python": platform.python_version()}, 1))  # fmt: skip  # noqa: E501
        try:
            health = self._health()
        except DomainError:
            yield _gauge("store_up", "Whether the database could be read", ({}, 0))
            return
        yield _gauge("store_up", "Whether the database could be read", ({}, 1))
        up: list[Sample] = [({"token": one.token}, not one.away) for one in health.devices]
        yield _gauge("hsm_up", "Whether the token can be used, by the process that is scraped", *up)
        yield from _lists(health)
        yield from _queues(health)


Sample = tuple[dict[str, str], float]


def _gauge(name: str, text: str, *samples: Sample) -> Metric:
    labels = list(samples[0][0]) if samples else []
    family = GaugeMetricFamily(f"educa_{name}", text, labels=labels)
    for values, value in samples:
        family.add_metric(list(values.values()), value)
    return family


def _lists(health: Health) -> Iterator[Metric]:
    def each(measure: Callable[[ListHealth], float]) -> list[Sample]:
        return [({"issuer": one.issuer, "list": one.name}, measure(one)) for one in health.lists]

    def seconds(moment: datetime | None) -> float:
        """Until then."""
        return 0.0 if moment is None else (moment - health.at).total_seconds()

    yield _gauge("crl_number", "Number of the newest published CRL", *each(lambda one: one.number))
    yield _gauge("crl_age_seconds", "Since its thisUpdate", *each(lambda one: -seconds(one.this_update)))
    yield _gauge("crl_left_seconds", "Until its nextUpdate", *each(lambda one: seconds(one.next_update)))
    yield _gauge("crl_refused", "1 if the gate refused the list after it", *each(lambda one: one.refused))
    yield _gauge("crl_unpublished_changes", "Changes of status in no list yet", *each(lambda one: one.unpublished))
    waiting = each(lambda one: -seconds(one.unpublished_since))
    yield _gauge("crl_unpublished_seconds", "Since the oldest of them", *waiting)
    signers: list[Sample] = [({"profile": name}, seconds(end)) for name, end in health.signers.items()]
    yield _gauge("signer_left_seconds", "Until the delegated signer's certificate ends; 0: there is none", *signers)


def _queues(health: Health) -> Iterator[Metric]:
    due = health.overdue_message
    late = 0.0 if due is None else max(0.0, (health.at - due).total_seconds())
    messages: list[Sample] = [
        ({"status": status}, health.messages.get(status, 0)) for status in ("pending", "sending", "failed", "uncertain")
    ]
    yield _gauge("outbox_messages", "Messages that have not gone out", *messages)
    yield _gauge("outbox_late_seconds", "Since the oldest pending message was due", ({}, late))
    yield _gauge("push_waiting", "Approved persons whom the CA has not confirmed", ({}, health.waiting_for_push))
    yield _gauge("signing_interrupted", "Serials whose signature is not recorded", ({}, health.interrupted))
    yield _gauge("orders_overdue", "Orders that no second officer confirmed in time", ({}, health.escalated_orders))
    yield _gauge("audit_head", "Number of the last audit entry", ({}, health.audit_entries))
    alive = [pulse.part for pulse in health.alive]
    parts: list[Sample] = [({"part": part}, alive.count(part)) for part in ("publication", "console", "worker")]
    yield _gauge("processes", "Processes on all machines that were heard of within a minute", *parts)
