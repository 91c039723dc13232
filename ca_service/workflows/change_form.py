"""Entering a change form (用户变更申请单), and entering it again after it was returned."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from ca_service.clock import SHANGHAI
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.changes import (
    CHANGE,
    UNDER_WAY,
    Change,
    ChangeEvent,
    ChangeKind,
    ChangeStatus,
    Paper,
    Particular,
    Signature,
)
from ca_service.domain.errors import Conflict, Invalid, NotApproved
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.persons import PersonDataError, UserType, parse_email, parse_mobile, parse_name, parse_phone
from ca_service.domain.review import path_above
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.intake.scan import ScanError, check_scan
from ca_service.workflows.approvals import Facts, approved_facts, evidence, facts_of
from ca_service.workflows.places import is_taken
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.refused_acts import recorded
from ca_service.workflows.steps import Act, record
from ca_service.workflows.succession import open_transfer

LIVE_CERTIFICATE = (CertificateStatus.ISSUED, CertificateStatus.ACTIVE, CertificateStatus.FROZEN)
_LONGEST = 500
_P = Particular
_READERS: Mapping[Particular, Callable[[str], str]] = MappingProxyType(
    {
        _P.NAME: parse_name,
        _P.OFFICE_PHONE: lambda text: parse_phone(text).national,
        _P.MOBILE: lambda text: parse_mobile(text).national,
        _P.EMAIL: parse_email,
    }
)


@dataclass(frozen=True)
class Form:
    """What the clerk enters from the paper form, and the scan of it. `opinion` is the unit's (单位意见).

    `after` are the new values of an information change as they were written; empty ones do not change. `signed` are the
    dates in the signature blocks. An empty `scan` keeps the one sent before, when a form is entered again.
    """

    kind: ChangeKind
    holder_id: str
    explanation: str
    opinion: str
    transferred: bool
    scan: bytes
    scan_name: str
    after: Mapping[Particular, str] = field(default_factory=dict)
    login_account: str = ""
    signed: Mapping[Signature, date] = field(default_factory=dict)


def submit(
    services: Services, actor: Actor, form: Form, *, then: Callable[[UnitOfWork, Change], None] | None = None
) -> Change:
    """Enter a form; it lies at the unit above the person's. Raises Invalid for what is missing, Forbidden, Conflict.

    `then` writes what else belongs to the same transaction; the person's unit is held.
    """
    _check_scan(form)
    with _recorded(services, actor, form.holder_id), services.read() as uow:
        unit_code = uow.holders.get(form.holder_id).unit_code
        authorise(actor, Action.CHANGE_SUBMIT, lineage=uow.units.lineage(unit_code))
    scan = services.documents.put(form.scan)
    with _recorded(services, actor, form.holder_id), services.begin() as uow:
        uow.units.hold([uow.holders.get(form.holder_id).unit_code])
        # As it is once the unit is held: an erasure that was first has left nothing to write on a paper.
        holder = uow.holders.get(form.holder_id)
        if holder.status is HolderStatus.ERASED:
            raise Conflict(f"{holder.id} 的档案已按保存期规定清除，不能再办理变更。此人重新任职的，请重新登记。")
        change = Change(
            id=services.new_id("C"),
            kind=form.kind,
            holder_id=holder.id,
            unit_code=holder.unit_code,
            scan_sha256=scan,
            status=ChangeStatus.SUBMITTED,
            submitted_by=actor.login,
            submitted_at=services.clock(),
            at_unit=path_above(uow.units.lineage(holder.unit_code))[0],
            **_entered(services, uow, actor, form, holder),
        )
        _refuse_a_second(uow, change)
        uow.changes.add(change)
        detail = {"kind": form.kind.value, "holder": holder.id, "scan": scan}
        uow.audit.append(actor, Tag.CHANGE_SUBMITTED, change.id, unit=change.unit_code, detail=detail)
        if then is not None:
            then(uow, change)
        return change


def resubmit(services: Services, actor: Actor, change_id: str, form: Form | None = None) -> Change:
    """Send a returned case up again, as it is or as mended by `form` (same person, same kind)."""
    scan = {}
    if form is not None and form.scan:
        _check_scan(form)
        scan = {"scan_sha256": services.documents.put(form.scan)}
    with services.read() as uow:
        holder_id = uow.changes.get(change_id).holder_id
    with _recorded(services, actor, holder_id), services.begin() as uow:
        change, holder = uow.changes.get(change_id), uow.holders.get(holder_id)
        lineage = uow.units.lineage(holder.unit_code)
        authorise(actor, Action.CHANGE_SUBMIT, lineage=lineage)
        status = CHANGE.after(change.status, ChangeEvent.RESUBMIT)
        if form is not None and (form.kind, form.holder_id) != (change.kind, change.holder_id):
            raise Invalid("更正时不能改变变更类型或人员，请另行提交申请。")
        _refuse_a_second(uow, change)
        entered = {} if form is None else _entered(services, uow, actor, form, holder)
        place = path_above(lineage)[0]
        again = uow.changes.change(change, status=status, at_unit=place, decision_reason="", **scan, **entered)
        uow.audit.append(actor, Tag.CHANGE_RESUBMITTED, change.id, unit=change.unit_code)
        act = Act(change.id, ChangeEvent.RESUBMIT, change.at_unit, place, "", again.shown_sha256())
        record(services, uow, actor, [act])
        return again


def _recorded(services: Services, actor: Actor, holder_id: str) -> AbstractContextManager[None]:
    return recorded(services, actor, "change.submit", holder_id, unit=lambda uow: uow.holders.get(holder_id).unit_code)


def _check_scan(form: Form) -> None:
    try:
        check_scan(form.scan, form.scan_name)
    except ScanError as error:
        raise Invalid(str(error)) from error


def _refuse_a_second(uow: UnitOfWork, change: Change) -> None:
    others = uow.changes.find(holder_id=change.holder_id, kind=change.kind, status=UNDER_WAY)
    if any(other.id != change.id for other in others):
        raise Conflict(f"此人已有一份同类的变更申请在办（{others[0].id}），请先办结。")
    case = open_transfer(uow, holder_id=change.holder_id) if change.kind is ChangeKind.STOP else None
    if case is not None and case.change_id != change.id:
        raise Conflict(f"此人正在交接（{case.id}），停用随交接一并办理；不再交接的，请先终止交接。")


def _entered(services: Services, uow: UnitOfWork, actor: Actor, form: Form, holder: Holder) -> dict[str, Any]:
    """The fields of a case that a form gives, checked."""
    if not form.explanation.strip():
        raise Invalid("请填写变更说明（原因）。")
    if max(map(len, (form.explanation, form.opinion, form.login_account))) > _LONGEST:
        raise Invalid(f"变更说明、单位意见和登录账号各不超过 {_LONGEST} 个字。")
    today = services.clock().astimezone(SHANGHAI).date()
    if any(signed > today for signed in form.signed.values()):
        raise Invalid("签字日期不能晚于今天。")
    if form.kind is ChangeKind.RESTORE and holder.status is not HolderStatus.STOPPED:
        raise Conflict("此人的账号没有停用，不需要恢复。")
    paper = _paper(uow, actor, form, holder)
    concerned = form.kind in (ChangeKind.STOP, ChangeKind.RESTORE) or paper.touches_certificate()
    if paper.certified and concerned and not form.opinion.strip():
        raise Invalid("此人持有证书，这项变更必须填写单位意见；停用或换发证书的，随表交回介质。")
    return {
        "explanation": form.explanation,
        "opinion": form.opinion,
        "transferred": form.transferred,
        "paper": paper,
    }


def _paper(uow: UnitOfWork, actor: Actor, form: Form, holder: Holder) -> Paper:
    before = facts_of(holder, uow.units.get(holder.unit_code).name)
    after: Mapping[Particular, str] = {}
    if form.kind is ChangeKind.INFORMATION_CHANGE:
        before = _approved(uow, holder)
        after = _after(uow, actor, form, holder, before)
    elif any(text.strip() for text in form.after.values()):
        raise Invalid("只有信息变更可以填写变更后的内容。")
    return Paper(
        before=dict(before),
        after={name.value: value for name, value in after.items()},
        login_account=form.login_account.strip(),
        certified=bool(uow.certificates.find(holder_id=holder.id, status=LIVE_CERTIFICATE, limit=1)),
        signed={block.value: signed.isoformat() for block, signed in form.signed.items()},
    )


def _approved(uow: UnitOfWork, holder: Holder) -> Facts:
    """The data as approved: what a change starts from. Data changed past every approval are no ground for another."""
    approved = approved_facts(evidence(uow, [holder]), holder)
    now = facts_of(holder, "")
    unit = {_P.UNIT, _P.UNIT_NAME}
    if approved is None or any(approved[name] != now[name] for name in now if name not in unit):
        raise NotApproved("此人的登记信息与审核通过的内容不一致，不能在此基础上变更。请联系安全管理员核查。")
    return approved


def _after(uow: UnitOfWork, actor: Actor, form: Form, holder: Holder, before: Facts) -> Mapping[Particular, str]:
    """What changes. The unit's present code and name come from the tree: after a renaming they are approved here."""
    if _P.UNIT_NAME in form.after:
        raise Invalid("单位名称不能手工填写，以单位库为准。")
    values = {name: _read(name, text) for name, text in form.after.items() if text.strip() and name in _READERS}
    code = form.after.get(_P.UNIT, "").strip() or holder.unit_code
    authorise(actor, Action.CHANGE_SUBMIT, lineage=uow.units.lineage(code))
    refuse_taken_place(uow, holder, code)
    values |= {_P.UNIT: code, _P.UNIT_NAME: uow.units.get(code).name}
    changed = {name: value for name, value in values.items() if value != before[name]}
    if not changed:
        raise Invalid("没有填写任何与现有登记不同的内容。")
    return changed


def refuse_taken_place(uow: UnitOfWork, holder: Holder, unit_code: str) -> None:
    """Raise Conflict where the person would become the second information administrator of the unit; holds it."""
    if unit_code == holder.unit_code or holder.user_type != UserType.INFORMATION:
        return
    uow.units.hold([holder.unit_code, unit_code])
    if is_taken(uow, uow.units.get(unit_code), besides=holder.external_id):
        raise Conflict("变更后的单位已有一名信息管理员在办或在用。请先为原信息管理员办理停用。")


def _read(name: Particular, text: str) -> str:
    try:
        return _READERS[name](text)
    except PersonDataError as error:
        raise Invalid(f"{error.reason}。{error.mend}。") from error
