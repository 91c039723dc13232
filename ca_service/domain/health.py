"""How the service is: what is measured, and what of it asks for somebody."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ca_service.domain.messages import MessageStatus
from ca_service.domain.propagation import PROMISED, Reach, Spread

PULSE = timedelta(seconds=15)
"""How often a process says that it lives."""

SILENT = timedelta(minutes=1)
_SIGNER_LEFT = timedelta(days=5)
_UNPUBLISHED = timedelta(minutes=2)
_OVERDUE = timedelta(minutes=10)
_NEEDED = ("publication", "worker")


@dataclass(frozen=True)
class ListHealth:
    """The newest published CRL of a line, by its name, and since when changes wait for the next one."""

    name: str
    issuer: str
    number: int
    this_update: datetime
    next_update: datetime
    has_delta: bool
    refused: bool
    unpublished: int
    unpublished_since: datetime | None


@dataclass(frozen=True)
class Pulse:
    """One process of the service: its part, when it was last heard of; `place` is its machine and its number there."""

    id: str
    part: str
    started_at: datetime
    seen_at: datetime
    place: str = ""


@dataclass(frozen=True)
class KeyDevice:
    """The token with the issuing keys, as the asking process sees it: `why` (a technical word) it is away, for how many
    seconds; empty while it works.
    """

    token: str
    why: str
    seconds: float

    @property
    def away(self) -> bool:
        """Whether nothing can be signed now."""
        return bool(self.why)


@dataclass(frozen=True)
class Health:
    """The state of the service at a moment. `signers` ends of certificates by profile; `overdue_message` the due time
    of the pending message that has waited longest; `turn` the process that does the periodic work for all, or nothing.
    """

    at: datetime
    lists: Sequence[ListHealth]
    signers: Mapping[str, datetime | None]
    messages: Mapping[str, int]
    overdue_message: datetime | None
    waiting_for_push: int
    interrupted: int
    escalated_orders: int
    audit_entries: int
    processes: Sequence[Pulse]
    devices: Sequence[KeyDevice] = ()
    turn: str = ""

    @property
    def alive(self) -> Sequence[Pulse]:
        """The processes that were heard of lately."""
        return [pulse for pulse in self.processes if self.at - pulse.seen_at <= SILENT]


class Alarm(StrEnum):
    """What asks for somebody; docs/operations.md says what to do."""

    KEY_AWAY = "key-away"
    LIST_EXPIRED = "list-expired"
    LIST_ENDING = "list-ending"
    LIST_REFUSED = "list-refused"
    LIST_BEHIND = "list-behind"
    SIGNER_ENDING = "signer-ending"
    PROPAGATION_SLOW = "propagation-slow"
    PART_SILENT = "part-silent"
    MESSAGES_STUCK = "messages-stuck"
    MESSAGES_FAILED = "messages-failed"
    SIGNING_INTERRUPTED = "signing-interrupted"
    ORDERS_OVERDUE = "orders-overdue"


@dataclass(frozen=True)
class Raised:
    """An alarm, and what it is about: a list, a profile, a part; or nothing."""

    alarm: Alarm
    about: str = ""


def alarms(health: Health, last_hour: Mapping[Reach, Spread]) -> Sequence[Raised]:
    """Everything that asks for somebody now, the most pressing first (in the order of `Alarm`)."""
    order = list(Alarm)
    raised = [*_devices(health), *_lists(health), *_signers(health), *_parts(health), *_queues(health)]
    seen = last_hour.get(Reach.OCSP)
    if seen is not None and seen.p99 > PROMISED.total_seconds():
        raised.append(Raised(Alarm.PROPAGATION_SLOW))
    return sorted(raised, key=lambda one: order.index(one.alarm))


def _devices(health: Health) -> Iterator[Raised]:
    for device in health.devices:
        if device.away:
            yield Raised(Alarm.KEY_AWAY, device.token)


def _lists(health: Health) -> Iterator[Raised]:
    for one in health.lists:
        left, life = one.next_update - health.at, one.next_update - one.this_update
        if left <= timedelta(0):
            yield Raised(Alarm.LIST_EXPIRED, one.name)
        elif left < life / 4:
            yield Raised(Alarm.LIST_ENDING, one.name)
        if one.refused:
            yield Raised(Alarm.LIST_REFUSED, one.name)
        # The root's list is published by hand, so a change of it waits for a person, not for the worker.
        elif one.unpublished_since is not None and health.at - one.unpublished_since > _UNPUBLISHED:
            yield Raised(Alarm.LIST_BEHIND, one.name)


def _signers(health: Health) -> Iterator[Raised]:
    for profile, not_after in health.signers.items():
        if not_after is None or not_after - health.at < _SIGNER_LEFT:
            yield Raised(Alarm.SIGNER_ENDING, profile)


def _parts(health: Health) -> Iterator[Raised]:
    heard = {pulse.part for pulse in health.alive}
    for part in _NEEDED:
        if part not in heard:
            yield Raised(Alarm.PART_SILENT, part)


def _queues(health: Health) -> Iterator[Raised]:
    if health.overdue_message is not None and health.at - health.overdue_message > _OVERDUE:
        yield Raised(Alarm.MESSAGES_STUCK)
    if any(health.messages.get(status, 0) for status in (MessageStatus.FAILED, MessageStatus.UNCERTAIN)):
        yield Raised(Alarm.MESSAGES_FAILED)
    if health.interrupted:
        yield Raised(Alarm.SIGNING_INTERRUPTED)
    if health.escalated_orders:
        yield Raised(Alarm.ORDERS_OVERDUE)
