"""`educa audit`."""

import click

from ca_service.audit.asked import read_filter
from ca_service.audit.reading import Names, Readable, read
from ca_service.audit.tag_words import GROUPS
from ca_service.audit.verifier import verify
from ca_service.cli.audit_status import status
from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.roles import Action, authorise
from ca_service.workflows.audit_log import Cursor, log_page

_GROUPS = "、".join(f"{group.key}（{group.name}）" for group in GROUPS)


@click.group(cls=Group)
def audit() -> None:
    """审计日志。"""


@audit.command("verify")
@click.pass_context
@pass_call
def verify_(call: Call, context: click.Context) -> None:
    """核验整条审计链；发现改动时指出是哪一条。"""
    with call.services.read() as uow:
        authorise(call.actor, Action.AUDIT_READ, lineage=uow.units.lineage(call.actor.unit_code))
        seq, head = uow.audit.head()
        verdict = verify(uow.audit.entries(), head_seq=seq, head_hash=bytes(head))
    facts = {
        "entries": verdict.entries, "head": verdict.head.hex(), "broken_at": verdict.broken_at, "why": verdict.why,
    }  # fmt: skip
    if verdict.broken_at is None:
        call.tell(facts, text=f"审计链完整：{verdict.entries} 条，链尾 {verdict.head.hex()}")
        return
    if call.as_json:
        call.tell(facts, text="")
    click.echo(
        f"educa: 审计链在第 {verdict.broken_at} 条处被破坏：{verdict.why}。请封存数据库并通知安全审计员。", err=True
    )
    context.exit(1)


@audit.command("list")
@click.option("--act", default="", metavar="ACT", help=f"事项代码，如 ca:certificate:revoked；或一类事项：{_GROUPS}")
@click.option("--unit", default="", metavar="CODE", help="单位及其下级")
@click.option("--exact", is_flag=True, help="只要 --unit 本身，不含下级")
@click.option("--actor", default="", metavar="LOGIN", help="经办人")
@click.option("--subject", default="", metavar="ID", help="对象的编号、序列号或登录名")
@click.option("--from", "since", default="", metavar="DATE", help="从这一天起（北京时间），如 2026-11-01")
@click.option("--to", "until", default="", metavar="DATE", help="到这一天为止，含当天")
@click.option("--below", type=click.IntRange(1, 2_000_000_000), metavar="SEQ", help="只要此序号之前的，用于续看")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="最多列出多少条")
@pass_call
def list_(call: Call, /, below: int | None, limit: int, exact: bool, **asked: str) -> None:
    """按条件列出审计记录，新的在前。"""
    wanted = read_filter({**asked, "exact": "1" if exact else ""})
    page = log_page(call.services, call.actor, wanted, Cursor(below=below), size=limit)
    entries = [read(entry, Names(page.units, page.people)) for entry in page.entries]
    call.show([_raw(one) if call.as_json else _brief(one) for one in entries], title="审计日志")
    if page.older and not call.as_json:
        click.echo(f"还有更早的记录：加上 --below {page.older.below} 续看。")


def _brief(shown: Readable) -> dict[str, object]:
    return {
        "序号": shown.entry.seq,
        "时间": shown.moment,
        "事项": shown.act,
        "经办人": f"{shown.actor} {shown.via}",
        "单位": shown.unit or shown.entry.unit_code,
        "对象": shown.subject,
        "详情": shown.detail,
    }


def _raw(shown: Readable) -> dict[str, object]:
    """Every field as it is hashed, and the Chinese words of act and details."""
    octets = {name: bytes(getattr(shown.entry, name)).hex() for name in ("previous", "hash")}
    return {**vars(shown.entry), **octets, "act": shown.act, "detail_text": shown.detail}


audit.add_command(status)
COMMANDS = (audit,)
