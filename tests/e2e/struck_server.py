"""The real console and API over TLS, in a process of its own that ends by SIGKILL at the Nth place where it can matter.

Places are: a request is in; a writing transaction before and after its commit; the CA's signature before and after;
the answer is made and not yet sent. Like `educa serve`, each start first closes what a death has left.
"""

import logging
import multiprocessing
import os
import signal
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ca_service import periodic, servers
from ca_service.clock import system_clock
from ca_service.config import Config
from ca_service.telemetry import logs
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Authority, Linted, Services, UnitOfWork
from ca_service.workflows.recover import close_interrupted

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Pass = Callable[[str], None]
_STEP = ContextVar("step", default="")
"""The last part of the path that this thread serves: `begin`, `certificate`, ..."""

# A server that forks the servers: each start costs a fork instead of all the imports.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.e2e.struck_server"])


@dataclass(frozen=True, kw_only=True)
class Start:
    """How a server is started: it dies at place number `strike` (0: never), and its clock is ahead."""

    strike: int = 0
    ahead: timedelta = timedelta(0)
    only_tls_1_2: bool = False


@dataclass(frozen=True)
class Running:
    """A server at `address`."""

    address: str
    _process: BaseProcess
    _line: Connection
    _ahead: Any = field(repr=False)

    def be_ahead(self, passed: timedelta) -> None:
        """Let its clock be ahead of ours by so much from now on."""
        self._ahead.value = passed.total_seconds()

    def place_of_death(self) -> str:
        """Where it killed itself; empty where it lives."""
        if not self._line.poll():
            return ""
        place: str = self._line.recv()
        self._process.join()
        assert self._process.exitcode == -signal.SIGKILL
        return place

    def processor_seconds(self) -> float:
        """What it has used of the processor so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(config: Config, start: Start) -> Iterator[Running]:
    """Start a server; end it with the block."""
    here, there = _PROCESSES.Pipe()
    ahead = _PROCESSES.Value("d", start.ahead.total_seconds())
    process = _PROCESSES.Process(target=_serve, args=(config, start, ahead, there))
    process.start()
    try:
        yield Running(f"https://127.0.0.1:{here.recv()}", process, here, ahead)
    finally:
        process.kill()
        process.join()
        here.close()
        there.close()


def _serve(config: Config, start: Start, ahead: Any, line: Connection) -> None:
    logs.configure()
    logging.getLogger().setLevel(logging.ERROR)  # each cut is a warning
    wiring = _StruckWiring(config, start.strike, ahead, line)
    close_interrupted(wiring.services, periodic.WORKER, patience=timedelta(0))
    server = servers.console_server(wiring)
    if start.only_tls_1_2:
        server.ssl_adapter.context.maximum_version = ssl.TLSVersion.TLSv1_2
    server.wsgi_app = _struck_application(server.wsgi_app, wiring.pass_)
    server.prepare()
    wiring.armed = True
    line.send(server.bind_addr[1])
    server.serve()


class _StruckWiring(Wiring):
    """Counts the places, once armed."""

    def __init__(self, config: Config, strike: int, ahead: Any, line: Connection) -> None:
        super().__init__(config, clock=lambda: system_clock() + timedelta(seconds=ahead.value))
        self.armed = False
        self._strike, self._line = strike, line
        self._count, self._lock = 0, threading.Lock()

    def pass_(self, place: str) -> None:
        """Count a place, or end there as by a power cut."""
        with self._lock:
            self._count += self.armed
            if self.armed and self._count == self._strike:
                self._line.send(f"{_STEP.get()}: {place}")
                os.kill(os.getpid(), signal.SIGKILL)

    @cached_property
    def services(self) -> Services:
        real = super().services
        return replace(real, begin=self._begin, authority=lambda name: _StruckAuthority(real.authority(name), self))

    @contextmanager
    def _begin(self) -> Iterator[UnitOfWork]:
        with self.database.begin() as uow:
            yield uow
            self.pass_("before commit")
        self.pass_("after commit")


class _StruckAuthority:
    def __init__(self, real: Authority, wiring: _StruckWiring) -> None:
        self._real, self._wiring = real, wiring

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def issue(self, linted: Linted) -> bytes:
        self._wiring.pass_("before signature")
        der = self._real.issue(linted)
        self._wiring.pass_("after signature")
        return der


def _struck_application(application: "WSGIApplication", pass_: Pass) -> "WSGIApplication":
    def struck(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        _STEP.set(environ["PATH_INFO"].rpartition("/")[2])
        pass_("asked")
        answer = list(application(environ, start_response))
        pass_("answered")
        return answer

    return struck
