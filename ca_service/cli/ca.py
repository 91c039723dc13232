"""`educa ca`: the issuing CA's key in wrong hands, and its successor (docs/operations.md has both drills)."""

import hashlib

import click

from ca_service import rollover
from ca_service.cli.base import Call, Group, pass_call
from ca_service.cli.custodian_desk import open_root
from ca_service.domain.certificates import Issuer
from ca_service.domain.compromises import Compromise
from ca_service.workflows import compromise, roll_over
from ca_service.workflows.current_issuer import end_of
from ca_service.workflows.publish_crl import publish_crl


@click.group(cls=Group)
def ca() -> None:
    """CA 自身：签发密钥泄露的处置，签发 CA 的换发。"""


@ca.command("declare")
@click.option("--issuer", default="issuing", show_default=True, help="哪个签发 CA")
@click.option("--ground", required=True, help="依据：发现了什么、何时、由谁报告")
@pass_call
def declare(call: Call, issuer: str, ground: str) -> None:
    """报告签发密钥泄露（系统管理员或本机操作员）：立即停止签发。"""
    case = compromise.declare(call.services, call.actor, issuer, ground=ground)
    _told(call, case, "已报告，停止签发。请由安全管理员确认：educa ca confirm")


@ca.command("withdraw")
@click.argument("case")
@pass_call
def withdraw(call: Call, case: str) -> None:
    """撤回尚未确认的报告，恢复签发。"""
    _told(call, compromise.withdraw(call.services, call.actor, case), "已撤回，恢复签发")


@ca.command("confirm")
@click.argument("case")
@pass_call
def confirm(call: Call, case: str) -> None:
    """确认泄露（安全管理员）：吊销它签发的全部证书，不能撤回。"""
    done = compromise.confirm(call.services, call.actor, case)
    while compromise.revoke_page(call.services, call.actor):
        pass
    _told(call, done, "已确认，它签发的证书已全部吊销。下一步（根密钥设备）：educa ca revoke")


@ca.command("revoke")
@click.argument("case")
@pass_call
def revoke(call: Call, case: str) -> None:
    """用根密钥吊销签发 CA 证书并发布根 CRL；重复执行只再次发布。"""
    open_root(call)
    root = compromise.revoke_ca(call.services, call.actor, case)
    issuer = next(one.case.issuer for one in compromise.cases(call.services, call.actor) if one.case.id == case)
    own = publish_crl(call.services, call.actor, issuer)
    facts = {"case": case, "root_crl": root.number, "issuer_crl": own.number}
    call.tell(facts, text=f"签发 CA 证书已吊销。根 CRL 第 {root.number} 号、签发 CA 的 CRL 第 {own.number} 号已发布。")


@ca.command("roll-over")
@click.option("--planned", metavar="CA", help="到期前换发：接替哪个签发 CA（建好后等待启用）")
@click.option("--ground", default="", help="依据：批准文号、原因（--planned 时必填）")
@pass_call
def roll_over_(call: Call, planned: str | None, ground: str) -> None:
    """另建新的签发 CA（本机操作员，根密钥设备在场）：接替因泄露终止的，或用 --planned 按计划换发（须先准许）。"""
    if planned is not None:
        # Asked first: without a release the custodians need not come.
        successor = roll_over.planned_successor(call.services, call.actor, planned, ground)
        open_root(call)
        issuer = rollover.prepare(call.wiring, call.actor, successor)
        then = f"请把新证书和 CRL 地址交给各接入系统，都加好之后运行 educa ca activate {issuer.name}"
    else:
        open_root(call)
        issuer = rollover.hold(call.wiring, call.actor)
        then = "请重新启动 educa serve，把新证书和 CRL 地址交给各接入系统，并向受影响的人发放下载码"
    _shown(call, issuer, "已建立", then)


@ca.command("activate")
@click.argument("name")
@pass_call
def activate(call: Call, name: str) -> None:
    """启用按计划建好的签发 CA（本机操作员，须先准许）：此后的证书由它签发，原 CA 继续发布 CRL 和 OCSP 应答。"""
    _shown(call, rollover.activate(call.wiring, call.actor, name), "已启用", "请重新启动 educa serve")


def _shown(call: Call, issuer: Issuer, what: str, then: str) -> None:
    file = call.config.folder / f"{issuer.name}.pem"
    sha256 = hashlib.sha256(issuer.certificate).hexdigest()
    facts = {"name": issuer.name, "certificate": str(file), "sha256": sha256}
    call.tell(facts, text=f"签发 CA {issuer.name} {what}，证书在 {file}，SHA-256 {sha256}。{then}。")


@ca.command("issuers")
@pass_call
def issuers(call: Call) -> None:
    """列出全部签发 CA：哪个在签发、哪个等待启用、各到何时、各有多少有效证书。"""
    rows = [
        {
            "name": one.issuer.name, "state": _state(one), "not_after": end_of(one.issuer.certificate).isoformat(),
            "live": one.live, "sha256": hashlib.sha256(one.issuer.certificate).hexdigest(),
        }
        for one in roll_over.standings(call.services, call.actor)
    ]  # fmt: skip
    call.show(rows, title="签发 CA")


def _state(one: roll_over.Standing) -> str:
    if one.compromised:
        return "compromised"
    if one.issuer.waiting:
        return "waiting"
    return "present" if one.present else "former"


@ca.command("list")
@pass_call
def list_(call: Call) -> None:
    """列出报告过的密钥泄露，以及还有多少证书没有吊销。"""
    rows = [
        {
            "id": one.case.id, "issuer": one.case.issuer, "status": one.case.status.value, "live": one.live,
            "revoked": one.revoked, "declared_by": one.case.declared_by, "decided_by": one.case.decided_by,
            "ended_by": one.case.ended_by, "ground": one.case.ground,
        }
        for one in compromise.cases(call.services, call.actor)
    ]  # fmt: skip
    call.show(rows, title="密钥泄露处置")


@ca.command("affected")
@click.argument("case")
@pass_call
def affected(call: Call, case: str) -> None:
    """列出须重新下载证书的人（编号、单位、原证书、介质）。"""
    call.show([vars(one) for one in compromise.affected(call.services, call.actor, case)], title="须重新下载证书的人")


def _told(call: Call, case: Compromise, what: str) -> None:
    call.tell({"id": case.id, "issuer": case.issuer, "status": case.status.value}, text=f"{case.id} {what}。")


COMMANDS = (ca,)
