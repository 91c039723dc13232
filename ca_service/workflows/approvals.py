"""Whether a person's data are still those that were approved: asked before anything is certified.

Each person points to the application or change case in which the data were last approved. That content must still have
the approved hash, and the person's data, the unit's name included, must be those of that content, or what a renaming or
merging of the unit by two administrators has made of it (`attested.py`). A person pushed from a directory that reviews
by itself has no approval here; then the data must be as they were pushed.
"""

from collections.abc import Mapping
from dataclasses import replace

from ca_service.domain.applications import Application, Shown, parse_path
from ca_service.domain.changes import Change, ChangeStatus, Particular
from ca_service.domain.errors import NotApproved
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.units import Unit
from ca_service.workflows.attested import carried_on, merged_from
from ca_service.workflows.ports import UnitOfWork

_P = Particular
Facts = Mapping[str, str]
"""The data of a person by name: what a certificate says, the contact, and the ID number."""


def facts_of(holder: Holder, unit_name: str) -> Facts:
    """A person's data as they are kept now."""
    contact = holder.contact
    return {
        _P.NAME: holder.name,
        _P.UNIT: holder.unit_code,
        _P.UNIT_NAME: unit_name,
        _P.OFFICE_PHONE: contact.office_phone,
        _P.MOBILE: contact.mobile,
        _P.EMAIL: contact.email,
        "user_type": holder.user_type,
        "id_number": contact.id_number,
    }


def certifiable(uow: UnitOfWork, holder: Holder) -> Unit:
    """The unit under whose name this person may be certified; raise NotApproved where that is not what was approved."""
    if holder.status is not HolderStatus.ACTIVE:
        raise NotApproved("此人的账号已停用，不能签发证书。")
    unit = uow.units.get(holder.unit_code)
    approved = approved_facts(uow, holder)
    now = facts_of(holder, unit.name)
    if approved is None or {**carried_on(uow, approved, holder)} != {**now}:
        raise NotApproved(
            "姓名、单位或用户类型与审核通过的内容不一致，已停止签发并记录。"
            "信息有变的，请提交用户变更申请单（信息变更）；否则请联系自治区教育信息中心。"
        )
    return unit


def approved_facts(uow: UnitOfWork, holder: Holder) -> Facts | None:
    """The person's data as they were approved; None where no approval with the kept hash can be found."""
    if holder.approved_in and holder.approved_in != holder.external_id:
        return _of_change(uow, holder)
    applications = uow.applications.find(id=holder.external_id)
    if applications and applications[0].approved_path:
        return _of_application(uow, holder, applications[0])
    return _of_push(uow, holder)


def _of_application(uow: UnitOfWork, holder: Holder, application: Application) -> Facts | None:
    path = parse_path(application.approved_path)
    batches = uow.batches.find(id=application.batch_id)
    scan = application.scan_sha256 or (batches[0].scan_sha256 if batches else "")
    seen = Shown(application, path, scan)
    if not seen.sha256() == application.approved_sha256 == holder.approved_sha256:
        return None
    contact = application.contact
    return {
        _P.NAME: application.name,
        _P.UNIT: application.unit_code,
        _P.UNIT_NAME: path[-1][1],
        _P.OFFICE_PHONE: contact.office_phone,
        _P.MOBILE: contact.mobile,
        _P.EMAIL: contact.email,
        "user_type": application.user_type,
        "id_number": contact.id_number,
    }


def _of_change(uow: UnitOfWork, holder: Holder) -> Facts | None:
    found: list[Change] = list(uow.changes.find(id=holder.approved_in))
    if not found or found[0].paper is None:
        return None
    case = found[0]
    executed = case.status is ChangeStatus.EXECUTED and case.holder_id == holder.id
    if not executed or not case.approval_sha256() == case.approved_sha256 == holder.approved_sha256:
        return None
    return found[0].paper.wanted()


def _of_push(uow: UnitOfWork, holder: Holder) -> Facts | None:
    for code in (holder.unit_code, *merged_from(uow, holder)):
        pushed = replace(holder, unit_code=code)
        if pushed.content_sha256() == holder.pushed_sha256:
            return facts_of(pushed, uow.units.get(code).name)
    return None
