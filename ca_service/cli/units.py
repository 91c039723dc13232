"""`educa units`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.unit_cases import Order, Plan, UnitAct, UnitCase, UnitEvent
from ca_service.domain.units import Unit
from ca_service.workflows import unit_cases, unit_tree
from ca_service.workflows.units import ImportMode, UnitReport, import_units


@click.group(cls=Group)
def units() -> None:
    """单位：登记、查看、更名、合并、撤销、调整上级。"""


@units.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="只检查，不登记")
@click.option("--good-rows", is_flag=True, help="登记没有问题的行（默认有一行有问题就全部不登记）")
@pass_call
def import_(call: Call, file: Path, check: bool, good_rows: bool) -> None:
    """从 CSV、JSON 或 xlsx 文件登记单位（code,name,kind,parent,area_code,school_type[,credit_code]）。"""
    mode = ImportMode.CHECK if check else ImportMode.GOOD_ROWS if good_rows else ImportMode.ALL_OR_NOTHING
    report = import_units(call.services, call.actor, file.read_bytes(), filename=file.name, mode=mode)
    call.tell(_report(report), text=_told(report, mode))


def _report(report: UnitReport) -> dict[str, Any]:
    errors = [{"row": e.row, "code": e.code, "why": e.reason, "mend": e.mend} for e in report.errors]
    return {"read": report.read, "added": report.added, "errors": errors}


def _told(report: UnitReport, mode: ImportMode) -> str:
    done = "可新登记" if mode is ImportMode.CHECK else "新登记"
    lines = [f"读取 {report.read} 个单位，{done} {report.added} 个。"]
    lines += [f"第 {e.row} 行（{e.code}）：{e.reason}。{e.mend}" for e in report.errors]
    return "\n".join(lines)


@units.command("list")
@click.option("--search", default="", metavar="TEXT", help="名称的一部分，或代码的开头")
@click.option("--ended", is_flag=True, help="查找时包括已撤并的单位")
@pass_call
def list_(call: Call, search: str, ended: bool) -> None:
    """列出本单位及下级单位。"""
    if search:
        found = [line.unit for line in unit_tree.search(call.services, call.actor, search, ended=ended).lines]
    else:
        found = [*unit_tree.list_units(call.services, call.actor).rows]
    call.show([_row(unit) for unit in found], title="单位")


@units.command("show")
@click.argument("code")
@pass_call
def show(call: Call, code: str) -> None:
    """显示一个单位：基本情况和有关数量。"""
    view = unit_tree.view_unit(call.services, call.actor, code)
    rule = view.line.unit.kind.administrators
    facts = {
        **_row(view.line.unit),
        "path": " > ".join(unit.name for unit in view.path),
        "administrators": view.line.administrators,
        "administrators_expected": rule.least,
        "units_below": view.line.below.units,
        "holders": view.holders.total,
        "certificates": view.certificates.total,
        "certificates_outdated": sorted(view.outdated),
        "tokens": view.media.total,
        "open_cases": [case.id for case in view.cases],
    }
    call.tell(facts, text="\n".join(f"{name}: {value}" for name, value in facts.items() if value not in (None, [], "")))


@units.command("history")
@click.argument("code")
@pass_call
def history(call: Call, code: str) -> None:
    """显示一个单位的全部变更记录。"""
    call.show([_event(event) for event in unit_tree.history(call.services, call.actor, code)], title=f"单位 {code}")


def _act(act: UnitAct, text: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command that shows what the act would touch; with --seen it proposes what was shown."""

    def decorate(function: Callable[..., None]) -> click.Command:
        function = click.option("--seen", default="", metavar="VERSION", help="预览给出的版本；给出后即提出")(function)
        function = click.option("--ground", default="", metavar="TEXT", help="依据（批准文件名称、文号），提出时必填")(
            function
        )
        return units.command(act.value, help=f"{text} 先显示涉及的内容，再以 --seen 和 --ground 提出。")(function)

    return decorate


def _choices(function: Callable[..., None]) -> Callable[..., None]:
    function = click.option("--return-applications", is_flag=True, help="一并退回在办申请")(function)
    return click.option("--stop-people", is_flag=True, help="一并停用人员并吊销证书")(function)


@_act(UnitAct.RENAME, "更名。")
@click.argument("code")
@click.argument("name")
@pass_call
def rename(call: Call, code: str, name: str, seen: str, ground: str) -> None:
    """See `_act`."""
    _preview_or_propose(call, Order(UnitAct.RENAME, code, name=name), seen, ground)


@_act(UnitAct.MOVE, "调整上级单位。")
@click.argument("code")
@click.argument("parent")
@click.option("--area", default="", metavar="CODE", help="所在地行政区划代码（不变的可不填）")
@pass_call
def move(call: Call, /, code: str, parent: str, *, area: str, seen: str, ground: str) -> None:
    """See `_act`."""
    _preview_or_propose(call, Order(UnitAct.MOVE, code, target_code=parent, area_code=area), seen, ground)


@_act(UnitAct.MERGE, "并入另一单位。")
@click.argument("code")
@click.argument("survivor")
@_choices
@pass_call
def merge(call: Call, /, code: str, survivor: str, *, seen: str, ground: str, **choices: bool) -> None:
    """See `_act`."""
    _preview_or_propose(call, _decided(Order(UnitAct.MERGE, code, target_code=survivor), choices), seen, ground)


@_act(UnitAct.CLOSE, "撤销。")
@click.argument("code")
@_choices
@pass_call
def close(call: Call, /, code: str, *, seen: str, ground: str, **choices: bool) -> None:
    """See `_act`."""
    _preview_or_propose(call, _decided(Order(UnitAct.CLOSE, code), choices), seen, ground)


def _decided(order: Order, choices: Mapping[str, bool]) -> Order:
    stop, give_back = choices["stop_people"], choices["return_applications"]
    return replace(order, stop_people=stop, return_applications=give_back)


@_act(UnitAct.REOPEN, "恢复已撤并的单位。")
@click.argument("code")
@click.option("--parent", default="", metavar="CODE", help="上级单位（不变的可不填）")
@pass_call
def reopen(call: Call, code: str, parent: str, seen: str, ground: str) -> None:
    """See `_act`."""
    _preview_or_propose(call, Order(UnitAct.REOPEN, code, target_code=parent), seen, ground)


def _preview_or_propose(call: Call, order: Order, seen: str, ground: str) -> None:
    if seen:
        case = unit_cases.propose(call.services, call.actor, order, seen=seen, ground=ground)
        call.tell(_case(case), text=f"单位变更 {case.id} 已提出，由安全管理员确认后办理。")
        return
    plan = unit_cases.preview(call.services, call.actor, order)
    call.tell(_plan(plan), text=_plan_text(plan))


@units.command("cases")
@pass_call
def cases(call: Call) -> None:
    """列出单位变更。"""
    found = unit_cases.list_cases(call.services, call.actor).rows
    call.show([_case(case) for case in found], title="单位变更")


@units.command("confirm")
@click.argument("case")
@click.option("--seen", default="", metavar="VERSION", help="预览给出的版本；给出后即办理")
@pass_call
def confirm(call: Call, case: str, seen: str) -> None:
    """确认并办理一件单位变更（安全管理员）。先显示现在涉及的内容，再以 --seen 办理。"""
    if seen:
        done = unit_cases.confirm(call.services, call.actor, case, seen=seen)
        call.tell(_case(done), text=f"单位变更 {done.id} 已办理。")
        return
    view = unit_cases.view_case(call.services, call.actor, case)
    if view.plan is None:
        call.tell(_case(view.case), text=view.why_not or f"单位变更 {case} 已经办结。")
        return
    call.tell(_plan(view.plan), text=_plan_text(view.plan))


@units.command("refuse")
@click.argument("case")
@click.option("--reason", required=True, help="不同意的原因")
@pass_call
def refuse(call: Call, case: str, reason: str) -> None:
    """不同意一件单位变更（安全管理员）。"""
    done = unit_cases.refuse(call.services, call.actor, case, reason=reason)
    call.tell(_case(done), text=f"单位变更 {done.id} 未通过。")


@units.command("withdraw")
@click.argument("case")
@pass_call
def withdraw(call: Call, case: str) -> None:
    """撤回一件单位变更（系统管理员）。"""
    done = unit_cases.withdraw(call.services, call.actor, case)
    call.tell(_case(done), text=f"单位变更 {done.id} 已撤回。")


def _row(unit: Unit) -> dict[str, Any]:
    return {
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind.value,
        "parent": unit.parent_code,
        "school_type": unit.school_type,
        "area_code": unit.area_code,
        "credit_code": unit.credit_code,
        "status": unit.status.value,
        "successor": unit.successor_code,
    }


def _event(event: UnitEvent) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "event": event.kind.value,
        "before": dict(event.before),
        "after": dict(event.after),
        "by": event.by,
        "confirmed_by": event.confirmed_by,
        "ground": event.ground,
        "case": event.case_id,
    }


def _case(case: UnitCase) -> dict[str, Any]:
    return {
        "id": case.id,
        "act": case.act.value,
        "unit": case.unit_code,
        "name": case.name,
        "target": case.target_code,
        "status": case.status.value,
        "ground": case.ground,
        "proposed_by": case.proposed_by,
        "decided_by": case.decided_by,
        "counts": dict(case.counts),
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "version": plan.sha256(),
        "obstacles": list(plan.obstacles),
        "counts": {effect.value: number for effect, number in plan.counts.items()},
        "steps": [
            {"effect": step.effect.value, "subject": step.subject, "now": step.now, "to": step.to}
            for step in plan.steps
        ],
    }


def _plan_text(plan: Plan) -> str:
    lines = [f"{effect.noun}：{effect.chinese} {number}" for effect, number in plan.counts.items()]
    lines += [f"  {step.effect.noun} {step.subject} {step.effect.chinese} {step.to}".rstrip() for step in plan.steps]
    lines += [f"不能办理：{obstacle}" for obstacle in plan.obstacles] or [f"版本 {plan.sha256()}"]
    return "\n".join(lines)


COMMANDS = (units,)
