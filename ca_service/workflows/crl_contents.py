"""What happened between two CRLs of a line, from the change log and the certificates' history.

Told by other tables than the entries that a CRL is joined from: who changes those alone is found out by the difference.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

import crl
from ca_service.domain.certificates import ON_CRL, Certificate, StatusEvent
from ca_service.domain.crl_overrides import OverrideStatus, Said
from ca_service.domain.crls import CrlLine, CrlOutline
from ca_service.workflows.ports import UnitOfWork

_PIECE = 500


def changes_since(
    uow: UnitOfWork, line: CrlLine, since: CrlOutline | None, *, settled: datetime | None, this_update: datetime
) -> Mapping[int, crl.Revocation]:
    """The last word on each serial of which a CRL as of `this_update` says something else than `since`, or may.

    Without `since`, than an empty list. `settled` as in the new list's outline. removeFromCRL: it is not listed (any
    more), since the hold was released or since it expired. Called with the issuer held: no change comes in between.
    """
    passed = _let_pass(uow, line)
    let_pass = {one.serial: one for one in passed if since is None or one.number > since.number}
    said = {serial: one.said or _removal(this_update) for serial, one in let_pass.items()}
    for serials in _pieces(uow.issuers.changed_since(line, since.status_version if since else 0)):
        lasts = _last_steps(uow.status_events.find(serial=serials), passed)
        for certificate in uow.certificates.find(serial=serials):
            last, serial = lasts.get(certificate.serial), int(certificate.serial, 16)
            # What two people let pass holds until the next change of that certificate.
            if serial not in let_pass or (last is not None and last.step.version > let_pass[serial].version):
                said[serial] = _said(certificate, last, settled, this_update)
    if settled is not None:
        for dropped in uow.crls.dropped(line, settled=settled, before=since.settled if since else None):
            said[int(dropped.serial, 16)] = _removal(dropped.not_after)
    return said


@dataclass(frozen=True)
class _Passed:
    """A difference without a cause that two people let pass: in which list, as of which version, and what is said."""

    number: int
    version: int
    serial: int
    said: crl.Revocation | None


def _let_pass(uow: UnitOfWork, line: CrlLine) -> Sequence[_Passed]:
    """All of the line, the earliest first."""
    return [
        _Passed(override.number or 0, override.status_version or 0, int(serial, 16), read(now))
        for override in uow.crl_overrides.find(name=line.name, status=OverrideStatus.PUBLISHED, order="decided_at")
        for serial, (_, _, now) in override.differences.items()
    ]


def write(said: crl.Revocation | None) -> Said:
    """What a list says of a serial, as it is stored and shown."""
    return f"{said.revoked_at.isoformat()} {int(said.reason or 0)}" if said else ""


def read(said: Said) -> crl.Revocation | None:
    """The inverse of `write`: None for "", and no reason for the number 0."""
    if not said:
        return None
    moment, reason = said.split()
    return crl.Revocation(datetime.fromisoformat(moment), crl.Reason(int(reason)) if reason != "0" else None)


@dataclass(frozen=True)
class _Last:
    """The last step of a certificate, and the moment since which it has been listed without a break."""

    step: StatusEvent
    since: datetime


def _last_steps(steps: Iterable[StatusEvent], passed: Sequence[_Passed]) -> Mapping[str, _Last]:
    """By serial, the last step that the change log counts (the others change nothing that a CRL says).

    What was let pass between two steps is where the later one began: a hold that was let go, a date that was moved.
    """
    let_pass: dict[int, list[_Passed]] = {}
    for one in passed:
        let_pass.setdefault(one.serial, []).append(one)
    last: dict[str, _Last] = {}
    for step in sorted(steps, key=attrgetter("seq")):
        if step.version:
            before = last.get(step.serial)
            since = before.since if before is not None and before.step.status in ON_CRL else None
            for one in let_pass.get(int(step.serial, 16), ()):
                earlier = before.step.version if before is not None else 0
                if earlier <= one.version < step.version:
                    since = one.said.revoked_at if one.said is not None else None
            last[step.serial] = _Last(step, since or step.at)
    return last


def _said(
    certificate: Certificate, last: _Last | None, settled: datetime | None, this_update: datetime
) -> crl.Revocation:
    if last is None:
        # A change from before there was a history: the row is all that is known.
        revoked = certificate.status in ON_CRL and certificate.revoked_at is not None
        moment, reason = certificate.revoked_at or this_update, certificate.reason
    else:
        revoked, moment, reason = last.step.status in ON_CRL, last.since, last.step.crl_reason
    if not revoked:
        return _removal(moment)
    # As it reads in a CRL: whole seconds, and the reason `unspecified` is left out.
    moment = moment.replace(microsecond=0)
    if crl.may_drop(not_after=certificate.not_after, revoked_at=moment, last_scheduled=settled):
        return _removal(certificate.not_after)
    return crl.Revocation(moment, crl.Reason(reason) if reason else None)


def _removal(at: datetime) -> crl.Revocation:
    return crl.Revocation(at.replace(microsecond=0), crl.Reason.REMOVE_FROM_CRL)


def _pieces(serials: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(serials), _PIECE):
        yield serials[start : start + _PIECE]
