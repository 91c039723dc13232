"""Single entry: one person typed into the form page becomes a batch of one, by the rules of the sheets."""

from collections.abc import Sequence

from ca_service.domain.applications import LIVE, Application, Batch, Source
from ca_service.domain.audit import Tag
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.school_types import SchoolType
from ca_service.intake.columns import Column
from ca_service.intake.rows import RegistrationRow
from ca_service.intake.template import write_roster
from ca_service.workflows.compare import Context, compare
from ca_service.workflows.open_units import require_open
from ca_service.workflows.person_form import SCAN, PersonForm, read_form, read_scan, refuse_if_there
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.register import add_applications, admit, contact_of


def blank(services: Services, actor: Actor) -> PersonForm:
    """The form before anything is typed; raise Forbidden for who does not enter."""
    with services.read() as uow:
        authorise(actor, Action.REGISTRATION_SUBMIT, lineage=uow.units.lineage(actor.unit_code))
    return PersonForm({Column.USER_TYPE: UserType.INFORMATION.value, Column.CERTIFICATE: "是"})


def enter(services: Services, actor: Actor, form: PersonForm) -> str:
    """Register one person; return the application's id, or that of a first try that had come through.

    Raises FormRefused with every field to mend; nothing is kept then.
    """
    admit(services, actor, actor.unit_code)
    scan, _, wrong = read_scan(services, actor, form)
    with services.read() as uow:
        row = read_form(services, uow, form, scope=actor.unit_code, other={SCAN: wrong} if wrong else {})
    with services.begin() as uow:
        require_open(uow, [row.unit.code])
        compared = compare(services, uow, [row], Context(actor.unit_code, {}))
        if compared.already_there:
            same = _same_person(services, uow, row)
            if same[0].entered_by == actor.login and same[0].contact == contact_of(row):
                return same[0].id  # the button was pressed twice
            refuse_if_there(compared, same[0].id)
        refuse_if_there(compared, "")
        batch = _batch(services, actor, row, scan)
        uow.batches.add(batch)
        (made,) = add_applications(services, uow, actor, batch, [row])
        if form.kept:
            uow.drafts.remove([draft.id for draft in uow.drafts.find(id=form.kept, uploaded_by=actor.login)])
        detail: dict[str, str | int] = {"taken": 1, "sheet": batch.sheet_sha256, "scan": batch.scan_sha256}
        uow.audit.append(actor, Tag.BATCH_IMPORTED, batch.id, unit=batch.unit_code, detail=detail)
    return made.id


def _same_person(services: Services, uow: UnitOfWork, row: RegistrationRow) -> Sequence[Application]:
    number = services.keyed_hash(row.id_number.value)
    return uow.applications.find(
        id_number_hash=number, unit_code=row.unit.code, user_type=row.user_type.value, status=LIVE
    )


def _batch(services: Services, actor: Actor, row: RegistrationRow, scan: bytes) -> Batch:
    sheet = write_roster([_written(row)], columns=tuple(Column))
    return Batch(
        id=services.new_id("B"),
        unit_code=row.unit.code,
        sheet_sha256=services.documents.put(sheet),
        scan_sha256=services.documents.put(scan),
        uploaded_by=actor.login,
        uploaded_at=services.clock(),
        source=Source.FORM,
    )


def _written(row: RegistrationRow) -> dict[Column, str]:
    """The row as a sheet of it would be filled in."""
    contact = contact_of(row)
    return {
        Column.UNIT: row.unit.code,
        Column.NAME: row.name,
        Column.ID_NUMBER: contact.id_number,
        Column.OFFICE_PHONE: contact.office_phone,
        Column.EMAIL: contact.email,
        Column.MOBILE: contact.mobile,
        Column.SCHOOL_TYPE: _code(row.school_type),
        Column.USER_TYPE: row.user_type.value,
        Column.ADDRESS: row.address,
        Column.CERTIFICATE: "是" if row.wants_certificate else "否",
        Column.ACCOUNT: row.account,
        Column.REMARKS: row.remarks,
    }


def _code(school_type: SchoolType | None) -> str:
    return school_type.code if school_type else ""
