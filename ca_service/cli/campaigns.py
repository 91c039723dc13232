"""`educa campaigns`."""

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.campaigns import Campaign, Deadline, Stage
from ca_service.workflows import campaign as workflow


@click.group(cls=Group)
def campaigns() -> None:
    """实施计划：日期、进度、催办。"""


@campaigns.command("set")
@click.argument("name")
@click.option("--id", "campaign_id", default="", metavar="ID", help="修改已有的计划；不给则新建")
@click.option("--starts", required=True, metavar="DATE", help="开始日期，如 2026-11-01")
@click.option("--forms", required=True, metavar="DATE", help="材料上报截止")
@click.option("--push", required=True, metavar="DATE", help="推送入库截止")
@click.option("--tokens", required=True, metavar="DATE", help="介质发放截止")
@pass_call
def set_(call: Call, /, name: str, campaign_id: str, **days: str) -> None:
    """设定实施计划的日期。"""
    what = {"starts": "开始日期", "forms": "材料上报截止日期", "push": "推送截止日期", "tokens": "介质发放截止日期"}
    starts, forms, push, tokens = (workflow.parse_day(days[key], what[key]) for key in what)
    stored = workflow.set_campaign(call.services, call.actor, Campaign(campaign_id, name, starts, forms, push, tokens))
    call.tell(_facts(stored), text=f"实施计划 {stored.id}“{stored.name}”已保存。")


@campaigns.command("list")
@pass_call
def list_(call: Call) -> None:
    """列出实施计划，当前的在前。"""
    call.show([_facts(found) for found in workflow.campaigns(call.services, call.actor)], title="实施计划")


@campaigns.command("board")
@click.option("--unit", metavar="CODE", help="单位（默认为本单位）")
@pass_call
def board(call: Call, unit: str | None) -> None:
    """一个单位及其下级此刻的进度。"""
    found = workflow.board(call.services, call.actor, unit or call.actor.unit_code)
    call.show([_line(line) for line in (found.whole, *found.below.rows)], title="实施进度")


@campaigns.command("late")
@click.argument("deadline", type=click.Choice([deadline.value for deadline in Deadline]))
@click.option("--unit", metavar="CODE", help="单位（默认为本单位）")
@pass_call
def late(call: Call, deadline: str, unit: str | None) -> None:
    """催办名单：哪些单位还没有完成。"""
    found = workflow.late(call.services, call.actor, unit or call.actor.unit_code, Deadline(deadline))
    rows = [
        {"unit": u.code, "name": u.name, "kind": u.kind.value, "due": found.due, "overdue": found.overdue}
        for u in found.units.rows
    ]
    call.show(rows, title="催办名单")


def _facts(campaign: Campaign) -> dict[str, object]:
    return {name: str(value) for name, value in vars(campaign).items()}


def _line(line: workflow.Line) -> dict[str, object]:
    numbers = {stage.value: line.progress.at(stage) for stage in Stage}
    return {
        "unit": line.unit.code,
        "name": line.unit.name,
        "expected": line.progress.expected,
        **numbers,
        "reviewing": sum(line.progress.reviewing.values()),
        "returned": line.progress.returned,
    }


COMMANDS = (campaigns,)
