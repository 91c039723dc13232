"""What erasing a person means: the rows and documents that go, what stays for others' sake, what forbids it.

A person is whoever has one ID number. Who was registered twice is erased under both identifiers or not at all: the
keyed hash of the number would else still lead from one to the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from ca_service.clock import SHANGHAI
from ca_service.domain.changes import UNDER_WAY, ChangeStatus
from ca_service.domain.conflicts import ConflictStatus
from ca_service.domain.erasures import (
    ErasurePlan,
    ErasureStatus,
    Hindrance,
    Obstacle,
    PersonPlan,
    Remainder,
    Remains,
    Traces,
)
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.orders import OrderStatus
from ca_service.domain.retention import lapsed_at
from ca_service.domain.transfers import OPEN as OPEN_TRANSFER
from ca_service.workflows.erasure_person import Person, person_of
from ca_service.workflows.erasure_traces import AT_WORK, Around, Collected
from ca_service.workflows.ports import Services, UnitOfWork

_UNDECIDED = (*UNDER_WAY, ChangeStatus.RETURNED)
_SHORT = 16


def plan_erasure(services: Services, uow: UnitOfWork, holders: Iterable[Holder]) -> ErasurePlan:
    """The plan for these holders; one person of several identifiers stands in it once."""
    people: list[Person] = []
    for holder in sorted(holders, key=lambda one: one.id):
        if not any(holder.id in person.ids for person in people):
            people.append(person_of(uow, holder))
    # Papers about several persons of one case go with it, whoever of them comes first.
    going = frozenset(key for person in people for key in person.keys)
    around = Around(uow, going)
    collected = [Collected(around, person).all() for person in people]
    together = Traces.together(traces for traces, _ in collected)
    rows = uow.erasing.rows
    shared = frozenset(rows.named(rows.documents(together), besides=together))
    return ErasurePlan(
        [
            _plan(services, uow, person, traces, remainders, shared=shared)
            for person, (traces, remainders) in zip(people, collected, strict=True)
        ]
    )


def _plan(
    services: Services,
    uow: UnitOfWork,
    person: Person,
    traces: Traces,
    remainders: Sequence[Remainder],
    *,
    shared: frozenset[str],
) -> PersonPlan:
    """`shared` are the documents that somebody's record outside the case names too."""
    documents, first = set(uow.erasing.rows.documents(traces)), person.holders[0]
    stay = [Remainder(Remains.SHARED_DOCUMENT, name[:_SHORT]) for name in sorted(documents & shared)]
    return PersonPlan(
        first.id, first.unit_code, person.until, traces, sorted(documents - shared), [*remainders, *stay],
        list(_hindrances(services, uow, person)),
    )  # fmt: skip


def _hindrances(services: Services, uow: UnitOfWork, person: Person) -> Iterator[Hindrance]:
    who = person.ids[0]
    if person.holders[0].status is HolderStatus.ERASED:
        yield Hindrance(Obstacle.ERASED, f"{who} 的档案已经清除。")
        return
    yield from _too_early(services.clock(), person)
    ids, applications = person.ids, [application.id for application in person.applications]
    for hold in uow.erasing.holds.find(holder_id=ids, lifted_at=None):
        yield Hindrance(Obstacle.HELD, f"{hold.holder_id} 的档案被要求保留（{hold.id}：{hold.reason}），须先解除。")
    for application in person.applications:
        if application.status in AT_WORK:
            yield Hindrance(Obstacle.APPLICATION, f"{who} 另有申请 {application.id} 在办，请先办结。")
    for change in person.changes:
        if change.status in _UNDECIDED:
            yield Hindrance(Obstacle.CHANGE, f"{who} 有变更申请 {change.id} 未办结，请先办结或不同意。")
    cases = [*uow.conflicts.find(first_id=applications), *uow.conflicts.find(second_id=applications)]
    for case in cases:
        if case.status is ConflictStatus.UNDECIDED:
            yield Hindrance(Obstacle.CONFLICT, f"{who} 有重复登记 {case.id} 待处理，请先处理。")
    for transfer in uow.transfers.find(holder_id=ids, status=OPEN_TRANSFER):
        yield Hindrance(Obstacle.TRANSFER, f"{who} 的交接 {transfer.id} 未办结，请先办结或终止。")
    serials = [certificate.serial for certificate in person.certificates]
    for order in uow.orders.find(serial=serials, status=OrderStatus.OPEN):
        yield Hindrance(Obstacle.ORDER, f"{who} 的应急处置 {order.id} 待复核，请先复核。")


def _too_early(now: datetime, person: Person) -> Iterator[Hindrance]:
    who, live = person.ids[0], [c for c in person.certificates if lapsed_at(c) > now]
    if person.until is None:
        used = next(holder.id for holder in person.holders if holder.status is HolderStatus.ACTIVE)
        yield Hindrance(Obstacle.IN_USE, f"{used} 的账号还在使用，须先停用；停用后按最后一张证书计算保存期。")
    if live:
        yield Hindrance(Obstacle.LIVE_CERTIFICATE, f"{who} 的证书 {live[0].serial} 尚未失效，保存期还没有开始。")
    if person.until is not None and person.until > now:
        day = person.until.astimezone(SHANGHAI)
        text = f"{who} 的档案须保存到 {day:%Y-%m-%d}（最后一张证书失效后满五年），此后才可清除。"
        yield Hindrance(Obstacle.TOO_EARLY, text)


def refuse_second_case(uow: UnitOfWork, plan: ErasurePlan) -> Iterator[Hindrance]:
    """That a person stands in another case which is not decided yet."""
    for line in uow.erasing.lines.find(holder_id=list(plan.holders), erased_at=None):
        case = uow.erasing.cases.get(line.erasure_id)
        if case.status is ErasureStatus.PROPOSED:
            yield Hindrance(Obstacle.OTHER_CASE, f"{line.holder_id} 已在档案清除 {case.id} 中，请先办结或撤回它。")
