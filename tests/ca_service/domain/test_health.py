"""Each alarm is raised by its own cause and by nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ca_service.domain.health import Alarm, Health, ListHealth, Pulse, Raised, alarms
from ca_service.domain.propagation import Reach, Spread

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
LIST = ListHealth("issuing", "issuing", 7, NOW - timedelta(hours=1), NOW + timedelta(hours=23), True, False, 0, None)
WELL = Health(
    at=NOW,
    lists=[LIST],
    signers={"ocsp-signer": NOW + timedelta(days=20)},
    messages={"pending": 3},
    overdue_message=NOW - timedelta(minutes=1),
    waiting_for_push=2,
    interrupted=0,
    escalated_orders=0,
    audit_entries=10,
    processes=[Pulse(part, part, NOW, NOW - timedelta(seconds=20)) for part in ("publication", "worker")],
)
_LATE = timedelta(minutes=3)


def _list(**changes: Any) -> Mapping[str, Any]:
    return {"lists": [replace(LIST, **changes)]}


def test_a_service_that_is_well_raises_nothing() -> None:
    assert alarms(WELL, {Reach.OCSP: Spread(5, 0.1, 1.0, 4.0)}) == []


@pytest.mark.parametrize(
    ("changes", "raised"),
    [
        (_list(next_update=NOW), Raised(Alarm.LIST_EXPIRED, "issuing")),
        (_list(next_update=NOW + timedelta(minutes=19)), Raised(Alarm.LIST_ENDING, "issuing")),
        (_list(refused=True), Raised(Alarm.LIST_REFUSED, "issuing")),
        (_list(unpublished=1, unpublished_since=NOW - _LATE), Raised(Alarm.LIST_BEHIND, "issuing")),
        ({"signers": {"feed-signer": NOW + timedelta(days=4)}}, Raised(Alarm.SIGNER_ENDING, "feed-signer")),
        ({"signers": {"feed-signer": None}}, Raised(Alarm.SIGNER_ENDING, "feed-signer")),
        ({"processes": WELL.processes[:1]}, Raised(Alarm.PART_SILENT, "worker")),
        ({"overdue_message": NOW - timedelta(minutes=11)}, Raised(Alarm.MESSAGES_STUCK)),
        ({"messages": {"failed": 1}}, Raised(Alarm.MESSAGES_FAILED)),
        ({"messages": {"uncertain": 1}}, Raised(Alarm.MESSAGES_FAILED)),
        ({"interrupted": 1}, Raised(Alarm.SIGNING_INTERRUPTED)),
        ({"escalated_orders": 1}, Raised(Alarm.ORDERS_OVERDUE)),
    ],
)
def test_each_cause_raises_its_alarm_alone(changes: Mapping[str, Any], raised: Raised) -> None:
    assert alarms(replace(WELL, **changes), {}) == [raised]


def test_a_p99_above_the_promise_is_an_alarm_and_a_slow_list_is_none() -> None:
    slow = Spread(100, 0.1, 1.01, 1.01)
    assert alarms(WELL, {Reach.OCSP: slow}) == [Raised(Alarm.PROPAGATION_SLOW)]
    assert alarms(WELL, {Reach.CRL: slow}) == []


def test_a_process_that_was_not_heard_of_for_a_minute_counts_as_gone() -> None:
    old = [replace(pulse, seen_at=NOW - timedelta(seconds=61)) for pulse in WELL.processes]
    assert [one.about for one in alarms(replace(WELL, processes=old), {})] == ["publication", "worker"]


def test_the_most_pressing_stands_first() -> None:
    both = replace(WELL, escalated_orders=1, lists=[replace(LIST, next_update=NOW)])
    assert [one.alarm for one in alarms(both, {})] == [Alarm.LIST_EXPIRED, Alarm.ORDERS_OVERDUE]
