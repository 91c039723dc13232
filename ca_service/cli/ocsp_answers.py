"""`educa ocsp`."""

import os
import time

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ca_service import presigning
from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.errors import NotFound
from ca_service.domain.presigned import PresignRun
from ca_service.periodic import cas
from ca_service.workflows.presign import presign
from ca_service.workflows.sweep_answers import Sweeper

# Another process takes seconds to start, in which one signs so many answers.
_WORTH_A_PROCESS = 20_000


@click.group(cls=Group)
def ocsp() -> None:
    """OCSP 应答。"""


@ocsp.command("presign")
@click.option("--issuer", default="issuing", show_default=True, help="签发 CA 名称：issuing、issuing-2 等")
@click.option("--workers", type=click.IntRange(1, 64), help="签名进程数（默认：每 20000 份应答一个，不超过 CPU 核数）")
@pass_call
def presign_answers(call: Call, issuer: str, workers: int | None) -> None:
    """为全部证书预先签好 OCSP 应答；中断后重新运行会接着签。"""
    services, wiring = call.services, call.wiring
    if issuer not in cas(wiring):
        raise NotFound(f"没有名为 {issuer} 的签发 CA。")
    plan = presigning.plan(wiring, issuer)
    with services.read() as uow:
        total = uow.ocsp_answers.count(issuer) * len(plan.hashes)
    workers = workers or max(1, min(os.cpu_count() or 1, total // _WORTH_A_PROCESS))
    began, marks = time.monotonic(), []
    with _progress(quiet=call.as_json) as progress:
        bar = progress.add_task("预签 OCSP 应答", total=total)

        def tell(run: PresignRun) -> None:
            marks.append(run.answers)
            del marks[1:-1]
            progress.update(bar, completed=run.answers)

        done = presign(services, call.actor, plan, presigning.answer_signer(wiring, issuer, workers=workers), tell=tell)
        progress.update(bar, total=done.answers, completed=done.answers)
    seconds, signed = time.monotonic() - began, done.answers - marks[0]
    swept = Sweeper(services, issuer).sweep()
    facts = {
        "issuer": issuer,
        "run": done.number,
        "answers": done.answers,
        "signed_now": signed,
        "seconds": round(seconds, 2),
        "next_update": done.next_update.isoformat(),
        "runs_swept": swept,
    }
    resumed = f"（其中上次中断前已签 {marks[0]} 份）" if marks[0] else ""
    half = done.started_at + plan.validity / 2
    text = (
        f"{issuer} 已有 {done.answers} 份预签的 OCSP 应答{resumed}，用时 {seconds:.1f} 秒，"
        f"有效至 {done.next_update.isoformat()}。请在 {half.isoformat(timespec='minutes')} 之前再次预签。"
    )
    call.tell(facts, text=text)


def _progress(*, quiet: bool) -> Progress:
    """On stderr: standard output is for the result."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet)


COMMANDS = (ocsp,)
