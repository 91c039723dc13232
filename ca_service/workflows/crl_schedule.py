"""When a list is due: it has grown old, or something has changed and the pause since the last one is over.

Asked twice: at first in passing, then once more with the issuer held, so that of many workers exactly one publishes.
"""

from datetime import datetime, timedelta

from ca_service.domain.crls import CrlLine, CrlOutline, CrlStatus
from ca_service.workflows.ports import Services, Terms, UnitOfWork

# A list that was refused is refused again until somebody mends the tables: the worker waits so long with it.
_AFTER_REFUSAL = timedelta(minutes=10)
# A key that could not be reached is asked for again.
_AFTER_OUTAGE = timedelta(seconds=10)
# Another process may be signing a large list at this moment; a reservation of this age belongs to one that died.
_IN_HAND = timedelta(minutes=1)


def is_due(services: Services, uow: UnitOfWork, line: CrlLine) -> bool:
    """Whether the next list of the line is to be published now."""
    newest, latest = uow.crls.outlines(line.name)
    now, terms = services.clock(), services.terms
    if newest is not None and _must_wait(uow, line, newest, now):
        return False
    if latest is None:
        return True
    age = now - latest.this_update
    return age >= terms.crl_interval or (age >= terms.crl_pause and _changed(uow, line, latest))


def regular_interval(terms: Terms, line: CrlLine) -> timedelta:
    """How far regular lists lie apart; the root's are published by hand, each of them a regular one."""
    return timedelta(0) if line.issuer == "root" else terms.crl_interval


def _must_wait(uow: UnitOfWork, line: CrlLine, newest: CrlOutline, now: datetime) -> bool:
    age = now - newest.this_update
    if newest.status is CrlStatus.RESERVED:
        return age < _IN_HAND
    if newest.status is CrlStatus.GIVEN_UP:
        return age < _AFTER_OUTAGE
    return newest.status is CrlStatus.REFUSED and age < _AFTER_REFUSAL and not _changed(uow, line, newest)


def _changed(uow: UnitOfWork, line: CrlLine, since: CrlOutline) -> bool:
    return bool(uow.issuers.changed_since(line, since.status_version, limit=1))
