"""Publishing a CRL, and its delta: reserve the number with the contents, sign exactly that, record it.

A death after the reservation leaves a number that is never used again: nothing else is ever signed under it. Before a
list leaves it is compared with the one before: a change without a cause is refused, and the last good list stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import crl
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import PublishedCrl
from ca_service.domain.errors import StateUnknown
from ca_service.domain.propagation import Reach
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.crl_contents import changes_since, listed_until
from ca_service.workflows.ports import Authority, ListRefused, Services, UnitOfWork
from ca_service.workflows.propagation import note_published

# A list that was refused is refused again until somebody mends the tables: the worker waits so long with it.
_AFTER_REFUSAL = timedelta(minutes=10)
_CLOCKS_APART = timedelta(seconds=5)


@dataclass(frozen=True)
class _Reserved:
    """A reserved number, what its list is compared with, and the base of its delta."""

    row: PublishedCrl
    previous: PublishedCrl | None
    expected: dict[int, crl.Revocation | None]
    base: PublishedCrl | None


def publish_crl(services: Services, actor: Actor, issuer: str) -> PublishedCrl:
    """Publish a complete CRL of the issuer as of now, and a delta where the issuer has them; two transactions.

    Raises Unavailable; StateUnknown when the list is not what it must be: then nothing is published. A delta that is
    not is left out.
    """
    authority = services.authority(issuer)
    with services.begin() as uow:
        authorise(actor, Action.CRL_PUBLISH, lineage=uow.units.lineage(actor.unit_code))
        reserved = _reserve(services, uow, authority, issuer)
    before = reserved.previous.der if reserved.previous else None
    try:
        der = authority.sign_crl(reserved.row.tbs, previous=before, expected=reserved.expected)
    except ListRefused as refused:
        _note_refusal(services, actor, reserved.row, refused, sort="complete")
        raise StateUnknown(
            f"新 CRL 未通过发布前检查，未发布，现有的 CRL 继续有效：{refused}。请立即联系安全管理员核查数据库。"
        ) from refused
    delta = _sign_delta(services, actor, authority, reserved, der)
    with services.begin() as uow:
        published = uow.crls.change(reserved.row, der=der, delta=delta)
        detail: dict[str, str | int] = {"issuer": issuer, "version": reserved.row.status_version}
        if delta is not None and reserved.base is not None:
            detail["delta_base"] = reserved.base.number
        subject = f"{issuer}#{reserved.row.number}"
        uow.audit.append(actor, Tag.CRL_PUBLISHED, subject, unit=actor.unit_code, detail=detail)
        reaches = [Reach.CRL] if delta is None else [Reach.CRL, Reach.DELTA]
        times = note_published(services, uow, issuer, _news(uow, reserved), reaches)
    for reach in reaches:
        for seconds, changes in times.items():
            services.meter.propagated(reach, seconds, changes)
    return published


def _news(uow: UnitOfWork, reserved: _Reserved) -> Sequence[datetime]:
    """When those changes were logged that no published list has told yet."""
    if reserved.previous is None:
        return ()
    row, previous = reserved.row, reserved.previous
    return uow.issuers.logged(row.issuer, after=previous.status_version, upto=row.status_version)


def publish_if_due(services: Services, actor: Actor, issuer: str, *, interval: timedelta) -> PublishedCrl | None:
    """Publish when a status has changed since the last CRL, or when the last one is older than `interval`."""
    now = services.clock()
    with services.read() as uow:
        latest, version = uow.crls.latest(issuer), uow.issuers.get(issuer).status_version
        refused = uow.crls.last_refused(issuer)
    if latest and latest.status_version == version and now - latest.this_update < interval:
        return None
    if refused and refused.status_version == version and now - refused.this_update < _AFTER_REFUSAL:
        return None
    return publish_crl(services, actor, issuer)


def _reserve(services: Services, uow: UnitOfWork, authority: Authority, issuer: str) -> _Reserved:
    # Locks the issuer's row: from here on to the commit no status of its certificates changes.
    number = uow.issuers.reserve_crl_number(issuer)
    this_update = _this_update(services, uow, issuer)
    # The root key is not at hand every day, so its CRL has to last.
    terms = services.terms
    next_update = this_update + (terms.root_crl_lifetime if issuer == "root" else terms.crl_lifetime)
    previous = uow.crls.latest(issuer)
    # Whoever holds a complete list that is still current can go on with the delta.
    base = uow.crls.oldest_current(issuer, at=this_update) if authority.has_deltas else None
    entries = uow.crls.entries(issuer, expired_before=listed_until(this_update))
    prepare = partial(authority.prepare_crl, number=number, this_update=this_update, next_update=next_update)
    tbs = prepare(entries=entries)
    delta_tbs = None
    if base is not None:
        delta = crl.delta_entries(changes_since(uow, base, this_update).items())
        delta_tbs = prepare(entries=delta, base_number=base.number)
    version = uow.issuers.get(issuer).status_version
    reserved = PublishedCrl(issuer, number, version, this_update, next_update, tbs, delta_tbs=delta_tbs)
    uow.crls.add(reserved)
    expected = crl.outcome(changes_since(uow, previous, this_update).items()) if previous else {}
    return _Reserved(reserved, previous, expected, base)


def _this_update(services: Services, uow: UnitOfWork, issuer: str) -> datetime:
    """Now, read behind the lock: what waited for another publisher must not be dated before that one's list."""
    now, last = services.clock().replace(microsecond=0), uow.crls.last_this_update(issuer)
    # Another machine's clock may be a little ahead. One that is far ahead, or ours set back, is for people to see.
    return last if last is not None and now < last <= now + _CLOCKS_APART else now


def _sign_delta(
    services: Services, actor: Actor, authority: Authority, reserved: _Reserved, complete: bytes
) -> bytes | None:
    """The delta, or None: there is none, or it does not lead from its base to the complete list."""
    if reserved.row.delta_tbs is None or reserved.base is None or reserved.base.der is None:
        return None
    try:
        return authority.sign_delta(reserved.row.delta_tbs, base=reserved.base.der, complete=complete)
    except ListRefused as refused:
        _note_refusal(services, actor, reserved.row, refused, sort="delta")
        return None


def _note_refusal(services: Services, actor: Actor, reserved: PublishedCrl, refused: ListRefused, *, sort: str) -> None:
    """In the number's row, for the worker and `educa doctor`, and in the audit log."""
    with services.begin() as uow:
        if sort == "complete":
            uow.crls.change(reserved, refusal=str(refused)[:300])
        detail = {"issuer": reserved.issuer, "list": sort, "why": str(refused)[:300]}
        subject = f"{reserved.issuer}#{reserved.number}"
        uow.audit.append(actor, Tag.CRL_REFUSED, subject, unit=actor.unit_code, detail=detail)
