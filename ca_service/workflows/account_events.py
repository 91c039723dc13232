"""The account feed: what became of which holder, told to relying systems page by page, in the order of the commits.

A page is read, signed, and only then noted, so that a page that is in nobody's hands is noted at worst; a page without
events, which is asked for all the time, is not noted.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ca_service.domain.audit import Tag
from ca_service.domain.changes import FIRST_KINDS, AccountEvent, AccountEventKind
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import Services, UnitOfWork

MAX_EVENTS = 500
# The reader refuses an event with more; a holder of so many certificates would be refused for ever.
_MAX_CERTIFICATES = 100


def signed_page(
    services: Services,
    actor: Actor,
    sign: Callable[[bytes], bytes],
    *,
    after: int,
    limit: int = MAX_EVENTS,
    known: frozenset[AccountEventKind] = FIRST_KINDS,
) -> bytes:
    """The events after `after`, at most `limit`, as a compact JWS made by `sign`; raise Forbidden, Unavailable.

    `known`: the kinds that the reader knows; of others it is told the nearest that it knows.

    Holders are named by their number only, never by name. A reader who is further than we are (a database restored
    from an old backup) is told our `head`, which is less than what it has seen.
    """
    with services.read() as uow:
        authorise(actor, Action.FEED_READ, lineage=uow.units.lineage(actor.unit_code))
        events = uow.account_events(after=after, limit=limit)
        # Read after the events: in between some may have been added, which leaves the head too high, never too low.
        head = uow.account_events_head()
        certificates = _certificates(uow, events)
    last = events[-1].seq if events else after
    shown = [_shown(event, certificates.get((event.holder_id, event.change_id), ()), known) for event in events]
    page = sign(_payload(shown, after=after, head=head, at=services.clock()))
    if events:
        with services.begin() as uow:
            detail: dict[str, str | int] = {"first": events[0].seq, "last": last}
            uow.audit.append(actor, Tag.FEED_READ, actor.login, unit=actor.unit_code, detail=detail)
    return page


def _payload(events: Sequence[Mapping[str, Any]], *, after: int, head: int, at: datetime) -> bytes:
    document: dict[str, Any] = {
        "version": 1,
        "issuer": "issuing",
        "after": after,
        "next": events[-1]["seq"] if events else after,
        "head": head,
        "at": _z(at),
        "events": events,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _shown(event: AccountEvent, serials: Sequence[str], known: frozenset[AccountEventKind]) -> dict[str, Any]:
    kind = event.told_to(known)
    return {
        "seq": event.seq,
        "kind": kind.value,
        "holder": event.holder_id,
        "unit": event.unit_code,
        "at": _z(event.at),
        "change": event.change_id,
        "certificates": list(serials[:_MAX_CERTIFICATES]),
        **({"from": event.from_unit} if kind is AccountEventKind.UNIT_CHANGE else {}),
    }


def _certificates(uow: UnitOfWork, events: Sequence[AccountEvent]) -> Mapping[tuple[str, str], Sequence[str]]:
    """By holder and case, the serials whose status the case changed."""
    if not events:
        return {}
    owners = {c.serial: c.holder_id for c in uow.certificates.find(holder_id={e.holder_id for e in events})}
    found: dict[tuple[str, str], list[str]] = {}
    for step in uow.status_events.find(serial=set(owners), ground={event.change_id for event in events}):
        serials = found.setdefault((str(owners[step.serial]), step.ground), [])
        if step.serial not in serials:
            serials.append(step.serial)
    return found


def _z(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
