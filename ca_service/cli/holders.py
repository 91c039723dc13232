"""`educa holders`: the persons the CA knows."""

from dataclasses import asdict

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.clock import SHANGHAI
from ca_service.domain.person_text import mask_name, mask_phone
from ca_service.workflows.erasure_ledger import ledger
from ca_service.workflows.holders import list_holders, retention


@click.group(cls=Group)
def holders() -> None:
    """持证人（CA 已确认登记的人员）。"""


@holders.command("list")
@click.option("--unit", metavar="CODE", help="只列出这个单位的")
@pass_call
def list_(call: Call, unit: str | None) -> None:
    """列出持证人（个人信息已遮盖）。"""
    rows = [
        {
            "id": holder.id,
            "external_id": holder.external_id,
            "unit": holder.unit_code,
            "name": mask_name(holder.name),
            "mobile": mask_phone(holder.contact.mobile),
            "user_type": holder.user_type,
            "status": holder.status.value,
        }
        for holder in list_holders(call.services, call.actor, unit_code=unit).rows
    ]
    call.show(rows, title="持证人")


@holders.command("retention")
@click.option("--due", is_flag=True, help="只列保存期已满的")
@pass_call
def retention_(call: Call, *, due: bool) -> None:
    """已停用人员的档案保存到何时（最后一张证书失效后满五年）。只是查看；清除见 educa erasures。"""
    rows = [
        {
            "id": kept.holder.id,
            "unit": kept.holder.unit_code,
            "kept_until": kept.until.astimezone(SHANGHAI).date().isoformat(),
        }
        for kept in retention(call.services, call.actor, due=due)
    ]
    call.show(rows, title="档案保存期")


@holders.command("erased")
@pass_call
def erased(call: Call) -> None:
    """已清除档案的人员编号，每行附校验：恢复备份之后据此重新清除（educa erasures repeat）。不含个人信息。"""
    call.show([asdict(line) for line in ledger(call.services, call.actor)], title="已清除的档案")


COMMANDS = (holders,)
