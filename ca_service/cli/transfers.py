"""`educa transfers`: a unit's administrator hands over to the next one."""

from pathlib import Path

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.changes import ChangeKind
from ca_service.domain.transfers import Progress, Transfer, TransferStatus
from ca_service.workflows import change, transfer_execution
from ca_service.workflows import transfers as workflow

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(cls=Group)
def transfers() -> None:
    """信息管理员交接：停用原任与接任者申请一并办理。"""


@transfers.command("begin")
@click.option("--holder", required=True, metavar="ID", help="调离者的持证人编号")
@click.option("--scan", required=True, type=_FILE, help="盖章的用户变更申请单（停用）扫描件")
@click.option("--explanation", required=True, help="变更说明")
@click.option("--opinion", default="", help="单位意见（持有证书的必填）")
@pass_call
def begin(call: Call, holder: str, scan: Path, explanation: str, opinion: str) -> None:
    """录入调离者的停用申请，开始交接。"""
    form = change.Form(ChangeKind.STOP, holder, explanation, opinion, True, scan.read_bytes(), scan.name)
    _told(call, workflow.begin(call.services, call.actor, form), "已开始，接任者现在可以申请")


@transfers.command("adopt")
@click.argument("change")
@pass_call
def adopt(call: Call, change: str) -> None:
    """把一份尚未审核的停用申请（已调离）转为交接。"""
    _told(call, workflow.begin_with(call.services, call.actor, change), "已开始，接任者现在可以申请")


@transfers.command("successor")
@click.argument("transfer")
@click.argument("application")
@pass_call
def successor(call: Call, transfer: str, application: str) -> None:
    """指定接任者的申请（单位只设一名的，新的申请自动列为接任者）。"""
    _told(call, workflow.name_successor(call.services, call.actor, transfer, application), "已指定接任者")


@transfers.command("execute")
@click.argument("transfer")
@pass_call
def execute(call: Call, transfer: str) -> None:
    """执行交接：停用并吊销原任，接任者入库，同时生效（自治区教育信息中心）。"""
    done = transfer_execution.execute(call.services, call.actor, transfer)
    _told(call, done, "已执行；请向接任者派发介质、发放下载码")


@transfers.command("give-up")
@click.argument("transfer")
@click.option("--reason", required=True, help="终止的原因，接任者的填报单位会看到")
@pass_call
def give_up(call: Call, transfer: str, reason: str) -> None:
    """终止交接：停用申请单独办理，接任者的申请退回。"""
    _told(call, workflow.give_up(call.services, call.actor, transfer, reason=reason), "已终止")


@transfers.command("list")
@click.option("--status", type=click.Choice([status.value for status in TransferStatus]))
@click.option("--gap", is_flag=True, help="只列已执行、接任者还没有证书的")
@pass_call
def list_(call: Call, status: str | None, *, gap: bool) -> None:
    """列出交接，以及接下来要办的事。"""
    wanted = TransferStatus(status) if status else None
    found = workflow.transfers(call.services, call.actor, status=wanted).rows
    call.show([_row(view) for view in found if view.has_gap or not gap], title="交接")


@transfers.command("show")
@click.argument("transfer")
@pass_call
def show(call: Call, transfer: str) -> None:
    """显示一件交接的每一步。"""
    view = workflow.view(call.services, call.actor, transfer)
    rows = [{"step": leg.value, "state": progress.value} for leg, progress in view.way.items()]
    call.show(rows, title=f"交接 {view.case.id}（{view.unit_name}）")


def _told(call: Call, case: Transfer, what: str) -> None:
    facts = {"id": case.id, "status": case.status.value, "stop": case.change_id, "application": case.application_id}
    call.tell(facts, text=f"交接 {case.id} {what}。")


def _row(view: workflow.TransferView) -> dict[str, object]:
    case = view.case
    return {
        "id": case.id,
        "unit": case.unit_code,
        "status": case.status.value,
        "leaving": case.holder_id,
        "stop": case.change_id,
        "application": case.application_id,
        "next": "" if case.status is TransferStatus.ABANDONED else ",".join(_next(view)),
        "gap_since": case.ended_at if view.has_gap else None,
    }


def _next(view: workflow.TransferView) -> list[str]:
    return [leg.value for leg, progress in view.way.items() if progress is Progress.NEXT]


COMMANDS = (transfers,)
