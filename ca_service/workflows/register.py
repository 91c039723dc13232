"""Real-name registration (实名登记): a spreadsheet and its stamped scan become a batch of applications."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ca_service.clock import SHANGHAI
from ca_service.domain.applications import Application, ApplicationStatus, Batch, BatchStatus, Contact
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Forbidden, Invalid
from ca_service.domain.free_text import blotted
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE
from ca_service.intake.report import CellError, Normalised
from ca_service.intake.rows import Checked, RegistrationRow, check_rows
from ca_service.intake.scan import ScanError, check_scan
from ca_service.intake.sheet import Roster, SheetError, SheetLimits, read_roster
from ca_service.workflows.compare import Compared, Context, compare
from ca_service.workflows.conflicts import open_conflicts
from ca_service.workflows.findings import Findings
from ca_service.workflows.open_units import require_open
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.stored_units import StoredUnits
from ca_service.workflows.succession import pair

_AT_A_TIME = 1_000


@dataclass(frozen=True)
class Upload:
    """What a clerk hands in for a unit. `all_or_nothing` refuses the whole sheet for one bad row.

    `chosen` has the unit's code for rows whose unit the person picked from what was offered.
    """

    unit_code: str
    sheet: bytes
    sheet_name: str
    scan: bytes
    scan_name: str
    all_or_nothing: bool = False
    chosen: Mapping[int, str] = field(default_factory=dict)
    limits: SheetLimits = field(default_factory=SheetLimits)


@dataclass(frozen=True)
class Taken:
    """An application that was made from a row."""

    id: str
    row: int
    unit_code: str
    at_unit: str


@dataclass(frozen=True)
class ImportReport:
    """What became of each row. `batch_id` names the earlier batch where the same sheet came again, and is empty where
    no row could be taken: then nothing is kept.
    """

    batch_id: str
    taken: Sequence[Taken]
    findings: Findings

    @property
    def already_there(self) -> Sequence[int]:
        """Rows whose person is registered there already."""
        return self.findings.already_there

    @property
    def bad(self) -> Sequence[CellError]:
        """Cells to mend; their rows are not taken."""
        return self.findings.bad

    @property
    def normalised(self) -> Sequence[Normalised]:
        """Cells taken in another spelling."""
        return self.findings.normalised


def import_batch(services: Services, actor: Actor, upload: Upload, *, draft_id: str | None = None) -> ImportReport:
    """Take the good rows, name every bad cell, keep sheet and scan. A repeat of the same sheet doubles nothing.

    Raises Invalid when sheet or scan cannot be read at all, or when `all_or_nothing` meets a bad row. The draft named
    goes in the same transaction.
    """
    admit(services, actor, upload.unit_code)
    roster = read_upload(upload)
    checked = check(services, upload, roster)
    with services.begin() as uow:
        require_open(uow, {upload.unit_code, *(row.unit.code for row in checked.good)})
        earlier = earlier_batch(uow, upload)
        context = Context(upload.unit_code, roster.letters, earlier.id if earlier else None)
        compared = compare(services, uow, checked.good, context)
        findings = findings_of(roster, checked, compared, earlier)
        if findings.bad and upload.all_or_nothing:
            raise _refused_whole(findings)
        if earlier is None and not compared.new:
            return ImportReport("", (), findings)
        batch = _kept_batch(services, uow, actor, upload, (earlier, findings))
        taken = list(add_applications(services, uow, actor, batch, compared.new))
        if draft_id is not None:
            uow.drafts.remove([draft_id])
        uow.audit.append(actor, Tag.BATCH_IMPORTED, batch.id, unit=upload.unit_code, detail=_detail(batch, findings))
    return ImportReport(batch.id, taken, findings)


def dry_run(services: Services, actor: Actor, upload: Upload) -> Findings:
    """What `import_batch` would do with this upload now; nothing is kept."""
    admit(services, actor, upload.unit_code)
    roster = read_upload(upload)
    return examine_roster(services, upload, roster)


def examine_roster(services: Services, upload: Upload, roster: Roster) -> Findings:
    """The findings for a sheet that has been read, compared with what is registered now."""
    checked = check(services, upload, roster)
    with services.read() as uow:
        earlier = earlier_batch(uow, upload)
        context = Context(upload.unit_code, roster.letters, earlier.id if earlier else None)
        return findings_of(roster, checked, compare(services, uow, checked.good, context), earlier)


def admit(services: Services, actor: Actor, unit_code: str) -> None:
    """Raise Forbidden, leaving a record, unless the actor may register for the unit; raise NotFound."""
    with services.read() as uow:
        lineage = uow.units.lineage(unit_code)
    try:
        authorise(actor, Action.REGISTRATION_SUBMIT, lineage=lineage)
    except Forbidden as refused:
        with services.begin() as uow:
            uow.audit.append(actor, Tag.BATCH_REFUSED, unit_code, unit=unit_code, detail={"of": actor.unit_code})
        refused.noted = True
        raise


def read_upload(upload: Upload) -> Roster:
    """Check the scan and read the sheet; raise Invalid."""
    try:
        check_scan(upload.scan, upload.scan_name)
        return read_roster(upload.sheet, filename=upload.sheet_name, limits=upload.limits)
    except (ScanError, SheetError) as error:
        raise Invalid(str(error)) from error


def check(services: Services, upload: Upload, roster: Roster) -> Checked:
    """The rows against the rules and the tree of units."""
    today = services.clock().astimezone(SHANGHAI).date()
    with services.read() as uow:
        units = StoredUnits(uow, upload.unit_code)
        return check_rows(roster, units=units, today=today, chosen=upload.chosen)


def findings_of(roster: Roster, checked: Checked, compared: Compared, earlier: Batch | None) -> Findings:
    """All that is said of the sheet, in row order."""
    bad = sorted([*checked.bad, *compared.refused], key=lambda error: error.row)
    notes = list(roster.notes)
    if earlier is not None:
        notes.append(f"同一张表已作为批次 {earlier.id} 上传过，沿用当时的扫描件；要更换扫描件，请先撤销该批次")
    unasked = sum(not row.wants_certificate for row in compared.new)
    if unasked:
        notes.append(f"有 {unasked} 行按“不申请证书”登记；如需申请，请在表中增加“是否申请证书”一列")
    return Findings(
        rows=len(roster.rows),
        fit=len(compared.new),
        already_there=compared.already_there,
        bad=bad,
        warnings=checked.warnings,
        shared=compared.shared,
        normalised=checked.normalised,
        notes=notes,
    )


def _refused_whole(findings: Findings) -> Invalid:
    first = findings.bad[0]
    where = f"第 {first.row} 行 {first.letter} 列（{first.heading}）"
    return Invalid(
        f"表格中有 {len(findings.bad)} 处错误，按您的选择整表退回。第一处：{where}：{first.why}。{first.mend}"
    )


def earlier_batch(uow: UnitOfWork, upload: Upload) -> Batch | None:
    """The batch of this very sheet that stands, if it was taken before."""
    sha256 = hashlib.sha256(upload.sheet).hexdigest()
    found = uow.batches.find(unit_code=upload.unit_code, sheet_sha256=sha256, status=BatchStatus.TAKEN)
    return found[0] if found else None


def _kept_batch(
    services: Services, uow: UnitOfWork, actor: Actor, upload: Upload, outcome: tuple[Batch | None, Findings]
) -> Batch:
    """The batch with its documents and its latest report. Files come before the rows that name them."""
    earlier, findings = outcome
    report = services.documents.put(findings.kept())
    if earlier is not None:
        return uow.batches.change(earlier, report_sha256=report)
    batch = Batch(
        id=services.new_id("B"),
        unit_code=upload.unit_code,
        sheet_sha256=services.documents.put(upload.sheet),
        scan_sha256=services.documents.put(upload.scan),
        uploaded_by=actor.login,
        uploaded_at=services.clock(),
        sheet_name=shown_name(upload.sheet_name),
        report_sha256=report,
    )
    uow.batches.add(batch)
    return batch


def _detail(batch: Batch, findings: Findings) -> Mapping[str, str | int]:
    return {
        "taken": findings.fit,
        "bad": findings.count("bad"),
        "sheet": batch.sheet_sha256,
        "scan": batch.scan_sha256,
    }


def add_applications(
    services: Services, uow: UnitOfWork, actor: Actor, batch: Batch, rows: Sequence[RegistrationRow]
) -> Iterator[Taken]:
    """Store an application for each row, some at a time, and yield what was made."""
    for start in range(0, len(rows), _AT_A_TIME):
        made = [_application(services, actor, batch, row) for row in rows[start : start + _AT_A_TIME]]
        uow.applications.add_all(made)
        open_conflicts(services, uow, actor, made)
        pair(uow, actor, made)
        yield from (Taken(a.id, a.row_number, a.unit_code, a.at_unit) for a in made)


def _application(services: Services, actor: Actor, batch: Batch, row: RegistrationRow) -> Application:
    return Application(
        id=services.new_id("A"),
        batch_id=batch.id,
        row_number=row.row,
        unit_code=row.unit.code,
        name=row.name,
        user_type=row.user_type.value,
        school_type=row.school_type.code if row.school_type else "",
        address=row.address,
        contact=contact_of(row),
        id_number_hash=services.keyed_hash(row.id_number.value),
        status=ApplicationStatus.SUBMITTED,
        at_unit=row.unit.parent_code or CENTRE_CODE,
        entered_by=actor.login,
        submitted_at=services.clock(),
        wants_certificate=row.wants_certificate,
        existing_account=row.account,
        remarks=row.remarks,
    )


def contact_of(row: RegistrationRow) -> Contact:
    """The personal fields in the spelling that is kept."""
    return Contact(row.id_number.value, row.office_phone.national, row.email, row.mobile.national)


def shown_name(name: str) -> str:
    """An uploader's file name as it may be kept and shown: without folders, control characters, numbers of people."""
    plain = "".join(character for character in name if character.isprintable())
    return blotted(plain.replace("\\", "/").rpartition("/")[2])[:100]
