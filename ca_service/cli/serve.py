"""`educa serve` and `educa worker`: one supervisor, one child process per part."""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from types import FrameType

import click

from ca_service import config as configuration
from ca_service import periodic, servers
from ca_service.app import prepared_meter
from ca_service.cli.base import Call, Command, pass_call
from ca_service.config import Config, metrics_address
from ca_service.domain.errors import Invalid, Unavailable
from ca_service.telemetry import logs
from ca_service.telemetry.exporter import exporting
from ca_service.telemetry.heart import beating
from ca_service.telemetry.meter import FOLDER
from ca_service.wiring import Wiring
from ca_service.workflows.health import health
from ca_service.workflows.recover import close_interrupted

_PARTS = ("publication", "console", "worker")
_PR_SET_PDEATHSIG = 1


@click.command("serve", cls=Command)
@click.option("--part", type=click.Choice(_PARTS), help="只运行一个部分（由 systemd 分别看管时）")
@pass_call
def serve(call: Call, part: str | None) -> None:
    """启动服务：控制台与接口（TLS）、发布（OCSP、CRL、CA 证书）、后台任务。"""
    if part is None:
        _supervise(call)
        return
    logs.configure()
    if part == "publication":
        servers.publication(call.config)
    elif part == "console":
        wiring = Wiring(call.config, meter=prepared_meter(call.config), serving=True)
        beating(wiring.services, "console")
        servers.console(wiring)
    else:
        _work(call.config, metrics=call.config.service.metrics)


@click.command("worker", cls=Command)
@click.option("--metrics", metavar="ADDRESS", default="", help="在此地址提供本进程的指标，例如 127.0.0.1:9465")
@pass_call
def worker(call: Call, metrics: str) -> None:
    """只运行后台任务（推送、CRL、OCSP 签名证书更新、消息）。"""
    try:
        address = metrics_address(metrics)
    except ValueError:
        raise Invalid("--metrics 应为本机或内网的一个地址和端口，例如 127.0.0.1:9465。") from None
    logs.configure()
    _work(call.config, metrics=address)


def _work(config: Config, *, metrics: str) -> None:
    """Do the worker's rounds, and answer scrapes for all processes that write their numbers to the same folder."""
    stop = threading.Event()
    _on_termination(stop)
    meter = prepared_meter(config)
    wiring = Wiring(config, meter=meter)
    with ExitStack() as stack:
        if metrics:
            stack.enter_context(exporting(servers.address(metrics), meter, partial(health, wiring.services)))
        periodic.run(wiring, stop)


def _supervise(call: Call) -> None:
    """Close what a crash left, start the parts, and end all of them when one ends or we are told to."""
    service = call.config.service
    closed = close_interrupted(call.services, periodic.WORKER, patience=_AT_ONCE)
    for certificate in closed:
        click.echo(f"educa: 上次运行中断时的序列号 {certificate.serial} 已吊销。", err=True)
    servers.require_free(*filter(None, (service.console, service.publication, service.metrics)))
    stop = threading.Event()
    _on_termination(stop)
    path = configuration.locate(call.config_path).resolve()
    consoles = [f"console {number}" for number in range(1, service.console_workers)]
    with _numbers(service.metrics) as numbers:
        environment = {**os.environ, **numbers, "EDUCA_CONFIG": str(path)}
        children = {name: _start(name.split()[0], environment) for name in (*_PARTS, *consoles)}
        click.echo(f"控制台与接口 https://{service.console}  发布 http://{service.publication}  （Ctrl-C 停止）")
        if service.metrics:
            click.echo(f"指标 http://{service.metrics}/metrics")
        failed = _watch(children, stop)
    if failed:
        raise Unavailable(f"服务的 {failed} 部分意外停止，已全部停止。请查看上面的日志后重新启动。")


@contextmanager
def _numbers(metrics: str) -> Iterator[Mapping[str, str]]:
    """The folder where all parts leave their numbers for the one that is scraped, as part of their environment.

    A new one for each start: numbers begin at zero, and none of an earlier process is counted.
    """
    if not metrics:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="educa-metrics-") as folder:
        yield {FOLDER: folder}


def _watch(children: Mapping[str, subprocess.Popen[bytes]], stop: threading.Event) -> str:
    failed = ""
    while not stop.wait(0.2) and not failed:
        failed = next((name for name, child in children.items() if child.poll() is not None), "")
    for child in children.values():
        child.terminate()
    for child in children.values():
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
    return failed


def _start(part: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-m", "ca_service.cli.main", "serve", "--part", part]
    return subprocess.Popen(program, env=environment, preexec_fn=_die_with_parent)  # noqa: PLW1509


def _die_with_parent() -> None:
    # A supervisor that is killed must not leave children that hold the ports (prctl(2), Linux).
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _on_termination(stop: threading.Event) -> None:
    def handler(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, handler)


_AT_ONCE = timedelta(0)
COMMANDS = (serve, worker)
