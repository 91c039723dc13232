"""What happened between two CRLs of an issuer, from the change log and the certificates' history.

Told by other tables than the entries that a CRL is joined from: who changes those alone is found out by the difference.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

import crl
from ca_service.domain.certificates import ON_CRL, Certificate, PublishedCrl, StatusEvent
from ca_service.workflows.ports import UnitOfWork

# An expired certificate stays on one CRL more than its life (RFC 5280 §3.3).
_KEPT_AFTER_EXPIRY = timedelta(days=7)
_PIECE = 500


def listed_until(this_update: datetime) -> datetime:
    """Certificates that ended before this moment are not on a CRL of `this_update` any more."""
    return this_update - _KEPT_AFTER_EXPIRY


def changes_since(uow: UnitOfWork, since: PublishedCrl, this_update: datetime) -> Mapping[int, crl.Revocation]:
    """The last word on each serial of which a CRL as of `this_update` says something else than `since`, or may.

    removeFromCRL: it is not listed (any more), since the hold was released or since it expired. Called with the
    issuer's row locked, so that no change comes in between.
    """
    said: dict[int, crl.Revocation] = {}
    old, new = listed_until(since.this_update), listed_until(this_update)
    for dropped in uow.crls.dropped(since.issuer, expired_from=old, expired_before=new):
        said[int(dropped.serial, 16)] = _removal(dropped.not_after)
    for serials in _pieces(uow.issuers.changed_since(since.issuer, since.status_version)):
        last = _last_steps(uow.status_events.find(serial=serials))
        for certificate in uow.certificates.find(serial=serials):
            said[int(certificate.serial, 16)] = _said(certificate, last.get(certificate.serial), new, this_update)
    return said


@dataclass(frozen=True)
class _Last:
    """The last step of a certificate, and the moment since which it has been listed without a break."""

    step: StatusEvent
    since: datetime


def _last_steps(steps: Iterable[StatusEvent]) -> Mapping[str, _Last]:
    """By serial, the last step that the change log counts (the others change nothing that a CRL says)."""
    last: dict[str, _Last] = {}
    for step in sorted(steps, key=attrgetter("seq")):
        if step.version:
            before = last.get(step.serial)
            goes_on = before is not None and before.step.status in ON_CRL
            last[step.serial] = _Last(step, before.since if before is not None and goes_on else step.at)
    return last


def _said(certificate: Certificate, last: _Last | None, listed_from: datetime, this_update: datetime) -> crl.Revocation:
    if certificate.not_after < listed_from:
        return _removal(certificate.not_after)
    if last is None:
        # A change from before there was a history: the row is all that is known.
        revoked = certificate.status in ON_CRL and certificate.revoked_at is not None
        moment, reason = certificate.revoked_at or this_update, certificate.reason
    else:
        revoked, moment, reason = last.step.status in ON_CRL, last.since, last.step.crl_reason
    if not revoked:
        return _removal(moment)
    # As it reads in a CRL: whole seconds, and the reason `unspecified` is left out.
    return crl.Revocation(moment.replace(microsecond=0), crl.Reason(reason) if reason else None)


def _removal(at: datetime) -> crl.Revocation:
    return crl.Revocation(at.replace(microsecond=0), crl.Reason.REMOVE_FROM_CRL)


def _pieces(serials: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(serials), _PIECE):
        yield serials[start : start + _PIECE]
