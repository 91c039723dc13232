"""`educa audit`."""

import click

from ca_service.audit.verifier import verify
from ca_service.cli.audit_status import status
from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.roles import Action, authorise


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


audit.add_command(status)
COMMANDS = (audit,)
