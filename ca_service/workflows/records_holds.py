"""A mark that a person's records are still needed (a dispute, an inquiry): while it stands they are not erased."""

from collections.abc import Sequence

from ca_service.domain.audit import Tag
from ca_service.domain.erasures import RecordsHold
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.holders import HolderStatus
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import Services


def hold_records(services: Services, actor: Actor, holder_id: str, *, reason: str) -> RecordsHold:
    """Keep a person's records until the mark is lifted; raise Invalid, NotFound, Conflict, Forbidden."""
    if not reason.strip():
        raise Invalid("请填写为什么要保留此人的档案，例如案件或信访的文号。")
    with services.begin() as uow:
        authorise(actor, Action.RECORDS_HOLD, lineage=uow.units.lineage(actor.unit_code))
        holder = uow.holders.get(holder_id)
        uow.units.hold([holder.unit_code])
        if uow.holders.get(holder_id).status is HolderStatus.ERASED:
            raise Conflict(f"{holder_id} 的档案已经清除，没有可以保留的内容。")
        if uow.erasing.holds.find(holder_id=holder_id, lifted_at=None):
            raise Conflict(f"{holder_id} 的档案已在保留中。")
        made = RecordsHold(
            services.new_id("K"), holder_id, holder.unit_code, reason.strip()[:300], actor.login, services.clock()
        )
        uow.erasing.holds.add(made)
        detail: dict[str, str | int] = {"case": made.id, "reason": made.reason}
        uow.audit.append(actor, Tag.RECORDS_HELD, holder_id, unit=holder.unit_code, detail=detail)
    return made


def lift_hold(services: Services, actor: Actor, hold_id: str, *, reason: str) -> RecordsHold:
    """Lift a mark; raise Invalid, NotFound, Conflict, Forbidden."""
    if not reason.strip():
        raise Invalid("请填写为什么不再需要保留。")
    with services.begin() as uow:
        authorise(actor, Action.RECORDS_LIFT, lineage=uow.units.lineage(actor.unit_code))
        hold = uow.erasing.holds.get(hold_id)
        if hold.lifted_at is not None:
            raise Conflict(f"{hold_id} 已经解除。")
        now, said = services.clock(), reason.strip()[:300]
        lifted = uow.erasing.holds.change(
            hold, guard=("lifted_at",), lifted_by=actor.login, lifted_at=now, lift_reason=said
        )
        detail: dict[str, str | int] = {"case": hold.id, "reason": said}
        uow.audit.append(actor, Tag.RECORDS_RELEASED, hold.holder_id, unit=hold.unit_code, detail=detail)
    return lifted


def standing_holds(services: Services, actor: Actor) -> Sequence[RecordsHold]:
    """Those not lifted yet, the oldest first; raise Forbidden."""
    with services.read() as uow:
        authorise(actor, Action.ERASURE_READ, lineage=uow.units.lineage(actor.unit_code))
        return uow.erasing.holds.find(lifted_at=None, order="set_at")
