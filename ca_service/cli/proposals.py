"""`educa proposals`: what waits for a second person, and releases of acts on keys."""

from typing import Any

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.clock import SHANGHAI
from ca_service.domain.proposals import RELEASES, Proposal, ProposalKind
from ca_service.workflows import confirm_proposal, key_releases
from ca_service.workflows import proposals as workflow


@click.group(cls=Group)
def proposals() -> None:
    """双人确认：一名管理员提出的账号和密钥事项，由另一名管理员确认后才生效。"""


@proposals.command("list")
@click.option("--all", "everything", is_flag=True, help="连同已经办结的")
@pass_call
def list_(call: Call, *, everything: bool) -> None:
    """列出等待确认（或等待使用）的事项。"""
    found = workflow.list_proposals(call.services, call.actor, waiting=not everything)
    brief = ("id", "kind", "subject", "status", "proposed_by", "expires_at")
    call.show([facts(one) for one in found.rows], title="双人确认", brief=brief)


@proposals.command("show")
@click.argument("proposal")
@pass_call
def show(call: Call, proposal: str) -> None:
    """一件事项的全部内容。"""
    shown = facts(workflow.view(call.services, call.actor, proposal))
    call.tell(shown, text="\n".join(f"{name}: {value}" for name, value in shown.items() if value))


@proposals.command("confirm")
@click.argument("proposal")
@pass_call
def confirm(call: Call, proposal: str) -> None:
    """确认另一名管理员提出的账号事项，立即生效。密钥事项只能在控制台确认。"""
    done = confirm_proposal.confirm(call.services, call.actor, proposal)
    call.tell(facts(done), text=f"{done.id}（{done.kind.chinese}：{done.subject}）已确认。")


@proposals.command("refuse")
@click.argument("proposal")
@click.option("--reason", required=True, help="不同意的原因")
@pass_call
def refuse(call: Call, proposal: str, reason: str) -> None:
    """不同意另一名管理员提出的事项。"""
    done = workflow.refuse(call.services, call.actor, proposal, reason=reason)
    call.tell(facts(done), text=f"{done.id}（{done.kind.chinese}：{done.subject}）未获同意。")


@proposals.command("withdraw")
@click.argument("proposal")
@pass_call
def withdraw(call: Call, proposal: str) -> None:
    """撤回尚未确认的事项，或尚未使用的准许。"""
    done = workflow.withdraw(call.services, call.actor, proposal)
    call.tell(facts(done), text=f"{done.id}（{done.kind.chinese}：{done.subject}）已撤回。")


@proposals.command("release")
@click.argument("kind", type=click.Choice([kind.value for kind in RELEASES]))
@click.argument("subject", default="")
@click.option("--ground", required=True, help="依据：批准文号、原因")
@pass_call
def release(call: Call, kind: str, subject: str, *, ground: str) -> None:
    """请求准许一件密钥事项；SUBJECT 是签发 CA 的名称或密钥标识。由安全管理员登录控制台确认。"""
    made = key_releases.propose_release(call.services, call.actor, ProposalKind(kind), subject, ground=ground)
    call.tell(facts(made), text=waits(made))


def waits(made: Proposal) -> str:
    """What a person is told of a proposal just made."""
    until = made.expires_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    where = "登录控制台" if made.kind.is_release else f"登录控制台或以 educa proposals confirm {made.id}"
    return f"{made.kind.chinese}（{made.subject}）已提出：{made.id}。{until} 前由另一名管理员{where}确认后才生效。"


def facts(one: Proposal) -> dict[str, Any]:
    """A proposal as it is printed; of a person's ID number not even the hash."""
    at = {"proposed_at": one.proposed_at, "expires_at": one.expires_at, "decided_at": one.decided_at}
    return {
        "id": one.id,
        "kind": one.kind.value,
        "subject": one.subject,
        "unit": one.unit_code,
        **one.kept,
        "ground": one.ground,
        "status": one.status.value,
        "proposed_by": one.proposed_by,
        "decided_by": one.decided_by,
        "reason": one.decision_reason,
        "used_by": one.used_by,
        **{name: m.astimezone(SHANGHAI).isoformat(timespec="minutes") if m else None for name, m in at.items()},
    }


COMMANDS = (proposals,)
