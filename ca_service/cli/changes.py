"""`educa changes`."""

import json
from datetime import date
from pathlib import Path

import click

from ca_service.cli.base import Call, Group, pass_call, write_private
from ca_service.domain.changes import CertificateAct, Change, ChangeKind, ChangeStatus, Particular, Signature
from ca_service.domain.errors import Invalid
from ca_service.printing.filled import print_change
from ca_service.workflows import change as workflow
from ca_service.workflows.paper_forms import change_form_of
from ca_service.workflows.returned import whereabouts

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SIGNATURES = [block.value for block in Signature]
_TYPED = [name.value for name in Particular if name is not Particular.UNIT_NAME]


@click.group(cls=Group)
def changes() -> None:
    """用户变更申请。"""


@changes.command("submit")
@click.option("--holder", required=True, metavar="ID", help="持证人编号")
@click.option("--kind", required=True, type=click.Choice([kind.value for kind in ChangeKind]))
@click.option("--scan", required=True, type=_FILE, help="盖章扫描件")
@click.option("--explanation", required=True, help="变更说明")
@click.option("--opinion", default="", help="单位意见（涉及证书的变更必填）")
@click.option("--transferred", is_flag=True, help="因人员调动")
@click.option("--after", type=_FILE, help=f"信息变更：变更后的内容，JSON 文件，可有 {'、'.join(_TYPED)}")
@click.option("--account", default="", help="教师系统登录账号")
@click.option(
    "--signed", type=(click.Choice(_SIGNATURES), click.DateTime(["%Y-%m-%d"])), multiple=True, help="签字日期"
)
@pass_call
def submit(call: Call, /, **given: object) -> None:
    """录入变更申请单。"""
    scan = Path(str(given["scan"]))
    form = workflow.Form(
        kind=ChangeKind(str(given["kind"])),
        holder_id=str(given["holder"]),
        explanation=str(given["explanation"]),
        opinion=str(given["opinion"]),
        transferred=bool(given["transferred"]),
        scan=scan.read_bytes(),
        scan_name=scan.name,
        after=_after(given["after"]),
        login_account=str(given["account"]),
        signed=_signed(given["signed"]),
    )
    _told(call, workflow.submit(call.services, call.actor, form), "已提交")


def _after(path: object) -> dict[Particular, str]:
    """The new values, from a file: on a command line everybody on the machine could read them."""
    if not isinstance(path, Path):
        return {}
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise Invalid(f'{path.name} 不是 JSON 文件，例如 {{"mobile": "13800000000"}}。') from error
    if not isinstance(given, dict) or set(given) - set(_TYPED) or not all(isinstance(v, str) for v in given.values()):
        raise Invalid(f"{path.name} 中只能有这些项目，值为文本：{'、'.join(_TYPED)}。")
    return {Particular(name): value for name, value in given.items()}


def _signed(pairs: object) -> dict[Signature, date]:
    return {Signature(block): day.date() for block, day in pairs} if isinstance(pairs, tuple) else {}


@changes.command("forward")
@click.argument("change")
@pass_call
def forward(call: Call, change: str) -> None:
    """审核后报上一级。"""
    _told(call, workflow.forward(call.services, call.actor, change), "已上报")


@changes.command("return")
@click.argument("change")
@click.option("--reason", required=True, help="退回原因")
@pass_call
def return_(call: Call, change: str, reason: str) -> None:
    """退回填报单位。"""
    _told(call, workflow.give_back(call.services, call.actor, change, reason=reason), "已退回")


@changes.command("resubmit")
@click.argument("change")
@pass_call
def resubmit(call: Call, change: str) -> None:
    """再次提交被退回的申请（内容不变；需要更正的请在控制台办理）。"""
    _told(call, workflow.resubmit(call.services, call.actor, change), "已再次提交")


@changes.command("decide")
@click.argument("change")
@click.option("--approve/--refuse", required=True, default=None)
@click.option("--certificate", type=click.Choice([act.value for act in CertificateAct]), help="对证书的处理")
@click.option("--reason", default="", help="意见；不同意时必填")
@pass_call
def decide(call: Call, change: str, *, approve: bool, certificate: str | None, reason: str) -> None:
    """审核变更申请（自治区教育信息中心）。"""
    act = CertificateAct(certificate) if certificate else None
    decision = workflow.Decision(approve=approve, reason=reason, certificate_act=act)
    _told(call, workflow.decide(call.services, call.actor, change, decision), "已审核")


@changes.command("execute")
@click.argument("change")
@pass_call
def execute(call: Call, change: str) -> None:
    """执行已同意的变更。"""
    done = workflow.execute(call.services, call.actor, change)
    left = whereabouts(call.services, call.actor, done.id)
    call.tell({**_row(done), "left_to_do": left}, text=f"变更申请 {done.id} 已执行。{left}")


@changes.command("form")
@click.argument("change")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="写入这个 PDF 文件")
@pass_call
def form(call: Call, change: str, output: Path) -> None:
    """打印用户变更申请单（含未遮盖的个人信息，记入审计）。"""
    write_private(output, print_change(change_form_of(call.services, call.actor, change)))
    call.tell({"change": change, "file": str(output)}, text=f"变更申请单已写入 {output}。")


@changes.command("list")
@click.option("--status", type=click.Choice([status.value for status in ChangeStatus]))
@click.option("--kind", type=click.Choice([kind.value for kind in ChangeKind]))
@click.option("--here", is_flag=True, help="只列待本单位办理的")
@pass_call
def list_(call: Call, status: str | None, kind: str | None, *, here: bool) -> None:
    """列出变更申请。"""
    wanted = ChangeStatus(status) if status else None
    sought = workflow.Sought(status=wanted, kind=ChangeKind(kind) if kind else None, here=here)
    found = workflow.cases(call.services, call.actor, sought=sought).rows
    call.show([_row(case) for case in found], title="变更申请")


def _told(call: Call, change: Change, what: str) -> None:
    call.tell(_row(change), text=f"变更申请 {change.id} {what}。")


def _row(change: Change) -> dict[str, object]:
    return {
        "id": change.id,
        "kind": change.kind.value,
        "holder": change.holder_id,
        "unit": change.unit_code,
        "status": change.status.value,
        "at_unit": change.at_unit,
        "certificate_act": change.certificate_act.value if change.certificate_act else None,
        "changes": ",".join(change.paper.after) if change.paper else "",
        "submitted_by": change.submitted_by,
        "decided_by": change.decided_by,
        "reason": change.decision_reason,
    }


COMMANDS = (changes,)
