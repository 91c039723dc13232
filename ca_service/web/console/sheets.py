"""电子证书派发记录单: the record, the sheets to be signed, the export with its six columns."""

from datetime import datetime

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.delivery.workbooks import Column, workbook
from ca_service.domain.media import SheetStatus
from ca_service.domain.paper import PaperCode, PaperKind
from ca_service.printing.forms import DispatchLine, dispatch_sheet
from ca_service.web.console.context import actor, services, upload, window
from ca_service.web.console.downloads import attachment
from ca_service.web.console.scans import scan_page
from ca_service.web.console.texts import local_time
from ca_service.workflows import handovers as workflow
from ca_service.workflows.handovers import RecordLine

pages = Blueprint("sheets", __name__, url_prefix="/dispatch-record")
_COLUMNS = (
    Column("序号", 8), Column("介质序列号", 24), Column("单位", 36), Column("姓名", 14), Column("手机号", 16),
    Column("领取时间", 20),
)  # fmt: skip


@pages.get("")
def index() -> str:
    """The record, persons masked, and the sheets."""
    record = workflow.record(services(), actor(), window())
    sheets = workflow.sheets(services(), actor(), window())
    return render_template("console/sheets.html", record=record, sheets=sheets, prepared=SheetStatus.PREPARED)


@pages.post("/sheets")
def prepare() -> ResponseReturnValue:
    """A new sheet for all rows that stand on none."""
    workflow.prepare_sheet(services(), actor())
    return redirect(url_for("console.sheets.index"))


@pages.post("/sheets/<sheet_id>/print")
def print_(sheet_id: str) -> Response:
    """The sheet to be signed, as PDF: it shows names and numbers, so printing it is recorded."""
    lines = [_printed(line) for line in workflow.sheet_lines(services(), actor(), sheet_id)]
    return attachment(dispatch_sheet(lines, PaperCode(PaperKind.DISPATCH, sheet_id, "0" * 16)), f"{sheet_id}.pdf")


@pages.post("/sheets/<sheet_id>/sign")
def sign(sheet_id: str) -> ResponseReturnValue:
    """Keep the signed sheet; who signed has the token now."""
    scan, name = upload("scan")
    absent = request.form.get("absent", "").split()
    workflow.sign_sheet(services(), actor(), sheet_id, scan=scan, scan_name=name, absent=absent)
    return redirect(url_for("console.sheets.index"))


@pages.post("/sheets/<sheet_id>/scan")
def signed(sheet_id: str) -> Response:
    """The signed sheet; it shows names and numbers, so the look is recorded."""
    return scan_page(workflow.signed_scan(services(), actor(), sheet_id))


@pages.post("/export")
def export() -> Response:
    """The record of the subtree as xlsx, unmasked; the export is recorded."""
    lines = workflow.export_record(services(), actor())
    rows: list[list[str | int]] = [
        [number, line.hand_over.serial, line.unit, line.name, line.mobile, _moment(line.hand_over.handed_over_at)]
        for number, line in enumerate(lines, 1)
    ]
    return attachment(workbook("电子证书派发记录单", _COLUMNS, rows), "dispatch-record.xlsx")


def _printed(line: RecordLine) -> DispatchLine:
    at = _moment(line.hand_over.handed_over_at)
    return DispatchLine(line.hand_over.serial, line.unit, line.name, line.mobile, at)


def _moment(at: datetime | None) -> str:
    return local_time(at) if at else ""
