"""The commands of `educa registrations` about whole sheets: import, template, batches, marked sheet, undo."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from ca_service.cli.base import Call, Command, pass_call, write_private
from ca_service.domain.errors import Invalid
from ca_service.intake.template import write_template
from ca_service.workflows import batches
from ca_service.workflows.drafts import marked_sheet
from ca_service.workflows.findings import Findings
from ca_service.workflows.register import Taken, Upload, dry_run, import_batch

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command("import", cls=Command)
@click.argument("file", type=_FILE)
@click.option("--unit", required=True, metavar="CODE", help="本批申请所属的单位（可包含其下级单位）")
@click.option("--scan", required=True, type=_FILE, help="盖章申请单扫描件（PDF、JPEG、PNG）")
@click.option("--all-or-nothing", is_flag=True, help="有一处错误就整表退回；默认先收下没有错误的行")
@click.option("--dry-run", "dry", is_flag=True, help="只检查并报告，不登记任何内容")
@click.option("--choose", multiple=True, metavar="ROW=CODE", help="为同名单位的行指定单位代码，可重复")
@click.option("--marked", type=_NEW_FILE, metavar="OUT.xlsx", help="把标出错误的原表写到这个文件（含个人信息）")
@pass_call
def import_(call: Call, /, file: Path, marked: Path | None, *, dry: bool, **options: object) -> None:
    """导入用户CA信息电子表格。"""
    upload = _upload(file, options)
    if dry:
        taken: Sequence[Taken] = ()
        batch, findings = "", dry_run(call.services, call.actor, upload)
    else:
        report = import_batch(call.services, call.actor, upload)
        batch, taken, findings = report.batch_id, report.taken, report.findings
    if marked is not None:
        write_private(marked, marked_sheet(call.services, upload))
    if call.as_json:
        call.tell({"batch": batch, "taken": [one.id for one in taken], "dry_run": dry, **_facts(findings)}, text="")
        return
    head = f"试读（未登记）：可收 {findings.fit} 行" if dry else f"批次 {batch or '（无）'}：收下 {len(taken)} 行"
    call.out.print(f"{head}，已登记过 {len(findings.already_there)} 行，不能收 {findings.bad_rows} 行。")
    for note in findings.notes:
        call.out.print(f"注意：{note}。")
    if findings.shared:
        call.show([_shown(one, _WARNED) for one in findings.shared], title="同一人另有登记")
    if findings.bad:
        call.show([_shown(error, _NAMES) for error in findings.bad], title=f"需要更正 {len(findings.bad)} 处")


def _upload(file: Path, options: Mapping[str, object]) -> Upload:
    scan, chosen = Path(str(options["scan"])), options["choose"]
    return Upload(
        str(options["unit"]),
        file.read_bytes(),
        file.name,
        scan.read_bytes(),
        scan.name,
        all_or_nothing=bool(options["all_or_nothing"]),
        chosen=_choices(chosen if isinstance(chosen, tuple) else ()),
    )


def _choices(given: Sequence[str]) -> Mapping[int, str]:
    chosen = {}
    for text in given:
        row, _, code = text.partition("=")
        if not (row.isdecimal() and len(row) < 8 and code):
            raise Invalid(f"--choose {text}：应写成 行号=单位代码，例如 12=2115000001。")
        chosen[int(row)] = code.strip()
    return chosen


def _facts(findings: Findings) -> dict[str, object]:
    facts = asdict(findings)
    for name in ("bad", "warnings", "shared", "normalised"):
        facts[name] = [{"column": entry.pop("letter"), **entry} for entry in facts[name]]
    del facts["counts"]
    return facts


_WARNED = {"行": "row", "列": "letter", "栏目": "heading", "内容": "found", "说明": "why"}
_NAMES = {"行": "row", "列": "letter", "栏目": "heading", "内容": "found", "原因": "why", "如何更正": "mend"}


def _shown(entry: object, names: Mapping[str, str]) -> dict[str, object]:
    return {shown: getattr(entry, field) for shown, field in names.items()}


@click.command("template", cls=Command)
@click.argument("out", type=_NEW_FILE)
@pass_call
def template(call: Call, out: Path) -> None:
    """写出空白的用户CA信息电子表格模板（xlsx）。"""
    write_private(out, write_template())
    call.tell({"file": str(out)}, text=f"已写出模板 {out}。")


@click.command("batches", cls=Command)
@pass_call
def list_batches(call: Call) -> None:
    """列出批次，新的在前。"""
    found = batches.list_batches(call.services, call.actor).rows
    rows = [
        {
            "id": batch.id,
            "unit": batch.unit_code,
            "source": batch.source.value,
            "status": batch.status.value,
            "uploaded_by": batch.uploaded_by,
            "uploaded_at": batch.uploaded_at.isoformat(),
        }
        for batch in found
    ]
    call.show(rows, title="批次")


@click.command("marked", cls=Command)
@click.argument("batch")
@click.argument("out", type=_NEW_FILE)
@pass_call
def marked_batch(call: Call, batch: str, out: Path) -> None:
    """把批次的原表标出错误后写出（xlsx，含个人信息，记入审计）。"""
    write_private(out, batches.marked_batch(call.services, call.actor, batch))
    call.tell({"file": str(out)}, text=f"已写出 {out}，其中有个人信息，请妥善保管。")


@click.command("undo", cls=Command)
@click.argument("batch")
@click.option("--reason", required=True, help="撤销原因，记入审计")
@pass_call
def undo(call: Call, batch: str, reason: str) -> None:
    """撤销尚未上报或通过的整个批次；文件和记录保留。"""
    undone = batches.undo_batch(call.services, call.actor, batch, reason=reason)
    call.tell({"batch": undone.id, "status": undone.status.value}, text=f"批次 {undone.id} 已撤销。")


COMMANDS = (import_, template, list_batches, marked_batch, undo)
