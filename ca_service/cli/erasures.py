"""`educa erasures`: records past their time are erased by two people, and holds that forbid it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ca_service.cli.base import Call, Group, pass_call, write_private
from ca_service.clock import SHANGHAI
from ca_service.domain.erasures import Erasure, ErasurePlan, Remains
from ca_service.domain.errors import Conflict, Invalid
from ca_service.printing.erasures import print_erasure
from ca_service.workflows import erasures as workflow
from ca_service.workflows import records_holds
from ca_service.workflows.erasure_check import Checked, check_erased
from ca_service.workflows.erasure_ledger import read_ledger, repeat
from ca_service.workflows.erasure_proof import proof


@click.group(cls=Group)
def erasures() -> None:
    """档案清除：保存期满的个人信息由两人办理清除，不能恢复。"""


@erasures.command("propose")
@click.argument("holders", nargs=-1)
@click.option("--due", is_flag=True, help="所有保存期已满、没有障碍的人员（一次最多 200 人）")
@click.option("--ground", required=True, help="清除的依据，例如档案鉴定意见的文号")
@pass_call
def propose(call: Call, holders: Sequence[str], *, due: bool, ground: str) -> None:
    """提出清除（自治区的审核员）；由安全管理员以 educa erasures confirm 确认后才清除。"""
    chosen = [*holders, *(workflow.all_due(call.services, call.actor) if due else ())]
    if due and not chosen:
        raise Conflict("没有保存期已满而可以清除的档案（educa holders retention 列出各人保存到何时）。")
    made = workflow.propose(call.services, call.actor, chosen, ground=ground)
    facts = {"id": made.id, "holders": list(dict.fromkeys(chosen)), "seen": made.seen}
    call.tell(facts, text=f"档案清除 {made.id} 已提出，请安全管理员核对后确认（校验值 {made.seen}）。")


@erasures.command("list")
@pass_call
def list_(call: Call) -> None:
    """列出各件档案清除。"""
    call.show([_row(case) for case in workflow.list_erasures(call.services, call.actor).rows], title="档案清除")


@erasures.command("show")
@click.argument("case")
@pass_call
def show(call: Call, case: str) -> None:
    """一件档案清除：将要（或已经）清除的内容、留下的内容、障碍和校验值。"""
    view = workflow.view(call.services, call.actor, case)
    plan = view.plan
    facts = {
        **_row(view.case),
        "people": _planned(plan) if plan else [{"holder": one.holder_id, **one.facts} for one in view.lines],
        "hindrances": [hindrance.text for hindrance in plan.hindrances] if plan else [],
        "changed": view.changed,
        "seen": plan.sha256() if plan else view.case.seen,
    }
    call.tell(facts, text=_told(facts))


def _planned(plan: ErasurePlan) -> list[dict[str, Any]]:
    return [
        {
            "holder": person.holder_id,
            **person.traces.named(),
            "documents": len(person.documents),
            "remains": [dict(one.told()) for one in person.remainders],
        }
        for person in plan.people
    ]


def _told(facts: Mapping[str, Any]) -> str:
    lines = [f"档案清除 {facts['id']}（{facts['status']}）：{facts['ground']}"]
    for person in facts["people"]:
        documents = person["documents"]
        files = documents if isinstance(documents, int) else len(documents)
        lines.append(
            f"  {person['holder']}：申请 {len(person['applications'])} 份、变更 {len(person['changes'])} 份、"
            f"证书 {len(person['certificates'])} 张、文件 {files} 份、消息 {len(person['messages'])} 条"
        )
        lines += [f"    留下：{_remains(one)}" for one in person["remains"]]
    lines += [f"不能办理：{text}" for text in facts["hindrances"]]
    lines += ["提出之后情况已有变化，须重新提出。"] if facts["changed"] else []
    return "\n".join([*lines, f"校验值 {facts['seen']}"])


def _remains(one: Mapping[str, str]) -> str:
    until = f"，不早于 {one['until'][:10]}" if one["until"] else ""
    return f"{Remains(one['why']).chinese}（{one['what']}{until}）"


@erasures.command("confirm")
@click.argument("case")
@click.option("--seen", required=True, metavar="HASH", help="educa erasures show 给出的校验值")
@pass_call
def confirm(call: Call, case: str, seen: str) -> None:
    """确认并立即清除，不能恢复（安全管理员，不得是提出人）。"""
    done = workflow.confirm(call.services, call.actor, case, seen=seen)
    call.tell(_row(done), text=f"档案清除 {done.id} 已办理；文件由 educa worker 随后删除。请另存清除证明和新的备份。")


@erasures.command("refuse")
@click.argument("case")
@click.option("--reason", required=True, help="不同意的原因")
@pass_call
def refuse(call: Call, case: str, reason: str) -> None:
    """不同意清除（安全管理员）。"""
    done = workflow.refuse(call.services, call.actor, case, reason=reason)
    call.tell(_row(done), text=f"档案清除 {done.id} 未获同意。")


@erasures.command("withdraw")
@click.argument("case")
@pass_call
def withdraw(call: Call, case: str) -> None:
    """撤回尚未确认的档案清除。"""
    done = workflow.withdraw(call.services, call.actor, case)
    call.tell(_row(done), text=f"档案清除 {done.id} 已撤回。")


@erasures.command("certificate")
@click.argument("case")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_call
def certificate(call: Call, case: str, file: Path) -> None:
    """打印清除证明（PDF），写入 FILE。"""
    write_private(file, print_erasure(proof(call.services, call.actor, case)))
    call.tell({"id": case, "file": str(file)}, text=f"清除证明已写入 {file}。")


@erasures.command("check")
@click.argument("holders", nargs=-1)
@click.pass_context
@pass_call
def check(call: Call, context: click.Context, holders: Sequence[str]) -> None:
    """核查已清除的人员没有留下任何内容（默认全部）；有留下的，退出码为 1。"""
    found = check_erased(call.services, call.actor, holders)
    call.show([_checked(one) for one in found], title="清除核查")
    if not all(one.clean for one in found):
        click.echo("educa: 有内容没有清除干净，请确认 educa worker 在运行，并通知安全管理员。", err=True)
        context.exit(1)


def _checked(one: Checked) -> dict[str, Any]:
    return {
        "holder": one.holder_id,
        "case": one.erasure_id,
        "clean": one.clean,
        "rows": dict(one.rows),
        "documents": one.documents,
        "waiting": one.waiting,
        "proven": one.proven,
        "remains": [dict(each) for each in one.remains],
    }


@erasures.command("repeat")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_call
def repeat_(call: Call, file: Path) -> None:
    """恢复备份之后，按清除名单重新清除（名单由 educa holders erased --json 或备份旁的文件给出）。"""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"无法读取清除名单 {file}（{type(error).__name__}）。") from error
    done = repeat(call.services, call.actor, read_ledger(text))
    facts = {
        "erased": list(done.done), "not_there": done.not_there, "foreign": done.foreign,
        "hindered": list(done.hindered),
    }  # fmt: skip
    lines = [
        f"重新清除 {len(done.done)} 人；已清除或备份中没有的 {done.not_there} 人，不是本系统的 {done.foreign} 行。"
    ]
    call.tell(facts, text="\n".join([*lines, *(f"未能清除：{why}" for why in done.hindered)]))


@erasures.command("hold")
@click.argument("holder")
@click.option("--reason", required=True, help="为什么要保留，例如案件或信访的文号")
@pass_call
def hold(call: Call, holder: str, reason: str) -> None:
    """要求保留一个人的档案：解除之前不能清除。"""
    made = records_holds.hold_records(call.services, call.actor, holder, reason=reason)
    call.tell({"id": made.id, "holder": holder}, text=f"{holder} 的档案已要求保留（{made.id}）。")


@erasures.command("lift")
@click.argument("hold_id", metavar="HOLD")
@click.option("--reason", required=True, help="为什么不再需要保留")
@pass_call
def lift(call: Call, hold_id: str, reason: str) -> None:
    """解除档案保留（安全管理员）。"""
    done = records_holds.lift_hold(call.services, call.actor, hold_id, reason=reason)
    call.tell({"id": done.id, "holder": done.holder_id}, text=f"{done.holder_id} 的档案保留已解除。")


@erasures.command("holds")
@pass_call
def holds(call: Call) -> None:
    """列出要求保留的档案。"""
    found = records_holds.standing_holds(call.services, call.actor)
    rows = [
        {"id": h.id, "holder": h.holder_id, "unit": h.unit_code, "reason": h.reason, "set_by": h.set_by} for h in found
    ]
    call.show(rows, title="要求保留的档案")


def _row(case: Erasure) -> dict[str, Any]:
    return {
        "id": case.id,
        "status": case.status.value,
        "ground": case.ground,
        "proposed_by": case.proposed_by,
        "proposed_at": case.proposed_at.astimezone(SHANGHAI).isoformat(timespec="minutes"),
        "decided_by": case.decided_by,
        "reason": case.decision_reason,
    }


COMMANDS = (erasures,)
