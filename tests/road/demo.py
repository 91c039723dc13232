"""`make demo`: the whole road on real software tokens, with progress; exits 0 only if every step was observed."""

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.road import registration, tokens, use
from tests.road.stick import Stick
from tests.road.tokens import Administrator
from tests.road.world import Ports, RoadError, World


@dataclass
class Road:
    """The steps in their order, and what one hands to the next."""

    world: World
    batch: str = ""
    handed: list[tuple[str, Stick]] = field(default_factory=list)
    people: list[Administrator] = field(default_factory=list)

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        """Name and act of each step."""
        return [
            ("密钥仪式", lambda: registration.found_the_ca(self.world)),
            ("启动服务", self._serve),
            ("单位与人员", lambda: registration.staff_and_units(self.world)),
            ("导入电子表格", self._import),
            ("逐级审核与推送", lambda: registration.review_and_push(self.world, self.batch)),
            ("介质派发", self._custody),
            ("自助下载证书", self._enrol),
            ("登录教师系统", lambda: use.sign_in(self.world, self.people[0])),
            ("冻结与恢复", lambda: use.freeze_and_restore(self.world, self.people[0])),
            ("调动：吊销", lambda: use.transfer(self.world, self.people[1])),
            ("审计核验", lambda: use.audit(self.world)),
        ]

    def _serve(self) -> None:
        self.world.serve("educa", ready=f"{self.world.console}/readyz")
        self.world.serve("teacher-registry", ready=f"{self.world.registry}/healthz")

    def _import(self) -> None:
        self.batch = registration.import_the_roster(self.world)

    def _custody(self) -> None:
        self.handed = tokens.custody(self.world)

    def _enrol(self) -> None:
        self.people = tokens.enrol(self.world, self.handed)
        tokens.write_tokens(self.world, self.people)


def walk(road: Road, *, console: Console) -> None:
    """Do every step; raise RoadError at the first that was not observed; the servers end in any case."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    steps = road.steps()
    try:
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("全程", total=len(steps))
            for name, act in steps:
                progress.update(bar, description=name)
                started = time.monotonic()
                act()
                progress.advance(bar)
                progress.console.print(f"  ✓ {name}（{time.monotonic() - started:.1f} 秒）")
    finally:
        road.world.stop()


def main() -> int:
    """Make the folder anew and walk the road."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="made anew; a folder that is not a demo's is refused")
    folder: Path = parser.parse_args().folder.resolve()
    console = Console()
    if folder.exists() and not (folder / "timeline.jsonl").exists() and any(folder.iterdir()):
        console.print(f"{folder} 不是演示目录，未作改动。")
        return 2
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "timeline.jsonl").touch()
    started = time.monotonic()
    try:
        walk(Road(World(folder, Ports())), console=console)
    except RoadError as error:
        console.print(f"[red]未通过[/red]：{error}")
        return 1
    console.print(f"全程通过，{time.monotonic() - started:.0f} 秒。记录在 {folder / 'timeline.jsonl'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
