"""`educa media`."""

import base64
import json
from pathlib import Path

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.errors import Invalid
from ca_service.domain.media import Medium
from ca_service.workflows import custody


@click.group(cls=Group)
def media() -> None:
    """UKEY 介质的登记与流转。"""


@media.command("register")
@click.argument("serials", nargs=-1, required=True)
@click.option("--model", default="UKEY", show_default=True, help="型号")
@pass_call
def register(call: Call, serials: tuple[str, ...], model: str) -> None:
    """按序列号登记空白介质，全部登记或全部不登记。"""
    registered = custody.register(call.services, call.actor, serials, model=model)
    call.tell({"registered": [m.serial for m in registered]}, text=f"已登记 {len(registered)} 个介质。")


@media.command("initialise")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_call
def initialise(call: Call, files: tuple[Path, ...]) -> None:
    """登记 educa-token init --json 的结果（序列号与绑定公钥）。"""
    made = [_read_initialised(file) for file in files]
    for serial, binding_key in made:
        custody.initialise(call.services, call.actor, serial, binding_key=binding_key)
    call.tell({"initialised": [serial for serial, _ in made]}, text=f"已登记 {len(made)} 个介质的绑定公钥。")


def _read_initialised(file: Path) -> tuple[str, bytes]:
    try:
        made = json.loads(file.read_text(encoding="utf-8"))
        return str(made["serial"]), base64.b64decode(made["binding_public_key"], validate=True)
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(f"{file.name} 不是 educa-token init --json 的输出，请重新生成。") from error


@media.command("dispatch")
@click.argument("serials", nargs=-1, required=True)
@click.option("--to", "to_unit", required=True, metavar="CODE", help="收件单位代码")
@click.option("--courier", default="", help="快递单号")
@pass_call
def dispatch(call: Call, serials: tuple[str, ...], to_unit: str, courier: str) -> None:
    """把本单位库存的介质装包发往下级单位。"""
    parcel = custody.dispatch(call.services, call.actor, custody.Shipment(serials, to_unit, courier))
    call.tell({"parcel": parcel.id, "to": to_unit, "tokens": len(serials)}, text=f"包裹 {parcel.id} 已发往 {to_unit}。")


@media.command("receive")
@click.argument("parcel")
@pass_call
def receive(call: Call, parcel: str) -> None:
    """签收包裹。"""
    done = custody.receive(call.services, call.actor, parcel)
    call.tell({"parcel": done.id, "status": done.status.value}, text=f"包裹 {done.id} 已签收。")


@media.command("hand-over")
@click.argument("serial")
@click.option("--holder", required=True, metavar="ID", help="持证人编号")
@pass_call
def hand_over(call: Call, serial: str, holder: str) -> None:
    """把介质交给本人（派发记录）。"""
    _told(
        call, custody.hand_over(call.services, call.actor, serial, holder_id=holder), "已派发（仅限本人使用，不得外借）"
    )


@media.command("list")
@pass_call
def list_(call: Call) -> None:
    """列出本单位及下级单位的介质。"""
    call.show([_row(medium) for medium in custody.stock(call.services, call.actor).rows], title="介质")


@media.command("report")
@click.argument("serial")
@pass_call
def report(call: Call, serial: str) -> None:
    """显示一个介质的全部流转记录。"""
    rows = [
        {
            "seq": e.seq,
            "at": e.at.isoformat(),
            "event": e.event.value,
            "from": e.from_place,
            "to": e.to_place,
            "by": e.by,
        }
        for e in custody.history(call.services, call.actor, serial)
    ]
    call.show(rows, title=f"介质 {serial}")


def _told(call: Call, medium: Medium, what: str) -> None:
    call.tell(_row(medium), text=f"介质 {medium.serial} {what}。")


def _row(medium: Medium) -> dict[str, object]:
    return {
        "serial": medium.serial,
        "model": medium.model,
        "status": medium.status.value,
        "unit": medium.at_unit,
        "holder": medium.holder_id,
        "parcel": medium.parcel_id,
    }


COMMANDS = (media,)
