"""Hand-over (交接) between a unit's information administrators: one case that leads through stop form and application.

1. begin: the stop form (transferred) of the one who leaves
2. the application of the one who comes: whoever applies for the unit's place now, or named by a clerk
3. both go their ordinary ways up the tree, in any order; neither is carried out by itself
4. execute (`transfer_execution.py`): one is stopped and revoked, the other registered, in one transaction
5. token, codes, download as for anybody; until then the page shows since when the unit has no certificate
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ca_service.domain.applications import Application, ApplicationStatus
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.changes import Change, ChangeKind, ChangeStatus
from ca_service.domain.enrolments import EnrolmentStatus
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.media import WITH_PERSON
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.transfers import Leg, Papers, Progress, Transfer, TransferStatus, way
from ca_service.workflows.change_form import Form, submit
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.refused_acts import recorded
from ca_service.workflows.succession import abandon, has_successor, name, open_transfer

_NAMEABLE = (ApplicationStatus.SUBMITTED, ApplicationStatus.RETURNED)
_ADOPTABLE = (ChangeStatus.SUBMITTED, ChangeStatus.RETURNED)
_LONGEST = 300


def begin(services: Services, actor: Actor, form: Form) -> Transfer:
    """Open a hand-over with the stop form of the one who leaves; raise Invalid, Forbidden, Conflict."""
    if form.kind is not ChangeKind.STOP or not form.transferred:
        raise Invalid("交接从停用申请开始：变更类型应为停用，并注明本人已调离原单位。")
    made: list[Transfer] = []
    submit(services, actor, form, then=lambda uow, change: made.append(_opened(services, uow, actor, change)))
    return made[0]


def begin_with(services: Services, actor: Actor, change_id: str) -> Transfer:
    """Open a hand-over with a stop form that was entered before and is not decided yet."""
    with _recorded(services, actor, change_id), services.begin() as uow:
        change = uow.changes.get(change_id)
        authorise(actor, Action.CHANGE_SUBMIT, lineage=uow.units.lineage(change.unit_code))
        if change.kind is not ChangeKind.STOP or not change.transferred:
            raise Invalid("只有注明“本人已调离原单位”的停用申请可以转为交接。")
        if change.status not in _ADOPTABLE:
            raise Conflict("这份停用申请已经审核，不能再转为交接。")
        uow.units.hold([change.unit_code])
        return _opened(services, uow, actor, change)


def _recorded(services: Services, actor: Actor, change_id: str) -> AbstractContextManager[None]:
    def unit(uow: UnitOfWork) -> str:
        return uow.changes.get(change_id).unit_code

    return recorded(services, actor, "transfer.begin", change_id, unit=unit)


def _opened(services: Services, uow: UnitOfWork, actor: Actor, change: Change) -> Transfer:
    holder = uow.holders.get(change.holder_id)
    if holder.status is not HolderStatus.ACTIVE or holder.user_type != UserType.INFORMATION:
        raise Conflict("只有在用的信息管理员可以交接。账号已停用的，接任者可以直接申请。")
    if open_transfer(uow, holder_id=holder.id):
        raise Conflict("此人已在交接中，请在原交接中办理。")
    case = Transfer(
        id=services.new_id("J"),
        unit_code=holder.unit_code,
        holder_id=holder.id,
        change_id=change.id,
        status=TransferStatus.SEEKING,
        opened_by=actor.login,
        opened_at=services.clock(),
    )
    uow.transfers.add(case)
    uow.audit.append(actor, Tag.TRANSFER_OPENED, case.id, unit=case.unit_code, detail={"stop": change.id})
    return case


def name_successor(services: Services, actor: Actor, transfer_id: str, application_id: str) -> Transfer:
    """Choose the successor among the applications of the unit, where another one does not stand as such."""
    with services.begin() as uow:
        case = uow.transfers.get(transfer_id)
        authorise(actor, Action.CHANGE_SUBMIT, lineage=uow.units.lineage(case.unit_code))
        uow.units.hold([case.unit_code])
        if has_successor(uow, case):
            raise Conflict(f"接任者的申请 {case.application_id} 在办；需要换人的，请先由审核单位退回该申请。")
        application = next((a for a in candidates(uow, case) if a.id == application_id), None)
        if application is None:
            raise Invalid("只能选择该单位待审核或已退回、未列入其他交接的信息管理员申请。")
        return name(uow, actor, case, application)


def candidates(uow: UnitOfWork, case: Transfer) -> Sequence[Application]:
    """The applications of the unit that may be the successor's, newest first."""
    found = uow.applications.find(
        unit_code=case.unit_code, user_type=UserType.INFORMATION.value, status=_NAMEABLE, order="-submitted_at"
    )
    leaving = uow.holders.get(case.holder_id).id_number_hash
    return [a for a in found if a.id_number_hash != leaving and not open_transfer(uow, application_id=a.id)]


def give_up(services: Services, actor: Actor, transfer_id: str, *, reason: str) -> Transfer:
    """Give a hand-over up: the stop form goes on by itself, the successor's application back to its sender."""
    if not reason.strip() or len(reason) > _LONGEST:
        raise Invalid(f"请填写终止交接的原因，不超过 {_LONGEST} 个字。")
    with services.begin() as uow:
        case = uow.transfers.get(transfer_id)
        authorise(actor, Action.CHANGE_SUBMIT, lineage=uow.units.lineage(case.unit_code))
        return abandon(services, uow, actor, case, reason=reason.strip())


@dataclass(frozen=True)
class TransferView:
    """What the page of a hand-over shows: no personal data, which stand on the pages of the two papers.

    `candidates`: the applications that may be named as the successor's, where there is none.
    """

    case: Transfer
    unit_name: str
    stop: Change
    application: Application | None
    successor: Holder | None
    way: dict[Leg, Progress]
    candidates: Sequence[str]

    @property
    def has_gap(self) -> bool:
        """Whether the predecessor is stopped and the successor has no certificate yet."""
        return self.way[Leg.EXECUTED] is Progress.DONE and self.way[Leg.CERTIFICATE] is not Progress.DONE

    @property
    def ready(self) -> bool:
        """Whether it can be carried out now."""
        return self.case.is_open and self.way[Leg.EXECUTED] is Progress.NEXT


def view(services: Services, actor: Actor, transfer_id: str) -> TransferView:
    """One hand-over: where it stands and what is next; raise NotFound, Forbidden."""
    with services.read() as uow:
        case = uow.transfers.get(transfer_id)
        authorise(actor, Action.CHANGE_READ, lineage=uow.units.lineage(case.unit_code))
        return _view(uow, case)


def transfers(
    services: Services, actor: Actor, window: Window = ALL, *, status: TransferStatus | None = None
) -> Listing[TransferView]:
    """The hand-overs of the actor's subtree, newest first."""
    equal = {"status": status} if status else {}
    with services.read() as uow:
        authorise(actor, Action.CHANGE_READ, lineage=uow.units.lineage(actor.unit_code))
        found = listing(uow.transfers, window, order="-opened_at", within=actor.unit_code, **equal)
        return Listing([_view(uow, case) for case in found.rows], found.total)


def _view(uow: UnitOfWork, case: Transfer) -> TransferView:
    stop = uow.changes.get(case.change_id)
    applications = uow.applications.find(id=case.application_id or "")
    application = applications[0] if applications else None
    successor = next(iter(uow.holders.find(external_id=application.id)), None) if application else None
    choosable = case.is_open and not has_successor(uow, case)
    return TransferView(
        case=case,
        unit_name=uow.units.get(case.unit_code).name,
        stop=stop,
        application=application,
        successor=successor,
        way=dict(way(case.status, _papers(uow, stop, application, successor))),
        candidates=[a.id for a in candidates(uow, case)] if choosable else [],
    )


def _papers(uow: UnitOfWork, stop: Change, application: Application | None, successor: Holder | None) -> Papers:
    given = application.status if application else None
    if successor is None:
        return Papers(stop.status, given)
    codes = (EnrolmentStatus.OPEN, EnrolmentStatus.ISSUED, EnrolmentStatus.CONFIRMED)
    return Papers(
        stop.status,
        given,
        has_token=bool(uow.media.count(holder_id=successor.id, status=WITH_PERSON)),
        has_code=bool(uow.enrolments.count(holder_id=successor.id, status=codes)),
        certified=bool(uow.certificates.count(holder_id=successor.id, status=CertificateStatus.ACTIVE)),
    )
