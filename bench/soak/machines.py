"""The service as two machines run it: a console, a publication and a worker each, killed and started again."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.servers import free_port
from bench.soak.memory import Memory

PARTS = ("console", "publication", "worker")


@dataclass
class Machine:
    """One machine: its configuration, its addresses, and its processes by part."""

    name: str
    config: Path
    console: str
    publication: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, part: str) -> None:
        """Start a part, as whatever watches over services does after a death."""
        arguments = ["worker"] if part == "worker" else ["serve", "--part", part]
        command = [sys.executable, "-m", "ca_service.cli.main", "--config", str(self.config), *arguments]
        log = (self.config.parent / f"{self.name}-{part}.log").open("ab")
        # A group of its own: granian's workers die with the process that is killed.
        environment = {**os.environ, "EDUCA_CONFIG": str(self.config)}
        self.processes[part] = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, process_group=0, cwd=Path(__file__).parents[2]
        )
        log.close()

    def kill(self, part: str) -> None:
        """End a part as by a power cut."""
        process = self.processes[part]
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def sample(self, memory: Memory) -> None:
        """Note what each process holds now."""
        for part, process in self.processes.items():
            memory.note(f"{self.name} {part}", process.pid)

    def ended(self) -> Sequence[str]:
        """The parts that ended by themselves."""
        return [part for part, process in self.processes.items() if process.poll() is not None]

    def log(self, part: str) -> str:
        """What a part has logged."""
        return (self.config.parent / f"{self.name}-{part}.log").read_text(encoding="utf-8", errors="replace")


def machine(name: str, folder: Path) -> Machine:
    """A machine with free addresses, not yet configured."""
    console, publication = (f"127.0.0.1:{free_port()}" for _ in range(2))
    return Machine(name, folder / f"{name}.toml", console, publication)


@contextmanager
def running(machines: Sequence[Machine]) -> Iterator[None]:
    """Start everything, wait until it serves; kill it with the block."""
    try:
        for one in machines:
            for part in PARTS:
                one.start(part)
        for one in machines:
            wait_for(one)
        yield
    finally:
        for one in machines:
            for part in one.processes:
                one.kill(part)


def wait_for(one: Machine) -> None:
    """Return once console and publication answer; a machine under load takes a while after a death."""
    until = time.monotonic() + 180
    while not (_serves(f"http://{one.publication}/readyz") and _listens(one.console)):
        if time.monotonic() > until or one.ended():
            raise RuntimeError(f"machine {one.name} does not serve: {[one.log(part)[-2000:] for part in PARTS]}")
        time.sleep(0.2)


def _serves(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _listens(address: str) -> bool:
    port = int(address.rpartition(":")[2])
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(f":{port:04X} " in line and line.split()[3] == "0A" for line in lines)
