"""`educa drill`."""

import getpass
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ca_service.cli.base import Call, Command, pass_call
from ca_service.config import Config
from ca_service.domain.errors import Invalid
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.drill import copying, drilling, report
from ca_service.workflows.restored import note_drill

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("drill", cls=Command)
@click.option("--work", required=True, type=click.Path(path_type=Path), help="空目录：副本和报告放在这里")
@click.option("--from", "backup", type=_FILE, help="用这份备份建立副本，而不是正在运行的 CA")
@click.option("--identity", type=_FILE, help="age 私钥文件，与 --from 合用")
@click.option("--database", metavar="URL", help="副本用这个空的 PostgreSQL 数据库（默认在同一服务器上新建）")
@click.option("--only", multiple=True, metavar="NAME", help="只演练这些，例如 kill-issue，可多次给出（默认全部）")
@click.option("--seed", type=int, default=0, show_default=True, help="决定抽取哪些位置、时钟拨动多少")
@click.option("--sample", type=click.IntRange(1), help="每项演练只抽取这么多个位置（默认全部）")
@click.option("--report", "to", type=_FILE, help="JSON 报告（默认 WORK/report.json）")
@click.option("--keep", is_flag=True, help="演练后保留副本（默认在一切正常时删除）")
@pass_call
def drill(call: Call, /, work: Path, backup: Path | None, only: tuple[str, ...], **how: object) -> None:
    """故障演练：在副本上杀进程、拿走密钥设备、断数据库、写满磁盘、拨时钟，核对不变量。"""
    chosen = _chosen(only)
    source, actor = _source(call, backup, how["identity"])
    database = how["database"]
    config = copying.make(source, work, actor, database=str(database) if database else None)
    drilling.equip(config)
    outcomes = _drilled(call, config, chosen, how)
    path = Path(str(how["to"])) if how["to"] else work / "report.json"
    bad = sum(len(one.violations) for one in outcomes)
    kept = bool(how["keep"] or bad)
    if not kept:
        copying.remove(config)
    found = report.document(outcomes, seed=how["seed"], scenarios=list(chosen), copy=str(config.folder) if kept else "")
    try:
        report.write(path, found)
    except OSError as error:
        raise Invalid(f"无法写出报告 {path}（{error.strerror}）。请换一个位置。") from error
    _tell(call, outcomes, found, path)
    if bad:
        raise Invalid(f"演练发现 {bad} 处不变量被破坏，副本保留在 {config.folder}。请连同报告 {path} 一起报告。")


def _source(call: Call, backup: Path | None, identity: object) -> tuple[copying.Source, Actor]:
    if backup is not None:
        # As for a restore: there need not be a CA on this machine.
        operator = Actor(f"local:{getpass.getuser()}", CENTRE_CODE, frozenset({Role.OPERATOR}), "cli")
        return copying.Source(backup=backup, identity=Path(str(identity)) if identity else None), operator
    note_drill(call.services, call.actor)
    return copying.Source(config=call.config), call.actor


def _chosen(only: Sequence[str]) -> Sequence[str]:
    known = drilling.names()
    if unknown := [name for name in only if name not in known]:
        raise Invalid(f"没有名为 {unknown[0]} 的演练。可选：{'、'.join(known)}。")
    return [name for name in known if name in only] if only else known


def _drilled(call: Call, config: Config, chosen: Sequence[str], how: dict[str, object]) -> list[drilling.Outcome]:
    sample = how["sample"]
    made = drilling.Drill(config, int(str(how["seed"])), int(str(sample)) if sample else None)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    outcomes = []
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=call.as_json) as progress:
            bar = progress.add_task("故障演练", total=None)
            for outcome in made.run(chosen):
                outcomes.append(outcome)
                progress.update(bar, description=f"{len(outcomes)} {outcome.scenario} {outcome.place}")
    finally:
        made.close()
    return outcomes


def _tell(call: Call, outcomes: Sequence[drilling.Outcome], found: Mapping[str, Any], path: Path) -> None:
    if call.as_json:
        call.tell(found, text="")
        return
    call.show(report.rows(outcomes), title="故障演练")
    click.echo(f"{found['faults']} 次演练，{found['violations']} 处不变量被破坏。报告：{path}")


COMMANDS = (drill,)
