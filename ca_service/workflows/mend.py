"""A returned application is mended on the form page by its unit's clerk and goes up again."""

from collections.abc import Sequence
from typing import Any

from ca_service.domain.applications import (
    APPLICATION,
    LIVE,
    Application,
    ApplicationEvent,
    ApplicationStatus,
    content_sha256,
)
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE
from ca_service.intake.columns import Column
from ca_service.intake.rows import RegistrationRow
from ca_service.workflows.conflicts import open_conflicts
from ca_service.workflows.open_units import require_open
from ca_service.workflows.person_form import PLACE, SCAN, FormRefused, PersonForm, read_form, read_scan
from ca_service.workflows.places import is_taken
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.register import contact_of
from ca_service.workflows.steps import Act, record
from ca_service.workflows.succession import pair


def seen_as(application: Application) -> str:
    """What a page showed of an application; a page that shows anything else is stale."""
    return content_sha256(application, besides=frozenset())


def mendable(services: Services, actor: Actor, application_id: str) -> Application:
    """A returned application, unmasked for mending, which is recorded; raise Conflict when it is not returned."""
    with services.begin() as uow:
        found = uow.applications.get(application_id)
        authorise(actor, Action.REGISTRATION_SUBMIT, lineage=uow.units.lineage(found.unit_code))
        if found.status is not ApplicationStatus.RETURNED:
            raise Conflict("只有已退回的申请可以修改。这份申请的状态已变化，请刷新后按最新状态办理。")
        uow.audit.append(actor, Tag.APPLICATION_UNMASKED, found.id, unit=found.unit_code)
    return found


def mend(services: Services, actor: Actor, application_id: str, form: PersonForm, *, seen: str) -> Application:
    """Write the mended fields and submit again; a scan is needed only where it changed.

    Raises FormRefused with every field to mend, Conflict where the page was stale: nothing is overwritten.
    """
    with services.read() as uow:
        found = uow.applications.get(application_id)
        authorise(actor, Action.REGISTRATION_SUBMIT, lineage=uow.units.lineage(found.unit_code))
    scan, other = b"", {}
    if form.scan or form.kept:
        scan, _, wrong = read_scan(services, actor, form)
        other = {SCAN: wrong} if wrong else {}
    with services.begin() as uow:
        found = uow.applications.get(application_id)
        if seen_as(found) != seen:
            raise Conflict("页面显示的内容已经过时：这份申请刚刚被他人处理。未作任何更改，请刷新后按最新状态办理。")
        row = read_form(services, uow, form, scope=actor.unit_code, other=other)
        require_open(uow, [row.unit.code])
        _refuse_doubles(services, uow, found, row)
        changed = _changed(services, actor, found, row)
        if scan:
            changed["scan_sha256"] = services.documents.put(scan)
        mended = uow.applications.change(found, guard=("at_unit", "id_number_hash", "mended_by"), **changed)
        if form.kept:
            uow.drafts.remove([draft.id for draft in uow.drafts.find(id=form.kept, uploaded_by=actor.login)])
        detail = {"fields": ",".join(_differences(found, mended))}
        uow.audit.append(actor, Tag.APPLICATION_MENDED, found.id, unit=mended.unit_code, detail=detail)
        uow.audit.append(actor, Tag.APPLICATION_RESUBMITTED, found.id, unit=mended.unit_code)
        record(services, uow, actor, [Act(found.id, ApplicationEvent.RESUBMIT, found.at_unit, mended.at_unit)])
        open_conflicts(services, uow, actor, [mended])
        pair(uow, actor, [mended])
    return mended


def _refuse_doubles(services: Services, uow: UnitOfWork, found: Application, row: RegistrationRow) -> None:
    if row.user_type is UserType.INFORMATION and is_taken(uow, row.unit, besides=found.id, applying=True):
        raise FormRefused({PLACE: "该单位只能有一名信息管理员，已有一名在办或在用。请先为原信息管理员办理停用或变更。"})
    number = services.keyed_hash(row.id_number.value)
    same = uow.applications.find(
        id_number_hash=number, unit_code=row.unit.code, user_type=row.user_type.value, status=LIVE
    )
    if same:
        told = f"此人在该单位已有同一用户类型的申请（{same[0].id}），不能重复提交。"
        raise FormRefused({Column.ID_NUMBER.name: told})


def _changed(services: Services, actor: Actor, found: Application, row: RegistrationRow) -> dict[str, Any]:
    return {
        "status": APPLICATION.after(found.status, ApplicationEvent.RESUBMIT),
        "at_unit": row.unit.parent_code or CENTRE_CODE,
        "reason": "",
        "mended_by": actor.login,
        "unit_code": row.unit.code,
        "name": row.name,
        "user_type": row.user_type.value,
        "school_type": row.school_type.code if row.school_type else "",
        "address": row.address,
        "contact": contact_of(row),
        "id_number_hash": services.keyed_hash(row.id_number.value),
        "wants_certificate": row.wants_certificate,
        "existing_account": row.account,
        "remarks": row.remarks,
    }


def _differences(before: Application, after: Application) -> Sequence[str]:
    """The names of the fields that were changed, without their values."""
    names = ("unit_code", "name", "user_type", "school_type", "address", "wants_certificate", "existing_account")
    changed = [name for name in (*names, "remarks", "scan_sha256") if getattr(before, name) != getattr(after, name)]
    personal = ("id_number", "office_phone", "email", "mobile")
    return changed + [name for name in personal if getattr(before.contact, name) != getattr(after.contact, name)]
