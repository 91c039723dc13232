"""`educa secrets`: the keys that seal personal data, by their names only."""

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.field_keys import KeyRing
from ca_service.workflows import field_keys


@click.group(cls=Group)
def secrets() -> None:
    """个人信息的加密密钥：查看、公布新密钥、更换、删除旧密钥。"""


@secrets.command("show")
@pass_call
def show(call: Call) -> None:
    """各密钥的标识，以及尚未用当前密钥加密的数据项数。"""
    wiring = call.wiring
    ring, left = field_keys.state(call.services, call.actor, wiring.field_keys, wiring.sealed_data)
    call.tell({**_facts(ring), "left": left}, text=f"{_told(ring)}\n尚未用当前密钥加密的数据：{left} 项")


@secrets.command("announce")
@pass_call
def announce(call: Call) -> None:
    """第一步（须先准许）：生成新密钥并写入密钥文件；各进程从此能用它解密，但还不用它加密。"""
    ring = field_keys.announce(call.services, call.actor, call.wiring.field_keys)
    text = f"{_told(ring)}\n若服务在多台机器上运行，请先把密钥文件复制到每一台，再运行 educa secrets rotate。"
    call.tell(_facts(ring), text=text)


@secrets.command("rotate")
@pass_call
def rotate(call: Call) -> None:
    """第二步：启用已公布的密钥，并把数据库和文件分批改用它加密；可中断，重新运行即继续。服务不必停止。"""
    wiring = call.wiring

    def told(done: int) -> None:
        if not call.as_json:
            click.echo(f"\r已重新加密 {done} 项", nl=False, err=True)

    done = field_keys.rotate(call.services, call.actor, wiring.field_keys, wiring.sealed_data, told=told)
    call.tell(
        {**_facts(done.ring), "values": done.values},
        text=f"\n重新加密 {done.values} 项，没有遗留。\n{_told(done.ring)}",
    )


@secrets.command("remove")
@click.argument("key")
@click.confirmation_option("--yes", prompt="删除后，以前的备份只能用备份中的密钥文件读取。确定删除此密钥？")
@pass_call
def remove(call: Call, key: str) -> None:
    """第三步（须先准许）：从密钥文件中删除一个不再使用的旧密钥。"""
    ring = field_keys.remove(call.services, call.actor, call.wiring.field_keys, call.wiring.sealed_data, key)
    call.tell(_facts(ring), text=_told(ring))


def _facts(ring: KeyRing) -> dict[str, object]:
    return {"current": ring.current, "announced": ring.announced, "retired": list(ring.retired)}


def _told(ring: KeyRing) -> str:
    lines = [f"当前密钥 {ring.current}"]
    lines += [f"已公布、待启用 {ring.announced}"] if ring.announced else []
    lines += [f"已停用 {key}（用 educa secrets remove 删除）" for key in ring.retired]
    return "\n".join(lines)


COMMANDS = (secrets,)
