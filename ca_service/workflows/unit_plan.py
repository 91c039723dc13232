"""What an order about a unit would touch: the plan that is shown, and then carried out as it stands.

| act | people, certificates, tokens | applications | below |
|---|---|---|---|
| rename | certificates name the old unit: good until superseded | go on | – |
| move | nothing: a certificate does not name the unit above | from the old units above to the new one | goes along |
| merge | people and tokens to the surviving unit; certificates as for rename | returned, if so decided | goes along |
| close | stopped, certificates revoked, if so decided | returned, if so decided | must be empty |

Merging and closing also disable the unit's staff accounts, send its stock of tokens on in a parcel, and redirect
parcels under way. Whatever is not decided by name is an obstacle.
"""

from collections.abc import Sequence
from dataclasses import replace

from ca_service.domain.applications import Application, ApplicationStatus
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.changes import UNDER_WAY
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.media import IN_STOCK, WITH_PERSON, MediumStatus, ParcelStatus
from ca_service.domain.persons import UserType
from ca_service.domain.transfers import OPEN as OPEN_TRANSFER
from ca_service.domain.unit_cases import Effect, Order, Plan, Step, UnitAct
from ca_service.domain.unit_kinds import UNIT, UnitTurn
from ca_service.domain.units import Unit, UnitError, UnitKind, normalise_unit_name, placed_below, validate_unit
from ca_service.workflows.certificates import HOLDER_PROFILES
from ca_service.workflows.open_units import ended
from ca_service.workflows.places import is_taken
from ca_service.workflows.ports import UnitOfWork
from ca_service.workflows.units import check

LIVE = (CertificateStatus.SIGNING, CertificateStatus.ISSUED, CertificateStatus.ACTIVE, CertificateStatus.FROZEN)


def make_plan(uow: UnitOfWork, order: Order) -> Plan:
    """The plan of an order as things stand in this transaction.

    Raises Invalid or Conflict for an order that makes no sense whatever is cleared away; what can be cleared away is an
    obstacle of the plan. Raises NotFound for unknown units.
    """
    unit = uow.units.get(order.unit_code)
    if unit.kind is UnitKind.CENTRE and order.act is not UnitAct.RENAME:
        raise Invalid("自治区教育信息中心只能更名。")
    if (order.act is UnitAct.REOPEN) is unit.is_open:
        raise Conflict(ended(unit) if not unit.is_open else "该单位没有撤销或合并，不需要恢复。")
    return _MAKERS[order.act](_Maker(uow, order, unit))


class _Maker:
    """Collects obstacles and steps of one order."""

    def __init__(self, uow: UnitOfWork, order: Order, unit: Unit) -> None:
        self.uow = uow
        self.order = order
        self.unit = unit
        self.obstacles: list[str] = []
        self.steps: list[Step] = [Step(Effect.UNIT, unit.code, unit.status.value, order.target_code)]

    def plan(self, after: Unit) -> Plan:
        """The plan of all steps and obstacles so far; `after` is the unit as the act leaves it."""
        return Plan(self.order, self.unit, after, tuple(self.obstacles), tuple(self.steps))

    def target(self) -> Unit:
        """The other unit of the order; raise Invalid when there is none or it is not open."""
        if not self.order.target_code:
            raise Invalid("请填写另一单位的代码。")
        found = self.uow.units.get(self.order.target_code)
        if found.code == self.unit.code:
            raise Invalid("不能选择该单位自己。")
        if not found.is_open:
            raise Conflict(ended(found))
        return found

    def add(self, effect: Effect, subject: str, now: str, to: str = "") -> None:
        """Note one thing that is touched."""
        self.steps.append(Step(effect, subject, now, to))

    def block(self, why: str) -> None:
        """Note what is in the way."""
        self.obstacles.append(why)


def _rename(make: _Maker) -> Plan:
    after = replace(make.unit, name=make.order.name.strip())
    if after.name == make.unit.name:
        raise Invalid("新名称与现名称相同。")
    check(after, _parent(make.uow, make.unit))
    beside = make.uow.units.find(parent_code=make.unit.parent_code) if make.unit.parent_code else []
    wanted = normalise_unit_name(after.name)
    for other in beside:
        if other.is_open and other.code != after.code and normalise_unit_name(other.name) == wanted:
            make.block(f"同一上级单位下已有同名单位 {other.code}，表格按名称将无法识别。请换用可以区分的全称。")
    _certificates(make, Effect.CERTIFICATE_OUTDATED)
    return make.plan(after)


def _move(make: _Maker) -> Plan:
    above = make.target()
    if above.code == make.unit.parent_code:
        raise Invalid("该单位现在的上级单位就是它。")
    after = placed_below(make.unit, above, make.order.area_code)
    check(after, above)
    _reroute(make, above.code, goes_itself=True)
    return make.plan(after)


def _merge(make: _Maker) -> Plan:
    survivor = make.target()
    if survivor.kind is not make.unit.kind and not (survivor.kind.is_school and make.unit.kind.is_school):
        raise Invalid(f"“{make.unit.kind.chinese}”不能并入“{survivor.kind.chinese}”。")
    _children(make, survivor)
    _people(make, survivor)
    _ending(make, survivor.code)
    status = UNIT.after(make.unit.status, UnitTurn.MERGE)
    return make.plan(replace(make.unit, status=status, successor_code=survivor.code))


def _close(make: _Maker) -> Plan:
    below = make.uow.units.find(parent_code=make.unit.code)
    count = sum(unit.is_open for unit in below)
    if count:
        make.block(f"还有 {count} 个下级单位。请先办理合并、撤销或调整上级单位。")
    _people(make, None)
    _ending(make, make.unit.parent_code or "")
    return make.plan(replace(make.unit, status=UNIT.after(make.unit.status, UnitTurn.CLOSE)))


def _reopen(make: _Maker) -> Plan:
    above = make.target() if make.order.target_code else _parent(make.uow, make.unit)
    if above is None or not above.is_open:
        raise Conflict("原上级单位已不存在，请填写现在的上级单位代码。")
    status = UNIT.after(make.unit.status, UnitTurn.REOPEN)
    after = placed_below(replace(make.unit, status=status, successor_code=None), above, make.order.area_code)
    check(after, above)
    return make.plan(after)


_MAKERS = {
    UnitAct.RENAME: _rename,
    UnitAct.MERGE: _merge,
    UnitAct.CLOSE: _close,
    UnitAct.MOVE: _move,
    UnitAct.REOPEN: _reopen,
}


def _parent(uow: UnitOfWork, unit: Unit) -> Unit | None:
    return uow.units.get(unit.parent_code) if unit.parent_code else None


def _children(make: _Maker, survivor: Unit) -> None:
    for child in make.uow.units.find(parent_code=make.unit.code):
        if not child.is_open:
            continue
        try:
            validate_unit(placed_below(child, survivor), survivor)
        except UnitError as error:
            make.block(f"下级单位“{child.name}”（{child.code}）不能划归存续单位：{error.reason}。请先单独办理。")
            continue
        make.add(Effect.CHILD, child.code, child.parent_code or "", survivor.code)
    _reroute(make, survivor.code, goes_itself=False)


def _reroute(make: _Maker, above: str, *, goes_itself: bool) -> None:
    """Applications from a subtree that lie with a unit which will not be above them any more: they go to `above`.

    The subtree goes there with its top, or its top is left behind, with applications of its own.
    """
    uow, top = make.uow, make.unit.code
    inside = {unit.code for unit in uow.units.find(within=top)} - (set() if goes_itself else {top})
    stays = inside | set(uow.units.lineage(above))
    for application in uow.applications.find(within=top, status=ApplicationStatus.SUBMITTED):
        if application.unit_code in inside and application.at_unit not in stays:
            make.add(Effect.APPLICATION_REROUTED, application.id, application.at_unit, above)


def _people(make: _Maker, survivor: Unit | None) -> None:
    """Persons with their certificates and tokens: to the survivor, or stopped where the order says so."""
    uow, stop = make.uow, make.order.stop_people
    holders = uow.holders.find(unit_code=make.unit.code, status=[HolderStatus.ACTIVE, HolderStatus.STOPPED])
    active = [holder for holder in holders if holder.status is HolderStatus.ACTIVE]
    live = uow.certificates.count(unit_code=make.unit.code, status=LIVE, profile=HOLDER_PROFILES)
    if survivor is None and not stop and (active or live):
        make.block(
            f"还有 {len(active)} 名在用人员、{live} 张未吊销的证书。请先逐人办理停用，或选择“一并停用人员并吊销证书”。"
        )
    elif survivor is not None and not stop and _second_administrator(uow, active, survivor):
        make.block(
            f"存续单位 {survivor.code} 只能有一名信息管理员，已有一名在办或在用。请先为其中一人办理停用，"
            "或选择“一并停用人员并吊销证书”。"
        )
    goes = survivor is not None and not stop
    to = survivor.code if survivor is not None and goes else ""
    for holder in holders if goes else active:
        make.add(Effect.HOLDER_MOVED if goes else Effect.HOLDER_STOPPED, holder.id, holder.status.value, to)
    _certificates(make, Effect.CERTIFICATE_OUTDATED if goes else Effect.CERTIFICATE_REVOKED, to)
    for medium in uow.media.find(holder_id=[holder.id for holder in holders], status=WITH_PERSON):
        make.add(Effect.TOKEN_FOLLOWS if goes else Effect.TOKEN_DUE, medium.serial, medium.status.value, to)


def _second_administrator(uow: UnitOfWork, active: Sequence[Holder], survivor: Unit) -> bool:
    comes = any(holder.user_type == UserType.INFORMATION for holder in active)
    return comes and is_taken(uow, survivor, besides="")


def _certificates(make: _Maker, effect: Effect, to: str = "") -> None:
    found = make.uow.certificates.find(unit_code=make.unit.code, status=LIVE, profile=HOLDER_PROFILES)
    if any(certificate.status is CertificateStatus.SIGNING for certificate in found):
        make.block("有证书正在签发，请稍候重试。")
    for certificate in found:
        make.add(effect, certificate.serial, certificate.status.value, to)


def _ending(make: _Maker, heir: str) -> None:
    """What a unit leaves behind besides its people; `heir` takes its tokens and parcels."""
    uow, code = make.uow, make.unit.code
    _applications(make)
    changes = uow.changes.count(unit_code=code, status=UNDER_WAY)
    if changes:
        make.block(f"有 {changes} 件变更申请在办。请先办结。")
    if uow.transfers.count(unit_code=code, status=OPEN_TRANSFER):
        make.block("信息管理员正在交接。请先办结或终止交接。")
    allocated = uow.media.count(at_unit=code, status=MediumStatus.ALLOCATED)
    if allocated:
        make.block(f"有 {allocated} 个介质已分配、尚未交付。请先交付或取消分配。")
    for medium in uow.media.find(at_unit=code, status=IN_STOCK):
        make.add(Effect.TOKEN_SHIPPED, medium.serial, medium.status.value, heir)
    for parcel in uow.parcels.find(to_unit=code, status=ParcelStatus.SENT):
        make.add(Effect.PARCEL_REDIRECTED, parcel.id, parcel.status.value, heir)
    for staff in uow.staff.find(unit_code=code, active=True):
        make.add(Effect.STAFF_DISABLED, staff.login, ",".join(sorted(staff.roles)))
    for person in uow.responsible.find(unit_code=code, ended_at=None):
        make.add(Effect.PERSON_ENDED, person.id, person.duty.value)


def _applications(make: _Maker) -> None:
    found: Sequence[Application] = make.uow.applications.find(
        unit_code=make.unit.code, status=[ApplicationStatus.SUBMITTED, ApplicationStatus.APPROVED]
    )
    submitted = [a for a in found if a.status is ApplicationStatus.SUBMITTED]
    if len(found) > len(submitted):
        make.block("有已审核通过、尚未入库的申请。请等推送完成（通常几分钟）后再办理。")
    if submitted and not make.order.return_applications:
        make.block(f"有 {len(submitted)} 份申请在审核中。请先办结，或选择“一并退回在办申请”。")
    for application in submitted:
        make.add(Effect.APPLICATION_RETURNED, application.id, application.status.value, application.unit_code)
