"""How the service is, asked of the database: for the status page, and for whoever scrapes."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.crls import CrlLine
from ca_service.domain.errors import Conflict
from ca_service.domain.health import Health, ListHealth, Pulse, Raised, alarms
from ca_service.domain.leases import TURN
from ca_service.domain.messages import MessageStatus
from ca_service.domain.orders import OrderStatus
from ca_service.domain.propagation import Lag, Reach, Spread, by_minute, spread
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.crl_lines import all_lines
from ca_service.workflows.ports import Before, Services, Since, UnitOfWork

_SIGNERS = ("ocsp-signer", "feed-signer")
_NOT_SENT = (MessageStatus.PENDING, MessageStatus.SENDING, MessageStatus.FAILED, MessageStatus.UNCERTAIN)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_FORGOTTEN = timedelta(hours=1)


@dataclass(frozen=True)
class Status:
    """What the status page shows: the state, its alarms, propagation in the last hour and day, and minute by minute."""

    health: Health
    alarms: Sequence[Raised]
    hour: Mapping[Reach, Spread]
    day: Mapping[Reach, Spread]
    minutes: Mapping[datetime, Spread]


def health(services: Services) -> Health:
    """The state now. For programs of this machine; nothing in it belongs to a unit or a person."""
    with services.read() as uow:
        found = _health(uow, services.clock())
    return replace(found, devices=services.devices())


def status(services: Services, actor: Actor) -> Status:
    """The state now, for a person who may see it."""
    with services.read() as uow:
        authorise(actor, Action.STATUS_READ, lineage=uow.units.lineage(actor.unit_code))
        now = services.clock()
        measured = _health(uow, now)
        lags = uow.lags.find(seen_at=Since(now - _DAY))
    # Outside the transaction: a device that does not answer must not hold a connection.
    found = replace(measured, devices=services.devices())
    recent = [lag for lag in lags if lag.seen_at >= now - _HOUR]
    hour = _spreads(recent)
    seen = by_minute(lag for lag in recent if lag.reach is Reach.OCSP)
    return Status(found, alarms(found, hour), hour, _spreads(lags), seen)


def beat(services: Services, pulse: Pulse) -> Pulse:
    """Note that a process lives; forget those that have been silent for long. Returns the pulse as it stands now."""
    now = services.clock()
    beaten = replace(pulse, seen_at=now)
    with services.begin() as uow:
        uow.pulses.remove(seen_at=Before(now - _FORGOTTEN))
        with suppress(Conflict):
            return uow.pulses.change(pulse, seen_at=now)
        # Its first beat, or it was silent (stopped, without a database) for so long that it was forgotten.
        uow.pulses.add(beaten)
    return beaten


def _health(uow: UnitOfWork, now: datetime) -> Health:
    issuers = uow.issuers.find()
    versions = {issuer.name: issuer.status_version for issuer in issuers}
    lists = [found for line in all_lines(uow, now) if (found := _list(uow, line, versions[line.issuer]))]
    signers = {profile: _end_of_signer(uow, profile, now) for profile in _SIGNERS}
    interrupted = uow.certificates.count(issuer=[one.name for one in issuers], status=CertificateStatus.SIGNING)
    return Health(
        at=now,
        lists=lists,
        signers=signers,
        messages=uow.messages.tally("status", status=_NOT_SENT),
        overdue_message=uow.messages.earliest("due_at", status=MessageStatus.PENDING),
        waiting_for_push=uow.applications.count(status=ApplicationStatus.APPROVED),
        interrupted=interrupted,
        escalated_orders=uow.orders.count(status=OrderStatus.ESCALATED),
        audit_entries=uow.audit.head()[0],
        processes=uow.pulses.find(order="-seen_at"),
        turn=next((lease.holder for lease in uow.leases.find(name=TURN) if lease.until > now), ""),
    )


def _list(uow: UnitOfWork, line: CrlLine, version: int) -> ListHealth | None:
    standing = uow.crls.standing(line.name)
    if standing is None:
        return None
    waiting = uow.issuers.logged(line, after=standing.status_version, upto=version)
    return ListHealth(
        name=line.name,
        issuer=line.issuer,
        number=standing.number,
        this_update=standing.this_update,
        next_update=standing.next_update,
        has_delta=standing.has_delta,
        refused=standing.refused,
        # What changes in other shards leaves a shard's list as it is.
        unpublished=version - standing.status_version if line.shard is None else len(waiting),
        unpublished_since=min(waiting, default=None),
    )


def _end_of_signer(uow: UnitOfWork, profile: str, now: datetime) -> datetime | None:
    found = uow.certificates.find(profile=profile, status=CertificateStatus.ACTIVE)
    return max((one.not_after for one in found if one.not_after > now), default=None)


def _spreads(lags: Sequence[Lag]) -> Mapping[Reach, Spread]:
    found: dict[Reach, Spread] = {}
    for reach in Reach:
        times: dict[float, int] = {}
        for lag in lags:
            if lag.reach is reach:
                times[lag.seconds] = times.get(lag.seconds, 0) + lag.changes
        measured = spread(times)
        if measured is not None:
            found[reach] = measured
    return found
