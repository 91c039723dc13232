"""`educa media`."""

import base64
import json
from datetime import datetime
from pathlib import Path

import click
from asn1crypto import pem

from ca_service.cli.base import Call, Group, pass_call
from ca_service.clock import SHANGHAI
from ca_service.domain.errors import Invalid
from ca_service.domain.media import Arrival, Medium, MediumStatus
from ca_service.domain.unblocks import ReleaseStatus
from ca_service.intake.media_file import read_media
from ca_service.workflows import custody, handovers, incidents, parcels, reconciliation, releases, so_pins

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(cls=Group)
def media() -> None:
    """UKEY 介质的登记、流转、派发与清查。"""


@media.command("register")
@click.argument("serials", nargs=-1)
@click.option("--file", type=_FILE, help="清单文件：一行一个序列号的文本，或 xlsx、csv（序列号、型号、固件版本）")
@click.option("--model", default="UKEY", show_default=True, help="型号")
@click.option("--firmware", default="", help="固件版本")
@pass_call
def register(call: Call, serials: tuple[str, ...], file: Path | None, model: str, firmware: str) -> None:
    """按序列号登记空白介质，全部登记或全部不登记。"""
    new = [custody.NewMedium(serial, model, firmware) for serial in serials]
    if file is not None:
        read = read_media(file.read_bytes(), filename=file.name)
        new += [custody.NewMedium(one.serial, one.model or model, one.firmware or firmware) for one in read]
    registered = custody.register(call.services, call.actor, new)
    call.tell({"registered": [m.serial for m in registered]}, text=f"已登记 {len(registered)} 个介质。")


@media.command("initialise")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@pass_call
def initialise(call: Call, files: tuple[Path, ...]) -> None:
    """登记 educa-token init 的结果（序列号、绑定公钥，成批时还有封装的管理 PIN）。"""
    made = [_read_initialised(file) for file in files]
    for serial, binding_key, so_pin in made:
        custody.initialise(call.services, call.actor, serial, binding_key=binding_key, so_pin_sealed=so_pin)
    text = f"已登记 {len(made)} 个介质的绑定公钥。"
    without = sum(so_pin is None for _, _, so_pin in made)
    if without:
        text += f"其中 {without} 个没有管理 PIN 的密文，以后不能解锁。"
    call.tell({"initialised": [serial for serial, _, _ in made]}, text=text)


@media.command("custody-key")
@pass_call
def custody_key(call: Call) -> None:
    """输出托管公钥（PEM），供 educa-token init --all --seal-to 使用。"""
    public = pem.armor("PUBLIC KEY", so_pins.custody_key(call.services, call.actor)).decode()
    call.tell({"custody_key": public}, text=public.rstrip())


@media.command("unblocks")
@pass_call
def unblocks(call: Call) -> None:
    """列出本单位及下级单位的介质解锁，新的在前；过期仍未完成的须查问。"""
    now = call.services.clock()
    rows = [
        {
            "id": one.id,
            "token": one.serial,
            "holder": one.holder_id,
            "case": one.change_id,
            "status": one.status.value,
            "overdue": one.status is ReleaseStatus.OPEN and now > one.expires_at,
            "released_at": one.released_at.isoformat(),
            "expires_at": one.expires_at.isoformat(),
        }
        for one in releases.list_releases(call.services, call.actor).rows
    ]
    call.show(rows, title="介质解锁")


def _read_initialised(file: Path) -> tuple[str, bytes, bytes | None]:
    try:
        made = json.loads(file.read_text(encoding="utf-8"))
        sealed = made.get("so_pin_sealed")
        so_pin = base64.b64decode(sealed, validate=True) if sealed else None
        return str(made["serial"]), base64.b64decode(made["binding_public_key"], validate=True), so_pin
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid(f"{file.name} 不是 educa-token init --json 的输出，请重新生成。") from error


@media.command("dispatch")
@click.argument("serials", nargs=-1, required=True)
@click.option("--to", "to_unit", required=True, metavar="CODE", help="收件单位代码")
@click.option("--courier", default="", help="快递单号")
@click.option("--seal", default="", help="封签号")
@pass_call
def dispatch(call: Call, serials: tuple[str, ...], to_unit: str, courier: str, seal: str) -> None:
    """把本单位库存的介质装包发往下级单位，或退回上级单位。"""
    parcel = parcels.dispatch(call.services, call.actor, parcels.Shipment(serials, to_unit, courier, seal))
    call.tell({"parcel": parcel.id, "to": to_unit, "tokens": len(serials)}, text=f"包裹 {parcel.id} 已发往 {to_unit}。")


@media.command("receive")
@click.argument("parcel")
@click.option("--missing", multiple=True, metavar="SERIAL", help="清单上有、包裹中没有的介质，可多次")
@click.option("--damaged", multiple=True, metavar="SERIAL", help="到货时已损坏的介质，可多次")
@click.option("--extra", multiple=True, metavar="SERIAL", help="清单上没有、包裹中有的介质，可多次")
@click.option("--note", default="", help="与清单不符时的情况说明")
@pass_call
def receive(call: Call, /, parcel: str, note: str, **differences: tuple[str, ...]) -> None:
    """签收包裹：全部相符，或写明差异。"""
    done = parcels.receive(call.services, call.actor, parcel, parcels.Receipt(**differences, note=note))
    call.tell({"parcel": done.id, "status": done.status.value}, text=f"包裹 {done.id} 已签收。")


@media.command("settle")
@click.argument("parcel")
@click.argument("serial")
@click.option(
    "--outcome", required=True, type=click.Choice([a.value for a in (Arrival.RECEIVED, Arrival.RECALLED, Arrival.LOST)])
)
@click.option("--note", required=True, help="处理说明")
@pass_call
def settle(call: Call, parcel: str, serial: str, outcome: str, note: str) -> None:
    """处理签收时缺少的介质：后来收到、仍在寄件单位、确认遗失。"""
    view = parcels.settle(call.services, call.actor, parcel, serial, Arrival(outcome), note=note)
    facts = {"parcel": parcel, "status": view.parcel.status.value}
    call.tell(facts, text=f"包裹 {parcel} 的介质 {serial} 已处理。")


@media.command("parcels")
@pass_call
def parcels_(call: Call) -> None:
    """列出本单位及下级单位收发的包裹。"""
    rows = [
        {
            "id": p.id, "from": p.from_unit, "to": p.to_unit, "courier": p.courier_number, "seal": p.seal_number,
            "status": p.status.value, "sent_at": p.sent_at.isoformat(), "note": p.receipt_note,
        }
        for p in parcels.list_parcels(call.services, call.actor).rows
    ]  # fmt: skip
    call.show(rows, title="包裹")


@media.command("allocate")
@click.argument("serial")
@click.option("--holder", required=True, metavar="ID", help="持证人编号")
@pass_call
def allocate(call: Call, serial: str, holder: str) -> None:
    """把库存的介质分配给一个人；之后只能交给此人。"""
    _told(call, handovers.allocate(call.services, call.actor, serial, holder_id=holder), "已分配")


@media.command("release")
@click.argument("serial")
@pass_call
def release(call: Call, serial: str) -> None:
    """取消分配。"""
    _told(call, handovers.release(call.services, call.actor, serial), "已取消分配")


@media.command("hand-over")
@click.argument("serial")
@click.option("--holder", required=True, metavar="ID", help="持证人编号")
@pass_call
def hand_over(call: Call, serial: str, holder: str) -> None:
    """把介质交给本人（派发记录）。"""
    given = handovers.hand_over(call.services, call.actor, serial, holder_id=holder)
    _told(call, given, "已派发（仅限本人使用，不得外借）")


@media.command("lost")
@click.argument("serial")
@click.option("--reason", required=True, help="谁报告、何时何地、怎样遗失")
@pass_call
def lost(call: Call, serial: str, reason: str) -> None:
    """挂失：介质上的证书立即冻结。"""
    _told(call, incidents.report_lost(call.services, call.actor, serial, reason=reason), "已挂失，证书已冻结")


@media.command("damaged")
@click.argument("serial")
@click.option("--reason", required=True, help="怎样损坏")
@pass_call
def damaged(call: Call, serial: str, reason: str) -> None:
    """报损：介质上的证书冻结，等待补办。"""
    _told(call, incidents.report_damaged(call.services, call.actor, serial, reason=reason), "已报损，证书已冻结")


@media.command("found")
@click.argument("serial")
@pass_call
def found(call: Call, serial: str) -> None:
    """挂失的介质已找回，交到本单位；证书状态不变。"""
    _told(call, incidents.report_found(call.services, call.actor, serial), "已找回")


@media.command("destroy")
@click.argument("serial")
@click.option("--witness", required=True, help="监销人姓名")
@pass_call
def destroy(call: Call, serial: str, witness: str) -> None:
    """销毁交回、损坏或空白的介质。"""
    _told(call, incidents.destroy(call.services, call.actor, serial, witness=witness), "已销毁")


@media.command("list")
@click.option("--status", type=click.Choice([status.value for status in MediumStatus]))
@pass_call
def list_(call: Call, status: str | None) -> None:
    """列出本单位及下级单位的介质。"""
    wanted = MediumStatus(status) if status else None
    call.show([_row(m) for m in custody.stock(call.services, call.actor, status=wanted).rows], title="介质")


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
            "note": e.note,
        }
        for e in custody.show(call.services, call.actor, serial)[1]
    ]
    call.show(rows, title=f"介质 {serial}")


@media.command("reconcile")
@click.option("--unit", metavar="CODE", help="单位（默认为本单位）")
@click.option("--at", "moment", metavar="TIME", help="时刻，如 2027-01-05T18:00（北京时间，默认为现在）")
@pass_call
def reconcile(call: Call, unit: str | None, moment: str | None) -> None:
    """清查：此刻或某一时刻每个单位有多少介质，哪些缺少、逾期、遗失。"""
    at = _moment(moment) if moment else None
    done = reconciliation.reconcile(call.services, call.actor, unit or call.actor.unit_code, at=at)
    facts = {
        "at": done.at.isoformat(),
        "total": done.total,
        "unaccounted": done.unaccounted,
        "by_unit": {code: {s.value: n for s, n in numbers.items()} for code, numbers in done.by_unit.items()},
        "overdue": [parcel.id for parcel in done.overdue],
        "missing": [item.serial for item in done.missing],
        "lost": [medium.serial for medium in done.lost],
    }
    text = (
        f"共 {done.total} 个介质，分布在 {len(done.by_unit)} 个单位；无处可查 {done.unaccounted} 个，"
        f"逾期未到的包裹 {len(done.overdue)} 个，签收缺少 {len(done.missing)} 个，遗失 {len(done.lost)} 个。"
    )
    call.tell(facts, text=text)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"时刻应写成 2027-01-05T18:00，收到的是“{text[:30]}”。") from None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def _told(call: Call, medium: Medium, what: str) -> None:
    call.tell(_row(medium), text=f"介质 {medium.serial} {what}。")


def _row(medium: Medium) -> dict[str, object]:
    return {
        "serial": medium.serial,
        "model": medium.model,
        "firmware": medium.firmware,
        "status": medium.status.value,
        "unit": medium.at_unit,
        "holder": medium.holder_id,
        "parcel": medium.parcel_id,
    }


COMMANDS = (media,)
