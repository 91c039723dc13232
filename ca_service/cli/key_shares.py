"""`educa ca split-pin`, `unlock`, `lock`: the tokens' PINs in the hands of custodians."""

import click

from ca_service import custodians
from ca_service.cli import custodian_desk
from ca_service.cli.base import Call, pass_call
from ca_service.cli.ca import ca
from ca_service.domain.errors import Conflict
from ca_service.workflows.key_shares import require_operator


@ca.command("split-pin")
@click.option("--token", type=click.Choice([t.value for t in custodians.Token]), required=True, help="哪个密钥设备")
@click.option("--needed", type=int, required=True, help="解锁所需的份数")
@click.option("--custodians", "number", type=int, required=True, help="保管人数，每人一份")
@pass_call
def split_pin(call: Call, token: str, needed: int, number: int) -> None:
    """把密钥设备的口令改为随机数，分成若干份交保管人；在终端上逐人抄录，否则逐页输出。"""
    which = custodians.Token(token)
    if which is custodians.Token.ROOT:
        custodian_desk.open_root(call)
    custodians.split_pin(
        call.wiring, call.actor, which, of=(needed, number), tell=lambda made: custodian_desk.tell(token, made)
    )
    click.echo(
        f'口令已更改，原口令文件已删除。请在配置 [hsm] 中设置 {token}_unlock = "shares"，'
        + ("重新启动前运行 educa ca unlock。" if token == "issuing" else "以后每次使用根密钥都要输入份额。"),  # noqa: S105
        err=True,
    )


@ca.command("unlock")
@pass_call
def unlock(call: Call) -> None:
    """由保管人解锁签发密钥；口令只放在内存中，关机即失。服务不必重新启动。"""
    require_operator(call.services, call.actor)
    if call.config.hsm.issuing_unlock != "shares":
        raise Conflict('签发密钥的口令在文件中（[hsm] issuing_unlock = "file"），不需要解锁。')
    file = custodians.unlock(call.wiring, call.actor, custodian_desk.collect("签发密钥"))
    call.tell({"unlocked": True, "file": str(file)}, text="签发密钥已解锁。")


@ca.command("lock")
@pass_call
def lock(call: Call) -> None:
    """收回内存中的口令；正在运行的服务须停止后才不能再签发。"""
    there = custodians.lock(call.wiring, call.actor)
    text = "口令已收回。" if there else "原本就没有解锁。"
    call.tell({"locked": True, "was_unlocked": there}, text=f"{text}请停止 educa serve，已登录的进程才会退出。")


COMMANDS = (ca,)
