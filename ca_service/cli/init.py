"""`educa init`: the key ceremony, its record on screen and on disk."""

import json
from pathlib import Path

import click

from ca_service import config as configuration
from ca_service import founding
from ca_service.cli.base import Call, Command, pass_call
from ca_service.domain.errors import Conflict


@click.command("init", cls=Command)
@click.option("--console", default="127.0.0.1:8443", show_default=True, help="新配置中控制台的地址")
@click.option("--publication", default="127.0.0.1:8080", show_default=True, help="新配置中发布的地址")
@click.option("--registry", default="127.0.0.1:9443", show_default=True, help="新配置中教师系统的地址")
@click.option("--if-needed", is_flag=True, help="CA 已存在时正常结束，不作任何更改")
@pass_call
def init(call: Call, console: str, publication: str, registry: str, *, if_needed: bool) -> None:
    """密钥仪式：建立根 CA 与签发 CA，输出仪式记录。"""
    path = configuration.locate(call.config_path)
    if not path.exists():
        founding.write_configuration(path, founding.Addresses(console, publication, registry))
    founding.write_secrets(call.config)
    if founding.exists(call.wiring):
        if if_needed:
            return
        raise Conflict("CA 已经存在，init 不会改动它。需要另建请使用新的目录和配置文件。")
    record, first_staff = founding.hold(call.wiring)
    # The record is kept without the passwords: those are told once, on the screen.
    file = call.config.folder / "ceremony.json"
    file.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
    accounts = [{"login": s.login, "name": s.name, "password": s.password} for s in first_staff]
    call.tell({**record, "first_staff": accounts}, text=_told(record, accounts, file))


def _told(record: founding.Record, accounts: list[dict[str, str]], file: Path) -> str:
    lines = ["密钥仪式记录（请打印、签字并保存）", f"  时间 {record['at']}  操作人 {record['operator']}"]
    for name in ("root", "issuing"):
        facts = record[name]
        lines += [f"  {facts['subject']}", f"    密钥标识 {facts['key_identifier']}", f"    SHA-256 {facts['sha256']}"]
    lines.append("首次登录账号（初始密码只显示这一次，首次登录须修改）：")
    lines += [f"  {a['name']}  {a['login']}  {a['password']}" for a in accounts]
    lines.append(f"记录已保存到 {file}（不含密码）；根证书在 {file.parent / 'root.pem'}")
    return "\n".join(lines)


COMMANDS = (init,)
