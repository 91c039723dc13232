"""`educa serve` and `educa worker`: one supervisor, one child process per part."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import timedelta
from types import FrameType

import click

from ca_service import config as configuration
from ca_service import periodic, servers
from ca_service.cli.base import Call, Command, pass_call
from ca_service.domain.errors import Unavailable
from ca_service.workflows.recover import close_interrupted

_PARTS = ("publication", "console", "worker")
_PR_SET_PDEATHSIG = 1


@click.command("serve", cls=Command)
@click.option("--part", type=click.Choice(_PARTS), hidden=True)
@pass_call
def serve(call: Call, part: str | None) -> None:
    """启动服务：控制台与接口（TLS）、发布（OCSP、CRL、CA 证书）、后台任务。"""
    if part == "publication":
        servers.publication(call.config)
    elif part == "console":
        servers.console(call.wiring)
    elif part == "worker":
        _work(call)
    else:
        _supervise(call)


@click.command("worker", cls=Command)
@pass_call
def worker(call: Call) -> None:
    """只运行后台任务（推送、CRL、OCSP 签名证书更新、消息）。"""
    _work(call)


def _work(call: Call) -> None:
    stop = threading.Event()
    _on_termination(stop)
    periodic.run(call.wiring, stop)


def _supervise(call: Call) -> None:
    """Close what a crash left, start the parts, and end all of them when one ends or we are told to."""
    service = call.config.service
    closed = close_interrupted(call.services, periodic.WORKER, patience=_AT_ONCE)
    for certificate in closed:
        click.echo(f"educa: 上次运行中断时的序列号 {certificate.serial} 已吊销。", err=True)
    servers.require_free(service.console, service.publication)
    stop = threading.Event()
    _on_termination(stop)
    path = configuration.locate(call.config_path).resolve()
    environment = {**os.environ, "EDUCA_CONFIG": str(path)}
    consoles = [f"console {number}" for number in range(1, service.console_workers)]
    children = {name: _start(name.split()[0], environment) for name in (*_PARTS, *consoles)}
    click.echo(f"控制台与接口 https://{service.console}  发布 http://{service.publication}  （Ctrl-C 停止）")
    failed = _watch(children, stop)
    if failed:
        raise Unavailable(f"服务的 {failed} 部分意外停止，已全部停止。请查看上面的日志后重新启动。")


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
