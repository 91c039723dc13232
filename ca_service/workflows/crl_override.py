"""A list that the gate refused, published all the same by two people: see `domain/crl_overrides`.

1. Examine: what differs without a cause, serial by serial, and the hash of it (`seen`).
2. Propose: the CA administrator, with a reason, what was seen.
3. Confirm: the security administrator, what was seen. The differences are found anew; if they are others, nothing
   is published. Else the list is signed and goes through the gate with these as its only exceptions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import crl
from ca_service.domain.audit import Tag
from ca_service.domain.crl_overrides import OVERRIDE, CrlOverride, Difference, OverrideEvent, OverrideStatus, seen_of
from ca_service.domain.crls import CrlLine, PublishedCrl
from ca_service.domain.errors import Conflict, Forbidden, Invalid, NotFound, StateUnknown
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.crl_contents import changes_since, read, write
from ca_service.workflows.crl_lines import all_lines
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.publish_crl import publish_now


@dataclass(frozen=True)
class Examined:
    """What stands between the last good list and the next one, and the hash of it."""

    line: CrlLine
    last_good: int
    refusal: str
    differences: Mapping[str, Difference]

    @property
    def seen(self) -> str:
        """What one person reads to the other."""
        return seen_of(self.line.name, self.differences)


def examine(services: Services, actor: Actor, name: str) -> Examined:
    """What differs without a cause, by serial; none where the list would be published."""
    with services.begin() as uow:
        authorise(actor, Action.CRL_READ, lineage=uow.units.lineage(actor.unit_code))
        return _examine(services, uow, _line(services, uow, name))


def propose(services: Services, actor: Actor, name: str, *, reason: str, seen: str) -> CrlOverride:
    """Propose to let these differences pass; nothing is published yet."""
    with services.begin() as uow:
        authorise(actor, Action.CRL_OVERRIDE, lineage=uow.units.lineage(actor.unit_code))
        if not reason.strip():
            raise Invalid("请填写原因：为什么可以不按履历发布。")
        examined = _examine(services, uow, _line(services, uow, name))
        _require_seen(examined, seen)
        proposed = CrlOverride(
            id=services.new_id("O"),
            name=name,
            status=OverrideStatus.PROPOSED,
            differences={serial: list(vars(found).values()) for serial, found in examined.differences.items()},
            reason=reason.strip()[:300],
            proposed_by=actor.login,
            proposed_at=services.clock(),
        )
        uow.crl_overrides.add(proposed)
        detail: dict[str, str | int] = {
            "crl": name,
            "seen": seen,
            "serials": ", ".join(examined.differences)[:300],
            "reason": proposed.reason,
        }
        uow.audit.append(actor, Tag.CRL_OVERRIDE_PROPOSED, proposed.id, unit=actor.unit_code, detail=detail)
    return proposed


def confirm(services: Services, actor: Actor, override_id: str, *, seen: str) -> PublishedCrl:
    """Publish the list with the differences that were proposed, if they are still the ones, and the only ones."""
    with services.begin() as uow:
        authorise(actor, Action.CRL_OVERRIDE_CONFIRM, lineage=uow.units.lineage(actor.unit_code))
        override = uow.crl_overrides.get(override_id)
        if override.proposed_by == actor.login:
            raise Forbidden("提出人不能确认自己提出的强制发布，请由安全管理员办理。")
        OVERRIDE.after(override.status, OverrideEvent.CONFIRM)
        line = _line(services, uow, override.name)
        examined = _examine(services, uow, line)
        _require_seen(examined, seen)
        if examined.seen != override.seen:
            raise Conflict("现在的差异与提出时的不同，未发布。请重新查看差异后再提出。")
    let_pass = {int(serial, 16): read(found.now) for serial, found in examined.differences.items()}
    record = partial(_record, services, actor, override)
    return publish_now(services, actor, line, let_pass=let_pass, record=record)


def _record(services: Services, actor: Actor, override: CrlOverride, uow: UnitOfWork, published: PublishedCrl) -> None:
    """In the transaction that publishes: so the proposal is used exactly once."""
    uow.crl_overrides.change(
        override,
        status=OVERRIDE.after(override.status, OverrideEvent.CONFIRM),
        decided_by=actor.login,
        decided_at=services.clock(),
        number=published.number,
        status_version=published.status_version,
    )
    detail: dict[str, str | int] = {
        "crl": published.name,
        "number": published.number,
        "proposed_by": override.proposed_by,
        "seen": override.seen,
    }
    uow.audit.append(actor, Tag.CRL_OVERRIDDEN, override.id, unit=actor.unit_code, detail=detail)


def withdraw(services: Services, actor: Actor, override_id: str) -> CrlOverride:
    """Take a proposal back that nobody has confirmed; IllegalTransition afterwards. The list stays refused."""
    with services.begin() as uow:
        authorise(actor, Action.CRL_OVERRIDE, lineage=uow.units.lineage(actor.unit_code))
        override = uow.crl_overrides.get(override_id)
        status = OVERRIDE.after(override.status, OverrideEvent.WITHDRAW)
        uow.audit.append(actor, Tag.CRL_OVERRIDE_WITHDRAWN, override.id, unit=actor.unit_code)
        now = services.clock()
        return uow.crl_overrides.change(override, status=status, decided_by=actor.login, decided_at=now)


def proposals(services: Services, actor: Actor) -> Sequence[CrlOverride]:
    """What waits for the second person."""
    with services.read() as uow:
        authorise(actor, Action.CRL_READ, lineage=uow.units.lineage(actor.unit_code))
        return uow.crl_overrides.find(status=OverrideStatus.PROPOSED)


def _line(services: Services, uow: UnitOfWork, name: str) -> CrlLine:
    for line in all_lines(uow, services.clock()):
        if line.name == name:
            return line
    raise NotFound(f"没有名为 {name} 的 CRL。")


def _examine(services: Services, uow: UnitOfWork, line: CrlLine) -> Examined:
    """As the gate would see it now: the last good list, the history since, and the entries of today."""
    uow.issuers.hold(line.issuer)
    last, refused = uow.crls.latest(line.name), uow.crls.last_refused(line.name)
    if last is None or last.der is None:
        raise NotFound("还没有发布过 CRL。")
    settled, this_update = last.settles_next, services.clock().replace(microsecond=0)
    before = crl.parse(last.der, published=True).entries
    now = _read_entries(uow.crls.entries(line, settled=settled))
    due = crl.outcome(changes_since(uow, line, last, settled=settled, this_update=this_update).items())
    found = {}
    for serial in sorted({*before, *now, *due}):
        was, said = before.get(serial), now.get(serial)
        right = due.get(serial, was)
        if said != right:
            found[f"{serial:x}"] = Difference(before=write(was), due=write(right), now=write(said))
    return Examined(line, last.number, refused.refusal if refused else "", found)


def _read_entries(entries: Sequence[bytes]) -> Mapping[int, crl.Revocation]:
    joined = b"".join(entries)
    try:
        return crl.decode_entries(joined, 0, len(joined))
    except crl.CrlError as error:
        raise StateUnknown(f"数据库中有 CRL 条目无法读取（{error}），不能强制发布。请安全管理员核查数据库。") from error


def _require_seen(examined: Examined, seen: str) -> None:
    if not examined.differences:
        raise Conflict("现在没有无故的差异：直接发布即可（educa crl publish）。")
    if seen != examined.seen:
        raise Conflict("您看到的差异与现在的不同。请用 educa crl refused 重新查看，再按其中的校验值办理。")
