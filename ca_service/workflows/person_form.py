"""The form page of one person: the same rules as a sheet's row, each error at its field."""

from collections.abc import Mapping
from dataclasses import dataclass

from ca_service.clock import SHANGHAI
from ca_service.domain.drafts import Draft, DraftPart
from ca_service.domain.errors import Invalid
from ca_service.domain.roles import Actor
from ca_service.intake.cells import Cell, CellKind
from ca_service.intake.columns import Column
from ca_service.intake.rows import RegistrationRow, check_rows
from ca_service.intake.scan import ScanError, check_scan
from ca_service.intake.sheet import Roster, RosterRow
from ca_service.workflows.compare import Compared
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.register import shown_name
from ca_service.workflows.stored_units import StoredUnits

FORM_ROW = 2
"""The row of the one-row sheet that goes with a form: under the header."""
SCAN, PLACE = "SCAN", Column.UNIT.name


@dataclass(frozen=True)
class PersonForm:
    """What was typed. `compared_with_card`: the ID number's last digits 000 were compared with the card.

    `has_account` None means that it was not said. `kept` is a scan from an earlier try, by its draft.
    """

    values: Mapping[Column, str]
    compared_with_card: bool = False
    has_account: bool | None = None
    scan: bytes = b""
    scan_name: str = ""
    kept: str = ""


class FormRefused(Invalid):
    """Some fields break a rule: `fields` has what is wrong and how to mend it, by `Column.name` (and SCAN)."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(f"有 {len(fields)} 项需要更正：{'；'.join(fields.values())}")
        self.fields = fields


def read_form(
    services: Services, uow: UnitOfWork, form: PersonForm, *, scope: str, other: Mapping[str, str]
) -> RegistrationRow:
    """The form as a checked row; raise FormRefused for all errors at once, those in `other` among them."""
    cells = tuple(_cell(form.values.get(column, "")) for column in Column)
    roster = Roster("表单", 1, {}, (RosterRow(FORM_ROW, cells, hidden=False),))
    today = services.clock().astimezone(SHANGHAI).date()
    compared = (FORM_ROW,) if form.compared_with_card else ()
    checked = check_rows(roster, units=StoredUnits(uow, scope), today=today, compared_with_card=compared)
    fields = {**other}
    for error in checked.bad:
        fields.setdefault(Column(error.heading).name, f"{error.why}。{error.mend}。")
    _require_the_rest(form, fields)
    if fields:
        raise FormRefused(fields)
    return checked.good[0]


def _cell(text: str) -> Cell:
    return Cell(text, CellKind.TEXT if text.strip() else CellKind.EMPTY)


def _require_the_rest(form: PersonForm, fields: dict[str, str]) -> None:
    """What a sheet may leave unsaid and the form may not."""
    if not form.values.get(Column.CERTIFICATE):
        fields.setdefault(Column.CERTIFICATE.name, "请选择是否申请证书。")
    if form.has_account is None:
        fields.setdefault(Column.ACCOUNT.name, "请选择是否已有登录账号。")
    elif form.has_account and not form.values.get(Column.ACCOUNT):
        fields.setdefault(Column.ACCOUNT.name, "已有账号的用户必须填写现有登录账号。")


def read_scan(services: Services, actor: Actor, form: PersonForm) -> tuple[bytes, str, str]:
    """The scan that came with the form or is kept from an earlier try, its name, and what is wrong with it (or "")."""
    content, name = form.scan, form.scan_name
    if not content and form.kept:
        with services.read() as uow:
            found = uow.drafts.find(id=form.kept, uploaded_by=actor.login)
            if found:
                content, name = uow.drafts.part(form.kept, DraftPart.SCAN), found[0].scan_name
    if not content:
        return b"", "", "请选择盖章申请单的扫描件（PDF、JPEG 或 PNG）。"
    try:
        check_scan(content, name)
    except ScanError as error:
        return b"", "", str(error)
    return content, name, ""


def keep_scan(services: Services, actor: Actor, form: PersonForm) -> tuple[str, str]:
    """Keep a good scan for the next try of a form that was refused; return its draft and file name, or twice ""."""
    content, name, wrong = read_scan(services, actor, form)
    if wrong:
        return "", ""
    if not form.scan:
        return form.kept, name
    draft = Draft(services.new_id("D"), actor.unit_code, "", shown_name(name), actor.login, services.clock())
    with services.begin() as uow:
        uow.drafts.add(draft)
        uow.drafts.put_part(draft.id, DraftPart.SCAN, content)
    return draft.id, draft.scan_name


def refuse_if_there(compared: Compared, taken_by: str) -> None:
    """Raise FormRefused where the person or the unit's place is registered already."""
    if compared.refused:
        raise FormRefused({PLACE: f"{compared.refused[0].why}。{compared.refused[0].mend}。"})
    if compared.already_there:
        raise FormRefused({Column.ID_NUMBER.name: f"此人在该单位已有同一用户类型的申请（{taken_by}），不能重复录入。"})
