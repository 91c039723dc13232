"""`educa audit status`: how it is asked, and how a report reads for people."""

import signal
import threading
from collections.abc import Iterator, Sequence
from types import FrameType

import click

from ca_service.audit.status import Auditor, Check, Disagreement, Reader, Report
from ca_service.cli.base import Call, Command, pass_call
from ca_service.domain.errors import Invalid
from ca_service.domain.roles import Action, authorise

# What a responder may be late by on the way of an answer, besides the staleness that it is configured with.
_ON_THE_WAY = 0.25
_CHECKS = {
    Check.TABLE: "证书表与履历不符",
    Check.STORED_ENTRY: "已存的 CRL 条目与履历不符",
    Check.STEP: "履历中有不可能的一步",
    Check.RELEASE: "吊销之后又被恢复",
    Check.STEP_TIME: "履历的时间倒退",
    Check.DATE_MOVED: "吊销日期被改动",
    Check.GROUND: "变更没有依据",
    Check.CHANGE_LOG: "变更日志与履历不符",
    Check.AUDIT_LOG: "审计日志与履历不符",
    Check.LIST_FORM: "CRL 本身有误",
    Check.LIST: "CRL 与履历不符",
    Check.LIST_ORDER: "CRL 的编号或时间倒退",
    Check.DELTA_FORM: "增量 CRL 本身有误",
    Check.DELTA: "增量 CRL 与完整 CRL 或履历不符",
    Check.COPY: "对外发布的 CRL 不是数据库中的那一份",
    Check.ANSWER_FORM: "OCSP 答复本身有误",
    Check.ANSWER: "OCSP 答复与履历不符",
    Check.UNREADABLE: "无法读取",
}
_SOURCES = {
    "history": "履历",
    "table": "数据库表",
    "change log": "变更日志",
    "audit log": "审计日志",
    "stored entry": "已存条目",
    "complete CRL": "完整 CRL",
    "delta CRL": "增量 CRL",
    "ground": "依据",
    "orders": "应急处置",
    "issuer": "CA 记录",
    "certificate": "证书",
    "database": "数据库",
}
_WORDS = {"good": "有效", "not listed": "未列出", "none": "无", "removed": "应移除"}


@click.command("status", cls=Command)
@click.option("--issuer", type=click.Choice(["issuing", "root"]), help="只核对这一个 CA（默认全部）")
@click.option("--url", "urls", multiple=True, metavar="URL", help="要询问的发布服务，可多次给出（默认本机的一个）")
@click.option("--offline", is_flag=True, help="不询问 OCSP，不下载 CRL，只核对数据库中的内容")
@click.option("--all", "everything", is_flag=True, help="核对所有已发布的 CRL，并询问每一张证书")
@click.option("--since", type=click.IntRange(1), default=1, show_default=True, help="与 --all 合用：从第几号 CRL 起")
@click.option("--watch", is_flag=True, help="持续核对每一份新发布的 CRL，直到被停止（默认只看签发 CA）")
@click.option("--interval", type=click.FloatRange(0.1, 3600), default=2, show_default=True, help="--watch 的间隔（秒）")
@click.pass_context
@pass_call
def status(
    call: Call, context: click.Context, /, *, issuer: str | None, everything: bool, watch: bool, **how: object
) -> None:
    """独立核对证书状态：履历、证书表、变更日志、审计日志、完整与增量 CRL、OCSP 是否一致。"""
    with call.services.read() as uow:
        authorise(call.actor, Action.AUDIT_READ, lineage=uow.units.lineage(call.actor.unit_code))
    if watch and everything:
        raise Invalid("--watch 与 --all 不能同时使用：持续核对只看新发布的 CRL。")
    urls = _urls(call, how["urls"], offline=bool(how["offline"]))
    reader = Reader(call.wiring.database.reading)
    names = [issuer] if issuer else ["issuing"] if watch else reader.issuers()
    bound = call.config.ca.status_staleness_seconds + _ON_THE_WAY
    # OCSP serves the issuing CA alone; the root's few certificates are told by its list.
    auditors = [Auditor(reader, name, call.wiring.clock, urls if name == "issuing" else (), bound) for name in names]
    if watch:
        found = _watch(call, auditors[0], float(str(how["interval"])))
    else:
        reports = [a.everything(since=int(str(how["since"]))) if everything else a.newest() for a in auditors]
        found = _tell(call, reports)
    if found:
        click.echo(
            f"educa: 证书状态有 {found} 处不一致或无法读取。请保全数据库并按运维手册“证书状态不一致”办理。", err=True
        )
        context.exit(1)


def _urls(call: Call, given: object, *, offline: bool) -> Sequence[str]:
    urls = tuple(str(url).rstrip("/") for url in given) if isinstance(given, tuple) else ()
    if offline and urls:
        raise Invalid("--offline 与 --url 不能同时使用。")
    if any(not url.startswith(("http://", "https://")) for url in urls):
        raise Invalid("--url 应以 http:// 开头，例如 http://127.0.0.1:8080。")
    return () if offline else urls or (f"http://{call.config.service.publication}",)


def _watch(call: Call, auditor: Auditor, interval: float) -> int:
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_to_stop)
    found = 0
    for report in auditor.watch(lambda: not stop.wait(interval)):
        found += _tell(call, [report], line_by_line=True)
    return found


def _tell(call: Call, reports: Sequence[Report], *, line_by_line: bool = False) -> int:
    """Print the reports; return how many disagreements there are."""
    if call.as_json and line_by_line:
        for report in reports:
            call.tell_line(report.facts())
    elif call.as_json:
        call.show([report.facts() for report in reports], title="")
    else:
        for report in reports:
            click.echo("\n".join(_lines(report)))
    return sum(len(report.disagreements) for report in reports)


def _lines(report: Report) -> Iterator[str]:
    compared = f"{report.issuer}：状态版本 {report.version}，CRL {_numbers(report.lists)}，"
    compared += f"状态变更 {report.changes} 次，OCSP 答复 {report.answers} 个"
    found = report.disagreements
    yield f"{compared}：" + (f"{len(found)} 处不一致" if found else "全部一致")
    for one in found:
        yield f"  [{one.check}] {_CHECKS[one.check]}{_about(one)}"
        for source, said in one.said.items():
            yield f"      {_SOURCES.get(source, source)}：{_WORDS.get(said, said)}"


def _numbers(numbers: Sequence[int]) -> str:
    if not numbers:
        return "无"
    return f"第 {numbers[0]} 号" if len(numbers) == 1 else f"第 {numbers[0]} 至 {numbers[-1]} 号"


def _about(one: Disagreement) -> str:
    parts = [f"序列号 {one.serial}"] if one.serial else []
    parts += [f"CRL 第 {one.number} 号"] if one.number is not None else []
    parts += [f"自 {one.since:%Y-%m-%d %H:%M:%S} UTC"] if one.since else []
    return f"：{'，'.join(parts)}" if parts else ""
