"""`educa audit`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from ca_service.audit.asked import read_filter
from ca_service.audit.examine import KeptNote, Report, examine
from ca_service.audit.offline import examine_export, read_kept, summary
from ca_service.audit.reading import Names, Readable, read
from ca_service.audit.tag_words import GROUPS
from ca_service.cli.audit_status import status
from ca_service.cli.audit_tree import FILE, checkpoint, export, own_signers, prove
from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.roles import Action, authorise
from ca_service.workflows.audit_log import Cursor, log_page

_GROUPS = "、".join(f"{group.key}（{group.name}）" for group in GROUPS)


@click.group(cls=Group)
def audit() -> None:
    """审计日志。"""


@audit.command("verify")
@click.option("--checkpoint", "notes", multiple=True, type=FILE, help="另存的检查点，可多次给出")
@click.option("--offline", "exported", type=FILE, help="核验导出文件，不用数据库和配置")
@click.option("--signer-chain", "chains", multiple=True, type=FILE, help="离线时所信任的 root.pem，可另加 signers.pem")
@click.pass_context
@pass_call
def verify_(
    call: Call, context: click.Context, /, notes: tuple[Path, ...], exported: Path | None, chains: tuple[Path, ...]
) -> None:
    """核验整条审计链和全部检查点；发现改动时指出在哪里。"""
    if bool(exported) != bool(chains):
        raise click.UsageError("--offline 与 --signer-chain 要一起给出。")
    report = examine_export(exported, notes, chains) if exported else _examine_own(call, notes)
    facts = {
        "entries": report.entries, "head": report.head.hex(), "root": report.root.hex(),
        "checkpoints": report.checkpoints, "findings": report.findings,
    }  # fmt: skip
    if not report.findings:
        call.tell(facts, text=summary(report))
        return
    if call.as_json:
        call.tell(facts, text="")
    for finding in report.findings:
        click.echo(f"educa: {finding}", err=True)
    click.echo("educa: 请封存数据库并通知安全审计员。", err=True)
    context.exit(1)


def _examine_own(call: Call, files: Sequence[Path]) -> Report:
    with call.services.read() as uow:
        authorise(call.actor, Action.AUDIT_READ, lineage=uow.units.lineage(call.actor.unit_code))
    kept, signers = [read_kept(path) for path in files], own_signers(call.services)
    with call.services.read() as uow:
        seq, head = uow.audit.head()
        own = [KeptNote(f"（库内，{one.size} 条）", one.note) for one in uow.audit_tree.checkpoints()]
        report = examine(uow.audit.entries(), [*own, *kept], signers)
    # While the log is walked others write: it may have more entries by now, never fewer.
    if report.findings or report.entries > seq or (report.entries, report.head) == (seq, bytes(head)):
        return report
    why = f"审计链在末尾被破坏：日志到第 {report.entries} 条为止，链尾记录为第 {seq} 条。"
    return replace(report, findings=(why,))


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


for _command in (status, checkpoint, export, prove):
    audit.add_command(_command)

COMMANDS = (audit,)
