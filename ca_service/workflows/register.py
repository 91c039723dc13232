"""Real-name registration (实名登记): a spreadsheet and its stamped scan become a batch of applications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ca_service.clock import SHANGHAI
from ca_service.domain.applications import LIVE, Application, ApplicationStatus, Batch, Contact
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Invalid
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import Unit
from ca_service.intake.rows import CellError, Normalised, RegistrationRow, check_rows
from ca_service.intake.scan import ScanError, check_scan
from ca_service.intake.sheet import SheetError, SheetLimits, read_roster
from ca_service.workflows.open_units import require_open
from ca_service.workflows.places import taken_places
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.unit_index import UnitIndex


@dataclass(frozen=True)
class Upload:
    """What a clerk hands in for a unit. `all_or_nothing` refuses the whole sheet for one bad row."""

    unit_code: str
    sheet: bytes
    sheet_name: str
    scan: bytes
    scan_name: str
    all_or_nothing: bool = False


@dataclass(frozen=True)
class ImportReport:
    """What became of each row. `batch_id` is empty when nothing was taken."""

    batch_id: str
    taken: Sequence[Application]
    already_there: Sequence[int]
    bad: Sequence[CellError]
    normalised: Sequence[Normalised]


def import_batch(services: Services, actor: Actor, upload: Upload) -> ImportReport:
    """Take the good rows, name every bad cell, keep sheet and scan. A repeat of the same sheet doubles nothing.

    Raises Invalid when sheet or scan cannot be read at all, or when `all_or_nothing` meets a bad row.
    """
    with services.read() as uow:
        authorise(actor, Action.REGISTRATION_SUBMIT, lineage=uow.units.lineage(upload.unit_code))
        index = UnitIndex(uow.units.find())
    try:
        check_scan(upload.scan, upload.scan_name)
        roster = read_roster(upload.sheet, filename=upload.sheet_name, limits=SheetLimits())
    except (ScanError, SheetError) as error:
        raise Invalid(str(error)) from error
    today = services.clock().astimezone(SHANGHAI).date()
    in_scope = index.subtree(upload.unit_code)
    checked = check_rows(roster, units=index, uploader_scope=in_scope.__contains__, today=today)
    sheet_sha256, scan_sha256 = services.documents.put(upload.sheet), services.documents.put(upload.scan)
    with services.begin() as uow:
        batch = _batch(services, uow, actor, upload.unit_code, sheet=sheet_sha256, scan=scan_sha256)
        require_open(uow, {row.unit_code for row in checked.good})
        sorted_rows = _Sorter(services, uow, index, batch).sort(checked.good)
        bad = [*checked.bad, *sorted_rows.refused]
        if bad and upload.all_or_nothing:
            first = bad[0]
            where = f"第 {first.row} 行 {first.letter} 列（{first.heading}）"
            raise Invalid(f"表格中有 {len(bad)} 处错误，按您的选择整表退回。第一处：{where}：{first.why}")
        taken = [_application(services, actor, batch, row, index) for row in sorted_rows.new]
        uow.applications.add_all(taken)
        detail: dict[str, str | int] = {
            "taken": len(taken),
            "bad": len(bad),
            "sheet": sheet_sha256,
            "scan": scan_sha256,
        }
        uow.audit.append(actor, Tag.BATCH_IMPORTED, batch.id, unit=upload.unit_code, detail=detail)
    return ImportReport(batch.id, taken, sorted_rows.already_there, bad, checked.normalised)


def _batch(services: Services, uow: UnitOfWork, actor: Actor, unit_code: str, *, sheet: str, scan: str) -> Batch:
    """The batch of this very sheet, new or from an earlier upload of it."""
    earlier = uow.batches.find(unit_code=unit_code, sheet_sha256=sheet)
    if earlier:
        return earlier[0]
    batch = Batch(services.new_id("B"), unit_code, sheet, scan, actor.login, services.clock())
    uow.batches.add(batch)
    return batch


@dataclass(frozen=True)
class _Sorted:
    new: Sequence[RegistrationRow]
    already_there: Sequence[int]
    refused: Sequence[CellError]


class _Sorter:
    """Compares good rows with what is registered: new, there already, or against the one-administrator rule."""

    def __init__(self, services: Services, uow: UnitOfWork, index: UnitIndex, batch: Batch) -> None:
        self._hash = services.keyed_hash
        self._index = index
        live = uow.applications.find(status=LIVE)
        self._present = {(a.unit_code, a.user_type, a.id_number_hash) for a in live}
        self._administered = set(taken_places(uow))
        # A returned row of this very sheet is resubmitted as it is, or mended in another sheet; it is not taken twice.
        self._rows = {application.row_number for application in uow.applications.find(batch_id=batch.id)}

    def sort(self, rows: Sequence[RegistrationRow]) -> _Sorted:
        """Sort in row order; an earlier row of the sheet takes the unit's one place."""
        new: list[RegistrationRow] = []
        already: list[int] = []
        refused: list[CellError] = []
        for row in rows:
            identity = (row.unit_code, row.user_type.value, self._hash(row.id_number.value))
            if identity in self._present or row.row in self._rows:
                already.append(row.row)
            elif self._place_taken(row):
                refused.append(_one_administrator(row, self._index.units[row.unit_code]))
            else:
                new.append(row)
                self._present.add(identity)
                if row.user_type is UserType.INFORMATION:
                    self._administered.add(row.unit_code)
        return _Sorted(new, already, refused)

    def _place_taken(self, row: RegistrationRow) -> bool:
        limit = self._index.units[row.unit_code].kind.max_information_administrators
        wants = row.user_type is UserType.INFORMATION
        return wants and limit is not None and row.unit_code in self._administered


def _one_administrator(row: RegistrationRow, unit: Unit) -> CellError:
    return CellError(
        row=row.row,
        letter="A",
        heading="申请人单位名称",
        found=unit.name,
        why="该单位只能有一名信息管理员，已有一名在办或在用",
        mend="请先为原信息管理员办理停用或变更，再提交新的申请",
    )


def _application(services: Services, actor: Actor, batch: Batch, row: RegistrationRow, index: UnitIndex) -> Application:
    return Application(
        id=services.new_id("A"),
        batch_id=batch.id,
        row_number=row.row,
        unit_code=row.unit_code,
        name=row.name,
        user_type=row.user_type.value,
        school_type=row.school_type.code if row.school_type else "",
        address=row.address,
        contact=Contact(row.id_number.value, row.office_phone.national, row.email, row.mobile.national),
        id_number_hash=services.keyed_hash(row.id_number.value),
        status=ApplicationStatus.SUBMITTED,
        at_unit=index.review_path(row.unit_code)[0],
        entered_by=actor.login,
        submitted_at=services.clock(),
    )


def conflicts(uow: UnitOfWork, applications: Sequence[Application]) -> Mapping[str, Sequence[str]]:
    """For each application whose person stands in another live one too: the ids of the others."""
    hashes = {a.id_number_hash for a in applications}
    sharing = uow.applications.find(id_number_hash=hashes, status=LIVE)
    found = {
        a.id: [o.id for o in sharing if o.id_number_hash == a.id_number_hash and o.id != a.id] for a in applications
    }
    return {own: others for own, others in found.items() if others}
