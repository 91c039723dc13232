"""Publishing the lists of an issuer: reserve a number with the contents, sign exactly that, record it.

An issuer has one line of numbers for its complete list and one for each shard. A death after the reservation leaves a
number that is never used again: nothing else is ever signed under it. Before a list leaves it is compared with the one
before: a change without a cause is refused, and the last good list stays.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import crl
from ca_service.domain.audit import Tag
from ca_service.domain.crls import CRL, CrlEvent, CrlLine, CrlShard, CrlStatus, PublishedCrl, is_scheduled
from ca_service.domain.errors import Conflict, DomainError, StateUnknown, Unavailable
from ca_service.domain.key_use import Use
from ca_service.domain.propagation import Reach
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.crl_contents import changes_since
from ca_service.workflows.crl_schedule import is_due, regular_interval
from ca_service.workflows.ports import Authority, ListRefused, Services, UnitOfWork
from ca_service.workflows.propagation import note_published

_CLOCKS_APART = timedelta(seconds=5)
T = TypeVar("T")
Recorder = Callable[[UnitOfWork, PublishedCrl], None]
Said = Mapping[int, crl.Revocation | None]


@dataclass(frozen=True)
class Reserved:
    """A reserved number, what its list is compared with, and the base of its delta."""

    row: PublishedCrl
    previous: PublishedCrl | None
    expected: Said
    base: PublishedCrl | None


def publish_crl(services: Services, actor: Actor, issuer: str) -> PublishedCrl:
    """Publish all lists of the issuer as of now; return the complete one.

    Raises Unavailable; StateUnknown when a list is not what it must be: then that one is not published, the others are.
    """
    with services.read() as uow:
        authorise(actor, Action.CRL_PUBLISH, lineage=uow.units.lineage(actor.unit_code))
    published = _each(open_lines(services, issuer), lambda line: publish_now(services, actor, line))
    return published[0]


def publish_if_due(services: Services, actor: Actor, issuer: str) -> Sequence[PublishedCrl]:
    """Publish each list of the issuer that is due: see `crl_schedule`. Of many processes that ask at once, one does."""
    with services.read() as uow:
        opened = len(uow.crls.shards(issuer))
        lines = uow.crls.lines(issuer)
        due = [line for line in lines if is_due(services, uow, line)]
    if issuer != "root" and opened < services.terms.crl_shards:
        due = [line for line in open_lines(services, issuer) if line in due or line not in lines]
    published = _each(due, lambda line: _publish_due(services, actor, line))
    return [done for done in published if done is not None]


def open_lines(services: Services, issuer: str) -> Sequence[CrlLine]:
    """The lines of an issuer; opens the shards that new certificates may name and that are not open yet."""
    with services.read() as uow:
        opened = {shard.shard for shard in uow.crls.shards(issuer)}
    wanted = services.terms.crl_shards if issuer != "root" else 0
    if missing := [shard for shard in range(wanted) if shard not in opened]:
        authority = services.authority(issuer)
        urls = {shard: authority.shard_url(shard) for shard in missing}
        try:
            with services.begin() as uow:
                # A shard may have been opened before, in a database that was lost: the issuer's number is beyond its.
                last = uow.issuers.hold(issuer).crl_number
                shards = [CrlShard(CrlLine(issuer, n).name, issuer, n, url, last) for n, url in urls.items()]
                uow.crls.open_shards(shards)
        except Conflict:
            pass  # another process was first
    with services.read() as uow:
        return uow.crls.lines(issuer)


def _each(lines: Sequence[CrlLine], publish: Callable[[CrlLine], T]) -> Sequence[T]:
    """One line's failure does not keep the others from being published; it is raised at the end."""
    done, failed = [], []
    for line in lines:
        try:
            done.append(publish(line))
        except DomainError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return done


def _publish_due(services: Services, actor: Actor, line: CrlLine) -> PublishedCrl | None:
    """Publish the list unless somebody else has done so meanwhile."""
    authority = services.authority(line.issuer)
    authority.require_key(Use.LIST)
    with services.begin() as uow:
        uow.issuers.hold(line.issuer)
        if not is_due(services, uow, line):
            return None
        reserved = _reserve(services, uow, authority, line, let_pass={})
    return _finish(services, actor, authority, reserved)


def publish_now(
    services: Services, actor: Actor, line: CrlLine, *, let_pass: Said | None = None, record: Recorder | None = None
) -> PublishedCrl:
    """Publish one list, and its delta where the issuer has them; two transactions. A bad delta is left out.

    `let_pass`: differences without a cause that count as happened. `record` takes part in the transaction at the end.
    """
    authority = services.authority(line.issuer)
    authority.require_key(Use.LIST)
    with services.begin() as uow:
        # From here on to the commit no status of its certificates changes, and nobody else takes a number.
        uow.issuers.hold(line.issuer)
        reserved = _reserve(services, uow, authority, line, let_pass=let_pass or {})
    return _finish(services, actor, authority, reserved, record=record)


def _finish(
    services: Services, actor: Actor, authority: Authority, reserved: Reserved, *, record: Recorder | None = None
) -> PublishedCrl:
    der, delta = _sign(services, actor, authority, reserved)
    with services.begin() as uow:
        status = CRL.after(reserved.row.status, CrlEvent.PUBLISH)
        published = uow.crls.change(reserved.row, status=status, der=der, delta=delta)
        if record is not None:
            record(uow, published)
        detail: dict[str, str | int] = {"issuer": published.issuer, "version": reserved.row.status_version}
        if delta is not None and reserved.base is not None:
            detail["delta_base"] = reserved.base.number
        uow.audit.append(actor, Tag.CRL_PUBLISHED, _subject(published), unit=actor.unit_code, detail=detail)
        reaches = [Reach.CRL] if delta is None else [Reach.CRL, Reach.DELTA]
        times = note_published(services, uow, published.issuer, _news(uow, reserved), reaches)
    for reach in reaches:
        for seconds, changes in times.items():
            services.meter.propagated(reach, seconds, changes)
    return published


def _news(uow: UnitOfWork, reserved: Reserved) -> Sequence[datetime]:
    """When those changes were logged that no published list has told yet. Told by the complete list, once each."""
    row, previous = reserved.row, reserved.previous
    if previous is None or row.shard is not None:
        return ()
    return uow.issuers.logged(CrlLine(row.issuer), after=previous.status_version, upto=row.status_version)


def _sign(services: Services, actor: Actor, authority: Authority, reserved: Reserved) -> tuple[bytes, bytes | None]:
    """The list and its delta, past the gate. What fails leaves its mark on the number."""
    row, before = reserved.row, reserved.previous.der if reserved.previous else None
    try:
        der = authority.sign_crl(row.tbs, previous=before, expected=reserved.expected)
        return der, _sign_delta(services, actor, authority, reserved, der)
    except ListRefused as refused:
        _note_refusal(services, actor, row, refused, sort="complete")
        raise StateUnknown(
            f"{row.name} 的新 CRL 未通过发布前检查，未发布，现有的 CRL 继续有效：{refused}。"
            "请立即联系安全管理员核查数据库，差异可用 educa crl refused 查看。"
        ) from refused
    except DomainError:
        # The number is not used again, so its contents are of no use: an outage must not fill the disk.
        with services.begin() as uow:
            status = CRL.after(row.status, CrlEvent.GIVE_UP)
            uow.crls.change(row, status=status, tbs=b"", delta_tbs=None)
        raise


def _reserve(services: Services, uow: UnitOfWork, authority: Authority, line: CrlLine, *, let_pass: Said) -> Reserved:
    """Take the next number of the line, with the list as of now under it. The issuer is held."""
    previous, this_update = uow.crls.latest(line.name), _this_update(services, uow, line)
    terms, settled = services.terms, previous.settles_next if previous else None
    # The root key is not at hand every day, so its CRL has to last.
    next_update = this_update + (terms.root_crl_lifetime if line.issuer == "root" else terms.crl_lifetime)
    number, version = uow.issuers.reserve_crl_number(line), uow.issuers.get(line.issuer).status_version
    prepare = partial(
        authority.prepare_crl, shard=line.shard, number=number, this_update=this_update, next_update=next_update
    )
    changes = partial(changes_since, uow, line, settled=settled, this_update=this_update)
    # Whoever holds a complete list that is still current can go on with the delta.
    base = uow.crls.oldest_current(line.name, at=this_update) if authority.has_deltas else None
    row = PublishedCrl(
        name=line.name,
        number=number,
        status=CrlStatus.RESERVED,
        status_version=version,
        this_update=this_update,
        next_update=next_update,
        settled=settled,
        scheduled=is_scheduled(settled, this_update, regular_interval(terms, line)),
        issuer=line.issuer,
        shard=line.shard,
        tbs=prepare(entries=uow.crls.entries(line, settled=settled)),
        delta_tbs=prepare(entries=_delta(changes(base), let_pass, this_update), base_number=base.number)
        if base
        else None,
    )
    uow.crls.add(row)
    return Reserved(row, previous, {**crl.outcome(changes(previous).items()), **let_pass}, base)


def _delta(changes: Mapping[int, crl.Revocation], let_pass: Said, at: datetime) -> Sequence[bytes]:
    removed = crl.Revocation(at, crl.Reason.REMOVE_FROM_CRL)
    return crl.delta_entries({**changes, **{serial: said or removed for serial, said in let_pass.items()}}.items())


def _this_update(services: Services, uow: UnitOfWork, line: CrlLine) -> datetime:
    """Now, read with the issuer held: what waited for another publisher must not be dated before that one's list."""
    now, last = services.clock().replace(microsecond=0), uow.crls.last_this_update(line.name)
    # Another machine's clock may be a little ahead. One that is far ahead, or ours set back, is for people to see.
    return last if last is not None and now < last <= now + _CLOCKS_APART else now


def _sign_delta(
    services: Services, actor: Actor, authority: Authority, reserved: Reserved, complete: bytes
) -> bytes | None:
    """The delta, or None: there is none, or it does not lead from its base to the complete list."""
    if reserved.row.delta_tbs is None or reserved.base is None or reserved.base.der is None:
        return None
    try:
        return authority.sign_delta(reserved.row.delta_tbs, base=reserved.base.der, complete=complete)
    except ListRefused as refused:
        _note_refusal(services, actor, reserved.row, refused, sort="delta")
        return None
    except Unavailable:
        # The complete list is signed: it is published alone, so that nothing is signed and forgotten.
        return None


def _note_refusal(services: Services, actor: Actor, reserved: PublishedCrl, refused: ListRefused, *, sort: str) -> None:
    """In the number's row, for the worker and `educa doctor`, and in the audit log."""
    with services.begin() as uow:
        if sort == "complete":
            status = CRL.after(reserved.status, CrlEvent.REFUSE)
            uow.crls.change(reserved, status=status, refusal=str(refused)[:300])
        detail = {"issuer": reserved.issuer, "list": sort, "why": str(refused)[:300]}
        uow.audit.append(actor, Tag.CRL_REFUSED, _subject(reserved), unit=actor.unit_code, detail=detail)


def _subject(row: PublishedCrl) -> str:
    return f"{row.name}#{row.number}"
