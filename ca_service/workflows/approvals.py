"""Whether a person's data are still those that were approved: asked before anything is certified.

Each person points to the application or change case in which the data were last approved. That content must still have
the approved hash, and the person's data, the unit's name included, must be those of that content, or what a renaming or
merging of the unit by two administrators has made of it (`attested.py`). A person pushed from a directory that reviews
by itself has no approval here; then the data must be as they were pushed.

The records that say so are read at once for any number of persons (`evidence`); the judgement itself reads nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from ca_service.domain.applications import Application, Batch, Shown, parse_path
from ca_service.domain.changes import Change, ChangeStatus, Particular
from ca_service.domain.errors import NotApproved
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.units import Unit
from ca_service.workflows.attested import Decided, carried_on, decided, merged_from
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


@dataclass(frozen=True)
class Evidence:
    """What was approved of some persons, by id, and what became of their units since."""

    units: Mapping[str, Unit]
    applications: Mapping[str, Application]
    batches: Mapping[str, Batch]
    changes: Mapping[str, Change]
    decided: Decided


def evidence(uow: UnitOfWork, holders: Collection[Holder]) -> Evidence:
    """Read what `certifiable` and `approved_facts` need to judge these persons."""
    by_change = {holder.approved_in for holder in holders if _by_change(holder)}
    others = [holder.external_id for holder in holders if not _by_change(holder)]
    changes = uow.changes.find(id=sorted(by_change)) if by_change else ()
    applications = uow.applications.find(id=others) if others else ()
    batch_ids = {application.batch_id for application in applications}
    batches = uow.batches.find(id=sorted(batch_ids)) if batch_ids else ()
    codes = {holder.unit_code for holder in holders} | {application.unit_code for application in applications}
    papers = [change.paper.wanted() for change in changes if change.paper is not None]
    done = decided(uow, holders, codes.union(wanted.get(_P.UNIT, "") for wanted in papers))
    past = {case.unit_code for cases in done.merges.values() for case in cases}
    units = uow.units.find(code=sorted(past.union(holder.unit_code for holder in holders)))
    return Evidence(
        units={unit.code: unit for unit in units},
        applications={application.id: application for application in applications},
        batches={batch.id: batch for batch in batches},
        changes={change.id: change for change in changes},
        decided=done,
    )


def certifiable(known: Evidence, holder: Holder) -> Unit:
    """The unit under whose name this person may be certified; raise NotApproved where that is not what was approved."""
    if holder.status is not HolderStatus.ACTIVE:
        raise NotApproved("此人的账号已停用，不能签发证书。")
    unit = known.units[holder.unit_code]
    approved = approved_facts(known, holder)
    now = facts_of(holder, unit.name)
    if approved is None or {**carried_on(known.decided, approved, holder)} != {**now}:
        raise NotApproved(
            "姓名、单位或用户类型与审核通过的内容不一致，已停止签发并记录。"
            "信息有变的，请提交用户变更申请单（信息变更）；否则请联系自治区教育信息中心。"
        )
    return unit


def approved_facts(known: Evidence, holder: Holder) -> Facts | None:
    """The person's data as they were approved; None where no approval with the kept hash can be found."""
    if _by_change(holder):
        return _of_change(known.changes.get(holder.approved_in or ""), holder)
    application = known.applications.get(holder.external_id)
    if application is not None and application.approved_path:
        return _of_application(known, holder, application)
    return _of_push(known, holder)


def _by_change(holder: Holder) -> bool:
    return bool(holder.approved_in) and holder.approved_in != holder.external_id


def _of_application(known: Evidence, holder: Holder, application: Application) -> Facts | None:
    path = parse_path(application.approved_path)
    batch = known.batches.get(application.batch_id)
    scan = application.scan_sha256 or (batch.scan_sha256 if batch else "")
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


def _of_change(case: Change | None, holder: Holder) -> Facts | None:
    if case is None or case.paper is None:
        return None
    executed = case.status is ChangeStatus.EXECUTED and case.holder_id == holder.id
    if not executed or not case.approval_sha256() == case.approved_sha256 == holder.approved_sha256:
        return None
    return case.paper.wanted()


def _of_push(known: Evidence, holder: Holder) -> Facts | None:
    for code in (holder.unit_code, *merged_from(known.decided, holder)):
        pushed = replace(holder, unit_code=code)
        if pushed.content_sha256() == holder.pushed_sha256:
            return facts_of(pushed, known.units[code].name)
    return None
