"""The form page of one person: single entry, and mending of a returned application. Errors stand at their fields."""

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.applications import Application
from ca_service.domain.persons import UserType
from ca_service.domain.school_types import SCHOOL_TYPES
from ca_service.intake.columns import Column
from ca_service.web.console.context import actor, field, services
from ca_service.workflows.entry import blank, enter
from ca_service.workflows.mend import mend, mendable, seen_as
from ca_service.workflows.person_form import FormRefused, PersonForm, keep_scan

pages = Blueprint("person_form", __name__, url_prefix="/applications")
_LONGEST = 2_000


@pages.get("/new")
def new() -> str:
    """The empty form; a link may say for which unit."""
    form = blank(services(), actor())
    unit = request.args.get("unit", "")[:20].strip()
    return _page(replace(form, values={**form.values, Column.UNIT: unit}), {}, seen="")


@pages.post("/new")
def submit() -> ResponseReturnValue:
    """Register the person; what was typed stays on the page where something has to be mended."""
    form = _typed()
    try:
        application_id = enter(services(), actor(), form)
    except FormRefused as refused:
        return _again(form, refused, seen="")
    return redirect(url_for("console.applications.show", application_id=application_id))


@pages.get("/<application_id>/edit")
def edit(application_id: str) -> str:
    """As it was returned, to be mended; Conflict where it is not returned (any more)."""
    found = mendable(services(), actor(), application_id)
    return _page(_of(found), {}, seen=seen_as(found), returned=found)


@pages.post("/<application_id>/edit")
def resubmit(application_id: str) -> ResponseReturnValue:
    """Mend and submit again, if the page was not stale."""
    form = _typed()
    try:
        mend(services(), actor(), application_id, form, seen=field("seen"))
    except FormRefused as refused:
        return _again(form, refused, seen=field("seen"), returned=mendable(services(), actor(), application_id))
    return redirect(url_for("console.applications.show", application_id=application_id))


def _typed() -> PersonForm:
    """The form as it came; texts stay as typed but for their outer blanks."""
    values = {column: request.form.get(column.name, "")[:_LONGEST].strip() for column in Column}
    account = {"yes": True, "no": False}.get(field("has_account"))
    if not account:
        values[Column.ACCOUNT] = ""
    file = request.files.get("scan")
    chosen = file is not None and bool(file.filename)
    return PersonForm(
        values,
        compared_with_card=bool(field("compared_with_card")),
        has_account=account,
        scan=file.read() if file is not None and chosen else b"",
        scan_name=(file.filename or "") if file is not None and chosen else "",
        kept=field("kept")[:40],
    )


def _of(found: Application) -> PersonForm:
    contact = found.contact
    values = {
        Column.UNIT: found.unit_code,
        Column.NAME: found.name,
        Column.ID_NUMBER: contact.id_number,
        Column.OFFICE_PHONE: contact.office_phone,
        Column.EMAIL: contact.email,
        Column.MOBILE: contact.mobile,
        Column.SCHOOL_TYPE: found.school_type,
        Column.USER_TYPE: found.user_type,
        Column.ADDRESS: found.address,
        Column.CERTIFICATE: "是" if found.wants_certificate else "否",
        Column.ACCOUNT: found.existing_account,
        Column.REMARKS: found.remarks,
    }
    # A number with 000 at its end was compared with the card when it was entered.
    return PersonForm(
        values, compared_with_card=contact.id_number.endswith("000"), has_account=bool(found.existing_account)
    )


def _again(
    form: PersonForm, refused: FormRefused, *, seen: str, returned: Application | None = None
) -> ResponseReturnValue:
    kept, name = keep_scan(services(), actor(), form)
    return _page(replace(form, kept=kept, scan_name=name), refused.fields, seen=seen, returned=returned), 422


def _page(form: PersonForm, errors: Mapping[str, str], *, seen: str, returned: Application | None = None) -> str:
    values = {column.name: form.values.get(column, "") for column in Column}
    return render_template(
        "console/person_form.html",
        form=form,
        values=values,
        errors=errors,
        seen=seen,
        returned=returned,
        user_types=UserType,
        school_types=SCHOOL_TYPES.values(),
    )
