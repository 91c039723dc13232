"""Servers to be measured, and wrk or ab, which measure them."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple


class Load(NamedTuple):
    """What wrk saw: answers a second, latencies in milliseconds, answers that were none (not 2xx, or broken off)."""

    rate: float
    median: float
    p99: float
    failed: int


def missing(*programs: str) -> list[str]:
    """Return those of these programs that are not installed."""
    return [program for program in programs if shutil.which(program) is None]


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(*command: str, port: int, environ: Mapping[str, str], seconds: float = 60) -> Iterator[None]:
    """Run a server until the block ends, from when it accepts connections."""
    server = subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
    )
    try:
        until = time.monotonic() + seconds
        while not _accepts(port):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} does not listen")
            time.sleep(0.1)
        yield
    finally:
        _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a server and what it has started; the processes of `openssl ocsp -multi` need the hard way."""
    server.terminate()
    with suppress(subprocess.TimeoutExpired):
        server.wait(2)
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def _accepts(port: int) -> bool:
    """Say whether something listens; not by a connection, on which `openssl ocsp` would wait for ever."""
    listening = f":{port:04X} "
    tables = (Path("/proc/net/tcp").read_text(), Path("/proc/net/tcp6").read_text())
    return any(listening in line and line.split()[3] == "0A" for table in tables for line in table.splitlines()[1:])


def granian(application: str, port: int, *options: str) -> tuple[str, ...]:
    """Return the command that serves a WSGI factory as the publication port does."""
    program = str(Path(sys.executable).with_name("granian"))
    usual = ("--interface", "wsgi", "--port", str(port), "--http", "1", "--no-ws", "--backlog", "4096")
    return (program, *usual, *options, "--factory", application)


def load(url: str, *, seconds: float, script: Path | None = None) -> Load:
    """Ask over 32 connections by one thread; a script of wrk says what."""
    options = () if script is None else ("-s", str(script))
    command = ["wrk", "-t1", "-c32", f"-d{max(1, round(seconds))}s", "--latency", *options, url]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    failures = re.findall(r"Non-2xx or 3xx responses: (\d+)", told)
    failures += [number for line in re.findall(r"Socket errors: (.*)", told) for number in re.findall(r"\d+", line)]
    return Load(
        rate=float(re.findall(r"Requests/sec:\s+([\d.]+)", told)[0]),
        median=_milliseconds(re.findall(r"50%\s+([\d.]+\w+)", told)[0]),
        p99=_milliseconds(re.findall(r"99%\s+([\d.]+\w+)", told)[0]),
        failed=sum(map(int, failures)),
    )


def load_without_keepalive(url: str, body: Path, *, requests: int) -> Load:
    """Post one body by ab over 32 connections, each for one request: for servers that keep none."""
    command = ["ab", "-q", "-c", "32", "-n", str(requests), "-p", str(body), "-T", "application/ocsp-request", url]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Load(
        rate=float(re.findall(r"Requests per second:\s+([\d.]+)", told)[0]),
        median=float(re.findall(r"50%\s+(\d+)", told)[0]),
        p99=float(re.findall(r"99%\s+(\d+)", told)[0]),
        failed=int(re.findall(r"Non-2xx responses:\s+(\d+)", told)[0]) if "Non-2xx" in told else 0,
    )


def _milliseconds(text: str) -> float:
    number, unit = re.findall(r"([\d.]+)(\w+)", text)[0]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[unit]
