"""`educa crl`."""

from typing import Any

import click

import crl as crl_core
from ca_service.cli.base import Call, Group, pass_call
from ca_service.cli.custodian_desk import open_root
from ca_service.domain.crl_overrides import Difference, Said
from ca_service.domain.crls import CrlLine
from ca_service.domain.errors import NotFound
from ca_service.workflows import crl_override
from ca_service.workflows.current_issuer import ROOT
from ca_service.workflows.publish_crl import publish_crl

_list_name = click.option(
    "--list", "name", default="issuing", show_default=True, help="CRL 名称，如 issuing、issuing-s3"
)


@click.group(cls=Group)
def crl() -> None:
    """证书吊销列表。"""


@crl.command("publish")
@click.option("--issuer", default="issuing", show_default=True, help="CA 名称：root、issuing、issuing-2 等")
@pass_call
def publish(call: Call, issuer: str) -> None:
    """立即发布新的 CRL（分片的，连同全部分片）。"""
    if issuer == ROOT:
        open_root(call)
    done = publish_crl(call.services, call.actor, issuer)
    facts = {"issuer": issuer, "number": done.number, "next_update": done.next_update.isoformat()}
    call.tell(facts, text=f"{issuer} 的第 {done.number} 号 CRL 已发布，下次更新不晚于 {done.next_update.isoformat()}。")


@crl.command("show")
@click.option("--issuer", default="issuing", show_default=True, help="CA 名称：root、issuing、issuing-2 等")
@click.option("--shard", type=click.IntRange(min=0), help="只看这一分片（默认为完整的 CRL）")
@pass_call
def show(call: Call, issuer: str, shard: int | None) -> None:
    """显示当前 CRL 的内容。"""
    with call.services.read() as uow:
        latest = uow.crls.latest(CrlLine(issuer, shard).name)
    if latest is None or latest.der is None:
        raise NotFound("还没有发布过 CRL。" if shard is None else f"{issuer} 没有第 {shard} 号分片。")
    parsed = crl_core.parse(latest.der)
    rows = [
        {"serial": f"{serial:x}", "revoked_at": entry.revoked_at.isoformat(), "reason": str(entry.reason)}
        for serial, entry in parsed.entries.items()
    ]
    call.show(rows, title=f"CRL 第 {latest.number} 号")


@crl.command("refused")
@_list_name
@pass_call
def refused(call: Call, name: str) -> None:
    """逐条列出下一份 CRL 中没有履历依据的差异，以及等待确认的强制发布。"""
    examined = crl_override.examine(call.services, call.actor, name)
    waiting = [
        {"id": o.id, "list": o.name, "seen": o.seen, "proposed_by": o.proposed_by, "reason": o.reason}
        for o in crl_override.proposals(call.services, call.actor)
    ]
    facts: dict[str, Any] = {
        "list": name,
        "last_good": examined.last_good,
        "refusal": examined.refusal,
        "differences": {serial: vars(found) for serial, found in examined.differences.items()},
        "seen": examined.seen if examined.differences else None,
        "proposals": waiting,
    }
    call.tell(facts, text=_told(examined, waiting))


def _told(examined: crl_override.Examined, waiting: list[dict[str, str]]) -> str:
    if not examined.differences:
        lines = [f"{examined.line.name}：与第 {examined.last_good} 号相比没有无故的差异。"]
    else:
        lines = [f"{examined.line.name}：与第 {examined.last_good} 号相比，以下差异没有履历依据："]
        lines += [_difference(serial, found) for serial, found in examined.differences.items()]
        lines.append(f"校验值 {examined.seen}")
    lines += [
        f"等待确认：{o['id']}（{o['list']}，{o['proposed_by']}：{o['reason']}，校验值 {o['seen']}）" for o in waiting
    ]
    return "\n".join(lines)


def _difference(serial: str, found: Difference) -> str:
    return f"  {serial}：原为{_words(found.before)}，按履历应为{_words(found.due)}，现为{_words(found.now)}"


def _words(said: Said) -> str:
    if not said:
        return "“未列入”"
    moment, reason = said.split()
    return f"“{crl_core.Reason(int(reason)).name}，{moment}”"


@crl.command("override")
@_list_name
@click.option("--reason", required=True, help="为什么可以不按履历发布")
@click.option("--seen", required=True, metavar="HASH", help="educa crl refused 给出的校验值")
@pass_call
def override(call: Call, name: str, reason: str, seen: str) -> None:
    """提出强制发布（系统管理员）；由安全管理员以 educa crl confirm 确认后才发布。"""
    made = crl_override.propose(call.services, call.actor, name, reason=reason, seen=seen)
    facts = {"id": made.id, "list": name, "serials": list(made.differences), "seen": seen}
    call.tell(facts, text=f"强制发布 {made.id} 已提出，请安全管理员核对差异后确认。")


@crl.command("confirm")
@click.argument("override")
@click.option("--seen", required=True, metavar="HASH", help="educa crl refused 给出的校验值")
@pass_call
def confirm(call: Call, override: str, seen: str) -> None:
    """确认强制发布并立即发布（安全管理员，不得是提出人）。"""
    with call.services.read() as uow:
        of_root = any(one.name == ROOT for one in uow.crl_overrides.find(id=override))
    if of_root:
        open_root(call)
    done = crl_override.confirm(call.services, call.actor, override, seen=seen)
    facts = {"id": override, "list": done.name, "number": done.number}
    call.tell(facts, text=f"{done.name} 的第 {done.number} 号 CRL 已按强制发布 {override} 发布。")


@crl.command("withdraw")
@click.argument("override")
@pass_call
def withdraw(call: Call, override: str) -> None:
    """撤回尚未确认的强制发布。"""
    done = crl_override.withdraw(call.services, call.actor, override)
    call.tell({"id": done.id, "status": done.status.value}, text=f"强制发布 {done.id} 已撤回。")


COMMANDS = (crl,)
