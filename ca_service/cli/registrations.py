"""`educa registrations`."""

from collections.abc import Sequence
from pathlib import Path

import click

from ca_service.cli import conflicts, registration_batches
from ca_service.cli.base import Call, Group, pass_call, write_private
from ca_service.domain.applications import Application, ApplicationEvent, ApplicationStatus
from ca_service.domain.errors import Invalid
from ca_service.domain.person_text import mask_id, mask_name, mask_phone
from ca_service.printing.filled import print_application
from ca_service.workflows import review
from ca_service.workflows.paper_forms import application_form_of
from ca_service.workflows.review_queue import doubles
from ca_service.workflows.stamped_scans import ATTACHED, attach_scans

_EXCEPT = "例外：退回这一份，说明原因；可重复"


@click.group(cls=Group)
def registrations() -> None:
    """实名登记：申请、审核。"""


@registrations.command("list")
@click.option("--status", type=click.Choice([status.value for status in ApplicationStatus]))
@click.option("--batch", help="批次编号")
@pass_call
def list_(call: Call, status: str | None, batch: str | None) -> None:
    """列出申请（个人信息已遮盖）。"""
    wanted = ApplicationStatus(status) if status else None
    found = review.queue(call.services, call.actor, status=wanted, batch_id=batch).rows
    shared = doubles(call.services, found)
    call.show([_row(application, shared.get(application.id, ())) for application in found], title="申请")


@registrations.command("submit")
@click.argument("ids", nargs=-1)
@click.option("--batch", help="整个批次")
@pass_call
def submit(call: Call, ids: tuple[str, ...], batch: str | None) -> None:
    """重新提交被退回的申请。"""
    done = review.resubmit(call.services, call.actor, _named(call, ids, batch, ApplicationStatus.RETURNED))
    _told(call, done, "已重新提交")


@registrations.command("forward")
@click.argument("ids", nargs=-1)
@click.option("--batch", help="整个批次中目前在本单位的申请")
@click.option("--except", "exceptions", type=(str, str), multiple=True, metavar="ID REASON", help=_EXCEPT)
@pass_call
def forward(call: Call, ids: tuple[str, ...], batch: str | None, exceptions: tuple[tuple[str, str], ...]) -> None:
    """审核后报上一级。"""
    _told(call, _decided(call, ids, batch, exceptions, ApplicationEvent.FORWARD), "已上报")


@registrations.command("return")
@click.argument("ids", nargs=-1, required=True)
@click.option("--reason", required=True, help="退回原因")
@pass_call
def return_(call: Call, ids: tuple[str, ...], reason: str) -> None:
    """退回。"""
    _told(call, review.give_back(call.services, call.actor, ids, reason=reason), "已退回")


@registrations.command("approve")
@click.argument("ids", nargs=-1)
@click.option("--batch", help="整个批次中目前在本单位的申请")
@click.option("--except", "exceptions", type=(str, str), multiple=True, metavar="ID REASON", help=_EXCEPT)
@pass_call
def approve(call: Call, ids: tuple[str, ...], batch: str | None, exceptions: tuple[tuple[str, str], ...]) -> None:
    """统一审核通过（自治区教育信息中心）。"""
    _told(call, _decided(call, ids, batch, exceptions, ApplicationEvent.APPROVE), "已审核通过，等待推送到CA")


@registrations.command("form")
@click.argument("application")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="写入这个 PDF 文件")
@pass_call
def form(call: Call, application: str, output: Path) -> None:
    """打印用户CA申请单（含未遮盖的个人信息，记入审计）。"""
    write_private(output, print_application(application_form_of(call.services, call.actor, application)))
    call.tell({"application": application, "file": str(output)}, text=f"申请单已写入 {output}。")


@registrations.command("scans")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_call
def scans(call: Call, files: tuple[Path, ...]) -> None:
    """上传盖章扫描件：凭纸上的二维码附到对应的申请或变更申请。有文件未附上时退出码为 1。"""
    lines = attach_scans(call.services, call.actor, ((file.read_bytes(), file.name) for file in files))
    rows = [
        {"file": line.file, "outcome": line.outcome.value, "subject": line.subject, "detail": line.detail}
        for line in lines
    ]
    call.show(rows, title="盖章扫描件")
    if any(line.outcome not in ATTACHED for line in lines):
        click.get_current_context().exit(1)


def _decided(
    call: Call,
    ids: Sequence[str],
    batch: str | None,
    exceptions: Sequence[tuple[str, str]],
    event: ApplicationEvent,
) -> Sequence[Application]:
    """Those named go on, the exceptions among them go back with their reasons; all of it or nothing."""
    reasons = dict(exceptions)
    named = _named(call, ids, batch, ApplicationStatus.SUBMITTED)
    if unknown := reasons.keys() - set(named):
        raise Invalid(f"例外 {min(unknown)} 不在要办理的申请之中，未作任何更改。")
    back = ApplicationEvent.RETURN
    verdicts = [review.Verdict(own, back if own in reasons else event, reasons.get(own, "")) for own in named]
    done = review.decide(call.services, call.actor, verdicts)
    if reasons and not call.as_json:
        call.out.print(f"退回 {len(reasons)} 份。")
    return [application for application in done if application.id not in reasons or call.as_json]


def _named(call: Call, ids: Sequence[str], batch: str | None, status: ApplicationStatus) -> Sequence[str]:
    """The ids as given, or those of the batch that the actor's unit has to act on now."""
    if bool(ids) == bool(batch):
        raise Invalid("请给出申请编号，或用 --batch 指定批次（二者选一）。")
    if ids:
        return ids
    found = review.queue(call.services, call.actor, status=status, batch_id=batch).rows
    here = [application.id for application in found if application.at_unit == call.actor.unit_code]
    if status is ApplicationStatus.RETURNED:
        here = [application.id for application in found]
    if not here:
        raise Invalid("这个批次中没有需要本单位处理的申请。")
    return here


def _told(call: Call, done: Sequence[Application], what: str) -> None:
    facts = {"applications": [{"id": a.id, "status": a.status.value, "at_unit": a.at_unit} for a in done]}
    call.tell(facts, text=f"{len(done)} 份申请{what}。")


def _row(application: Application, shared: Sequence[str]) -> dict[str, object]:
    return {
        "id": application.id,
        "batch": application.batch_id,
        "row": application.row_number,
        "unit": application.unit_code,
        "name": mask_name(application.name),
        "id_number": mask_id(application.contact.id_number),
        "mobile": mask_phone(application.contact.mobile),
        "user_type": application.user_type,
        "status": application.status.value,
        "at_unit": application.at_unit,
        "reason": application.reason,
        "conflicts": ",".join(shared),
    }


for _command in (*registration_batches.COMMANDS, *conflicts.COMMANDS):
    registrations.add_command(_command)

COMMANDS = (registrations,)
