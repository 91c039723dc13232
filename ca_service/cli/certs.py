"""`educa certs`."""

from pathlib import Path

import click
from asn1crypto import pem

from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.certificates import ORDERED, Certificate, RevocationReason
from ca_service.domain.errors import NotFound
from ca_service.workflows.certificate_status import freeze, revoke, unfreeze
from ca_service.workflows.certificates import history, list_certificates, show_certificate
from ca_service.workflows.orders import confirm_order, list_orders
from ca_service.workflows.outdated import due_for_replacement

_REASONS = {reason.name.lower().replace("_", "-"): reason for reason in RevocationReason if reason in ORDERED}


@click.group(cls=Group)
def certs() -> None:
    """证书。"""


@certs.command("list")
@click.option("--all", "infrastructure", is_flag=True, help="包括 CA、OCSP 和服务器自身的证书")
@pass_call
def list_(call: Call, *, infrastructure: bool) -> None:
    """列出证书。"""
    found = list_certificates(call.services, call.actor, infrastructure=infrastructure).rows
    call.show([_row(call, certificate) for certificate in found], title="证书", brief=_BRIEF)


@certs.command("show")
@click.argument("serial")
@pass_call
def show(call: Call, serial: str) -> None:
    """显示一张证书。"""
    row = _row(call, show_certificate(call.services, call.actor, serial))
    call.tell(row, text="\n".join(f"{key}: {value}" for key, value in row.items()))


@certs.command("export")
@click.argument("serial")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="写入文件；默认输出到屏幕")
@pass_call
def export(call: Call, serial: str, out: Path | None) -> None:
    """导出证书（PEM）。"""
    certificate = show_certificate(call.services, call.actor, serial)
    if certificate.der_sha256:
        raise NotFound(f"持证人的档案已清除，证书内容随之清除；证书的 SHA-256 是 {certificate.der_sha256}。")
    if certificate.der is None:
        raise NotFound("这个序列号没有签发出证书。")
    text = pem.armor("CERTIFICATE", certificate.der).decode()
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="ascii")


@certs.command("freeze")
@click.argument("serial")
@click.option("--reason", required=True, help="谁提出、为什么")
@pass_call
def freeze_(call: Call, serial: str, reason: str) -> None:
    """冻结（暂停使用，可以恢复）。"""
    _told(call, freeze(call.services, call.actor, serial, reason=reason), "已冻结")


@certs.command("unfreeze")
@click.argument("serial")
@click.option("--reason", default="恢复使用", show_default=True, help="谁提出、为什么")
@pass_call
def unfreeze_(call: Call, serial: str, reason: str) -> None:
    """解冻（恢复使用）。"""
    _told(call, unfreeze(call.services, call.actor, serial, reason=reason), "已解冻")


@certs.command("revoke")
@click.argument("serial")
@click.option("--reason", required=True, help="谁提出、为什么")
@click.option("--crl-reason", type=click.Choice(sorted(_REASONS)), default="unspecified", show_default=True)
@pass_call
def revoke_(call: Call, serial: str, reason: str, crl_reason: str) -> None:
    """吊销（永久，不能恢复）。"""
    done = revoke(call.services, call.actor, serial, reason=reason, crl_reason=_REASONS[crl_reason])
    _told(call, done, "已吊销")


@certs.command("history")
@click.argument("serial")
@pass_call
def history_(call: Call, serial: str) -> None:
    """一张证书的履历：每一次变更、依据和经办人。"""
    rows = [
        {
            "seq": e.seq, "at": e.at.isoformat(), "event": e.event.value, "status": e.status.value, "by": e.by,
            "ground": e.ground, "reason": e.reason, "version": e.version,
        }
        for e in history(call.services, call.actor, serial)
    ]  # fmt: skip
    call.show(rows, title=f"证书 {serial}")


@certs.command("due")
@pass_call
def due(call: Call) -> None:
    """须换发的证书：所载姓名或单位已经变更，由持有人用证书助手更新。"""
    rows = [
        {**_row(call, c), "outdated_at": c.outdated_at.isoformat() if c.outdated_at else "", "ground": c.outdated_by}
        for c in due_for_replacement(call.services, call.actor).rows
    ]
    call.show(rows, title="须换发的证书", brief=("serial", "status", "name", "unit", "outdated_at", "ground"))


@certs.command("orders")
@click.option("--all", "everything", is_flag=True, help="包括已复核的")
@pass_call
def orders(call: Call, *, everything: bool) -> None:
    """应急处置：一人先办、等待第二人复核的冻结、恢复、吊销。"""
    rows = [
        {
            "id": o.id, "serial": o.serial, "act": o.act.value, "status": o.status.value, "unit": o.unit_code,
            "ordered_by": o.ordered_by, "ordered_at": o.ordered_at.isoformat(), "reason": o.reason,
            "confirmed_by": o.confirmed_by,
        }
        for o in list_orders(call.services, call.actor, waiting=not everything).rows
    ]  # fmt: skip
    call.show(rows, title="应急处置")


@certs.command("confirm")
@click.argument("order")
@pass_call
def confirm(call: Call, order: str) -> None:
    """由第二人复核一次应急处置。"""
    done = confirm_order(call.services, call.actor, order)
    call.tell({"id": done.id, "status": done.status.value}, text=f"应急处置 {done.id} 已复核。")


def _told(call: Call, certificate: Certificate, what: str) -> None:
    row = _row(call, certificate)
    call.tell(row, text=f"证书 {certificate.serial}（{certificate.subject}）{what}。")


def _row(call: Call, certificate: Certificate) -> dict[str, object]:
    return {
        "serial": certificate.serial,
        "status": certificate.shown_status(call.services.clock()),
        "holder": certificate.holder_id,
        "name": certificate.subject,
        "unit": certificate.unit_code,
        "profile": certificate.profile,
        "issuer": certificate.issuer,
        "token": certificate.medium_serial,
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "revoked_at": certificate.revoked_at.isoformat() if certificate.revoked_at else None,
        "reason": certificate.reason.name if certificate.reason is not None else None,
    }


_BRIEF = ("serial", "status", "name", "unit", "profile", "not_after")
COMMANDS = (certs,)
