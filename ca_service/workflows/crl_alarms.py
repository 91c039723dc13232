"""Telling the centre that a list is refused or not published, while the last good one is still in force.

Each thing is told once: by message to those whom the centre's roster names, in the audit log, in the worker's log.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ca_service.domain.audit import Tag
from ca_service.domain.crl_alarms import AlarmKind, CrlAlarm, overdue
from ca_service.domain.crls import CrlLine, CrlOutline, CrlStatus
from ca_service.domain.errors import Conflict
from ca_service.domain.messages import Channel
from ca_service.domain.notices import crl_alarm, crl_alarm_text
from ca_service.domain.roles import Actor
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.crl_lines import all_lines
from ca_service.workflows.messages import notify, post
from ca_service.workflows.ports import Services, Terms, UnitOfWork

# By telephone too, whatever the hour, unless there is a good while left.
_URGENT = frozenset(AlarmKind) - {AlarmKind.LATE}


def raise_alarms(services: Services, actor: Actor) -> Sequence[CrlAlarm]:
    """Tell what is due and was not told yet; return it. Of several workers one tells."""
    now = services.clock()
    with services.read() as uow:
        found = [alarm for outline, kinds in _concerns(services, uow) for alarm in _alarms(outline, kinds, now)]
        new = [
            alarm for alarm in found if not uow.crl_alarms.count(name=alarm.name, number=alarm.number, kind=alarm.kind)
        ]
    if not new:
        return []
    try:
        with services.begin() as uow:
            uow.crl_alarms.add_all(new)
            _tell(services, uow, new)
            for alarm in new:
                detail = {"alarm": alarm.kind.value}
                uow.audit.append(actor, Tag.CRL_ALARM, f"{alarm.name}#{alarm.number}", unit=CENTRE_CODE, detail=detail)
    except Conflict:
        return []  # another worker has told it
    return new


def concerns(services: Services) -> Mapping[str, Sequence[AlarmKind]]:
    """What is the matter with each list that something is the matter with, by name; the mildest first."""
    with services.read() as uow:
        return {outline.name: kinds for outline, kinds in _concerns(services, uow)}


def _concerns(services: Services, uow: UnitOfWork) -> Sequence[tuple[CrlOutline, Sequence[AlarmKind]]]:
    found = []
    for line in all_lines(uow, services.clock()):
        newest, latest = uow.crls.outlines(line.name)
        if latest is None:
            continue  # before the first list there is nothing that could run out
        refused = [AlarmKind.REFUSED] if newest is not None and newest.status is CrlStatus.REFUSED else []
        kinds = [*refused, *overdue(latest, services.clock(), within=_warning_time(services.terms, line))]
        if kinds:
            found.append((latest, kinds))
    return found


def _warning_time(terms: Terms, line: CrlLine) -> timedelta:
    """How long before nextUpdate to begin; a third of a lifetime at most, which no list comes near that is well."""
    if line.issuer == "root":
        return min(terms.root_crl_alarm, terms.root_crl_lifetime / 3)
    return min(terms.crl_alarm, terms.crl_lifetime / 3)


def _alarms(latest: CrlOutline, kinds: Sequence[AlarmKind], now: datetime) -> Sequence[CrlAlarm]:
    return [CrlAlarm(latest.name, latest.number, kind, now) for kind in kinds]


def _tell(services: Services, uow: UnitOfWork, alarms: Sequence[CrlAlarm]) -> None:
    """One message a person, however many lists there are."""
    text = crl_alarm_text({alarm.name: alarm.kind for alarm in alarms})
    urgent = any(alarm.kind in _URGENT for alarm in alarms)
    for person in uow.responsible.find(unit_code=CENTRE_CODE):
        if person.ended_at is not None:
            continue
        notify(services, uow, crl_alarm(person.contact.email, text), unit=CENTRE_CODE)
        if urgent and person.contact.mobile:
            post(services, uow, Channel.SMS, crl_alarm(person.contact.mobile, text), unit=CENTRE_CODE)
