"""`educa changes`."""

from pathlib import Path

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.changes import CertificateAct, Change, ChangeKind
from ca_service.workflows import change as workflow


@click.group(cls=Group)
def changes() -> None:
    """用户变更申请。"""


@changes.command("submit")
@click.option("--holder", required=True, metavar="ID", help="持证人编号")
@click.option("--kind", required=True, type=click.Choice([kind.value for kind in ChangeKind]))
@click.option("--scan", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="盖章扫描件")
@click.option("--explanation", required=True, help="变更说明")
@click.option("--opinion", default="", help="单位意见（涉及证书的停用必填）")
@click.option("--transferred", is_flag=True, help="因人员调动")
@pass_call
def submit(  # noqa: PLR0917
    call: Call, holder: str, kind: str, scan: Path, explanation: str, opinion: str, *, transferred: bool
) -> None:
    """录入变更申请单。"""
    form = workflow.Form(
        kind=ChangeKind(kind),
        holder_id=holder,
        explanation=explanation,
        opinion=opinion,
        transferred=transferred,
        scan=scan.read_bytes(),
        scan_name=scan.name,
    )
    _told(call, workflow.submit(call.services, call.actor, form), "已提交")


@changes.command("decide")
@click.argument("change")
@click.option("--approve/--refuse", required=True, default=None)
@click.option("--certificate", type=click.Choice([act.value for act in CertificateAct]), help="停用时对证书的处理")
@click.option("--reason", default="", help="意见；不同意时必填")
@pass_call
def decide(call: Call, change: str, *, approve: bool, certificate: str | None, reason: str) -> None:
    """审核变更申请。"""
    act = CertificateAct(certificate) if certificate else None
    decision = workflow.Decision(approve=approve, reason=reason, certificate_act=act)
    _told(call, workflow.decide(call.services, call.actor, change, decision), "已审核")


@changes.command("execute")
@click.argument("change")
@pass_call
def execute(call: Call, change: str) -> None:
    """执行已同意的变更。"""
    _told(call, workflow.execute(call.services, call.actor, change), "已执行")


@changes.command("list")
@pass_call
def list_(call: Call) -> None:
    """列出变更申请。"""
    call.show([_row(case) for case in workflow.cases(call.services, call.actor).rows], title="变更申请")


def _told(call: Call, change: Change, what: str) -> None:
    call.tell(_row(change), text=f"变更申请 {change.id} {what}。")


def _row(change: Change) -> dict[str, object]:
    return {
        "id": change.id,
        "kind": change.kind.value,
        "holder": change.holder_id,
        "unit": change.unit_code,
        "status": change.status.value,
        "certificate_act": change.certificate_act.value if change.certificate_act else None,
        "submitted_by": change.submitted_by,
        "decided_by": change.decided_by,
    }


COMMANDS = (changes,)
