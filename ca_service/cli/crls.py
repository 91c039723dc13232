"""`educa crl`."""

import click

import crl as crl_core
from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.errors import NotFound
from ca_service.workflows.publish_crl import publish_crl


@click.group(cls=Group)
def crl() -> None:
    """证书吊销列表。"""


@crl.command("publish")
@click.option("--issuer", default="issuing", show_default=True, help="CA 名称：root、issuing、issuing-2 等")
@pass_call
def publish(call: Call, issuer: str) -> None:
    """立即发布新的 CRL。"""
    done = publish_crl(call.services, call.actor, issuer)
    facts = {"issuer": issuer, "number": done.number, "next_update": done.next_update.isoformat()}
    call.tell(facts, text=f"{issuer} 的第 {done.number} 号 CRL 已发布，下次更新不晚于 {done.next_update.isoformat()}。")


@crl.command("show")
@click.option("--issuer", default="issuing", show_default=True, help="CA 名称：root、issuing、issuing-2 等")
@pass_call
def show(call: Call, issuer: str) -> None:
    """显示当前 CRL 的内容。"""
    with call.services.read() as uow:
        latest = uow.crls.latest(issuer)
    if latest is None or latest.der is None:
        raise NotFound("还没有发布过 CRL。")
    parsed = crl_core.parse(latest.der)
    rows = [
        {"serial": f"{serial:x}", "revoked_at": entry.revoked_at.isoformat(), "reason": str(entry.reason)}
        for serial, entry in parsed.entries.items()
    ]
    call.show(rows, title=f"CRL 第 {latest.number} 号")


COMMANDS = (crl,)
