"""Where the road takes place: a folder, addresses, programs as processes of their own, and what was observed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from ca_service.cli.main import main

# click's runner stands in for stdout and stderr of the whole process.
_ONE_AT_A_TIME = threading.Lock()

SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
_PROGRAMS = Path(sys.executable).parent


class RoadError(Exception):
    """A step did not come out as it must; the message says what was seen instead."""


@dataclass(frozen=True)
class Ports:
    """Where the parts listen, all on 127.0.0.1."""

    console: int = 8443
    publication: int = 8080
    registry: int = 9443

    @classmethod
    def free(cls) -> "Ports":
        """Three ports that nobody uses now."""
        probes = [socket.socket() for _ in range(3)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        numbers = [probe.getsockname()[1] for probe in probes]
        for probe in probes:
            probe.close()
        return cls(*numbers)


@dataclass(frozen=True)
class Done:
    """A finished program."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both outputs, for error messages and for tools that print their verdict on stderr."""
        return self.out + self.err


@dataclass
class World:
    """`observe` appends to timeline.jsonl; `finish` stops every server that was started."""

    folder: Path
    ports: Ports
    _servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The configuration shared by CA and registry."""
        return self.folder / "config.toml"

    @property
    def publication(self) -> str:
        """Base URL of OCSP, CRLs and CA certificates."""
        return f"http://127.0.0.1:{self.ports.publication}"

    @property
    def console(self) -> str:
        """Base URL of console and API."""
        return f"https://127.0.0.1:{self.ports.console}"

    @property
    def registry(self) -> str:
        """Base URL of the teacher registry."""
        return f"https://127.0.0.1:{self.ports.registry}"

    def run(self, program: str, *arguments: str, env: dict[str, str] | None = None) -> Done:
        """Run a program to its end; one of ours is taken from this environment, others from PATH."""
        own = _PROGRAMS / program
        done = subprocess.run(
            [str(own) if own.exists() else program, *arguments],
            env={**os.environ, "EDUCA_CONFIG": str(self.config), **(env or {})},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def educa(self, *arguments: str, by: str | None = None) -> Any:
        """Run `educa ... --json`, as a staff member if named; return the document; a refusal ends the road."""
        done = self.educa_raw(*arguments, by=by)
        if done.code:
            raise RoadError(f"educa {' '.join(arguments)}: {done.err.strip()}")
        return json.loads(done.out)

    def educa_raw(self, *arguments: str, by: str | None = None) -> Done:
        """The same, for those who want to see the refusal.

        The command runs in this process, since sixty starts of Python would be most of the road's time; servers, the
        helper and every judge are processes of their own.
        """
        staff = ("--as", by) if by else ()
        with _ONE_AT_A_TIME:
            result = CliRunner(env={"EDUCA_CONFIG": str(self.config)}).invoke(main, [*arguments, *staff, "--json"])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def serve(self, program: str, *, ready: str) -> None:
        """Start a server and wait until `ready` answers."""
        with (self.folder / f"{program}.log").open("ab") as log:
            server = subprocess.Popen(
                [str(_PROGRAMS / program), "serve", "--config", str(self.config)], stdout=log, stderr=log
            )
        self._servers.append(server)
        wait_for(lambda: server.poll() is not None or self.answers(ready), what=f"{program} at {ready}")
        if server.poll() is not None:
            raise RoadError((self.folder / f"{program}.log").read_text(encoding="utf-8").strip()[-300:])

    def answers(self, url: str) -> bool:
        """Whether curl gets a 2xx from the URL, TLS judged against our root."""
        return self.run("curl", "-fsS", "-m", "2", "--cacert", str(self.folder / "root.pem"), url).code == 0

    def observe(self, step: str, observed: str, *, by: str) -> None:
        """Note what an independent client saw."""
        entry = {"step": step, "at": datetime.now(UTC).isoformat(), "observed": observed, "by": by}
        with (self.folder / "timeline.jsonl").open("a", encoding="utf-8") as timeline:
            timeline.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def stop(self) -> None:
        """End all servers."""
        for server in self._servers:
            server.send_signal(signal.SIGTERM)
        for server in self._servers:
            server.wait(15)
        self._servers.clear()


def wait_for(condition: Callable[[], bool], *, what: str, seconds: float = 30) -> float:
    """Ask again until the condition holds; return how long it took; raise RoadError after `seconds`."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise RoadError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - started


def expect(done: Done, pattern: str, *, what: str) -> str:
    """Return the first match of the pattern in what a program printed; raise RoadError when there is none."""
    found = re.search(pattern, done.text)
    if found is None:
        raise RoadError(f"{what}: expected {pattern!r}, saw {done.text.strip()[-400:]!r}")
    return found.group(0)


def file_of(folder: Path, name: str, text: str) -> str:
    """Write a small secret for a program that reads it from a file; return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def all_equal(values: Sequence[object], wanted: object) -> bool:
    """Whether there are values and all of them are as wanted."""
    return bool(values) and all(value == wanted for value in values)
