"""`educa backup` and `educa restore`."""

import getpass
from pathlib import Path

import click

from ca_service import backup as backups
from ca_service import config as configuration
from ca_service.cli.base import Call, Command, pass_call
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE


@click.command("backup", cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--recipient", "recipients", multiple=True, metavar="AGE1…", help="接收者公钥，可多次给出")
@pass_call
def backup(call: Call, file: Path, recipients: tuple[str, ...]) -> None:
    """备份整个 CA（数据库、配置、密钥文件、软件密钥设备、文件），加密给接收者；服务不必停止。"""
    path = configuration.locate(call.config_path)
    taken = backups.take(call.wiring, call.actor, path, file, recipients=recipients)
    outside = [str(one) for one in taken.left_out]
    text = f"已备份到 {taken.file}（{taken.octets} 字节，{taken.files} 个文件及数据库）。"
    if outside:
        text += f"配置目录以外的未包括在内，请另行备份：{'、'.join(outside)}"
    call.tell({"file": str(taken.file), "octets": taken.octets, "files": taken.files, "left_out": outside}, text=text)


@click.command("restore", cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--identity", required=True, type=click.Path(dir_okay=False, path_type=Path), help="age 私钥文件")
@click.option("--into", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="空目录")
@click.option("--database", metavar="URL", help="恢复到这个空数据库，而不是配置所写的")
@click.option(
    "--erased",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="LIST",
    help="清除名单，可多次给出；备份旁的 .erased.json 不必列出",
)
@pass_call
def restore(
    call: Call, file: Path, *, identity: Path, folder: Path, database: str | None, erased: tuple[Path, ...]
) -> None:
    """把备份恢复到空目录，核验审计链，让 CRL 编号越过备份以后可能发布过的编号，并重新清除此后清除过的档案。"""
    operator = Actor(f"local:{getpass.getuser()}", CENTRE_CODE, frozenset({Role.OPERATOR}), "cli")
    done = backups.restore(file, folder, operator, identity=identity, database=database, erased=erased)
    again = done.erased
    call.tell(
        {
            "folder": str(done.folder),
            "taken_at": done.taken_at.isoformat(),
            "entries": done.entries,
            "crl_numbers": done.crl_numbers,
            "erased": list(again.done),
            "not_erased": list(again.hindered),
        },
        text=(
            f"已恢复到 {done.folder}：备份时间 {done.taken_at:%Y-%m-%d %H:%M} UTC，审计链 {done.entries} 条完整。\n"
            "此后的操作已丢失：请核对备份以后签发、冻结和吊销的证书（见 docs/operations.md），再启动服务。\n"
            f"已按清除名单重新清除 {len(again.done)} 人。此后另有清除的，请按最新的名单运行 educa erasures repeat。"
            + "".join(f"\n未能清除：{why}" for why in again.hindered)
        ),
    )


COMMANDS = (backup, restore)
