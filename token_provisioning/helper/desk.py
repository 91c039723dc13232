"""The tokens at this desk and the one thing that is being done with one of them.

PKCS#11 modules are used by one thread at a time: whoever talks to one holds `_module_lock`. A job holds it from its
beginning to its end, during which the page is shown what was seen last. No PIN outlives its job, and after each
job every session of the token is closed, so that nobody stays logged in.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import pkcs11
from pkcs11 import Token

from token_provisioning.acts import Computer
from token_provisioning.errors import SeveralTokensError, TokenError, TokenFailedError
from token_provisioning.helper.snapshot import TokenView, view
from token_provisioning.helper.support_log import SupportLog
from token_provisioning.module import token_info
from token_provisioning.patience import SLOW_SECONDS, SLOW_TEXT

_OBJECTS_LAST = 3.0  # seconds; flags are read every time, public objects cost a session
_HOLD_SECONDS = 5.0


class Tokens(Protocol):
    """What the desk needs of a module; `module.Module` is one."""

    def usable(self) -> list[Token]:
        """Return the tokens that are there now."""

    def nothing_there(self) -> TokenError:
        """To be raised: why none is usable, as far as the module tells."""

    def choose(self, serial: str | None) -> Token:
        """The one of this serial number, or the only one; raises TokenError."""

    def forget(self, token: Token) -> None:
        """Close the process's sessions on the token, which also logs out."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why something cannot be done: `kind` for programs, the rest for the person."""

    kind: str
    message: str

    def document(self) -> dict[str, str]:
        """What `json.dumps` takes, for the page."""
        return {"kind": self.kind, "message": self.message}


def problem_of(error: TokenError) -> Problem:
    """Name an error for the page."""
    return Problem(kind=error.kind, message=error.for_page)


@dataclass(kw_only=True)
class Job:
    """One act: its steps in their order, how many are done, and how it ended."""

    number: int
    act: str
    serial: str
    steps: list[str]
    started: float
    done: int = 0
    last_step: float = 0.0
    state: str = "running"
    problem: Problem | None = None
    result: dict[str, Any] = field(default_factory=dict)

    def document(self, monotonic: float) -> dict[str, Any]:
        """As JSON; after some seconds without a step the token counts as slow."""
        slow = self.state == "running" and monotonic - max(self.started, self.last_step) > SLOW_SECONDS
        return {
            "number": self.number,
            "act": self.act,
            "serial": self.serial,
            "steps": self.steps,
            "done": self.done,
            "state": self.state,
            "slow": SLOW_TEXT if slow else "",
            "problem": self.problem.document() if self.problem else None,
            "result": self.result,
        }


Act = Callable[[Token, Callable[[StrEnum], None]], dict[str, Any]]


class Desk:
    """Tokens and job. `load` gives the module, anew each time as long as it raises."""

    def __init__(self, load: Callable[[], Tokens], computer: Computer, log: SupportLog) -> None:
        self._load, self._computer, self._log = load, computer, log
        self._module_lock, self._job_lock = threading.Lock(), threading.Lock()
        self._module: Tokens | None = None
        self._views: dict[str, tuple[float, int, TokenView]] = {}
        self._seen: tuple[list[TokenView], Problem | None] = ([], None)
        self._job: Job | None = None

    def look(self) -> tuple[list[TokenView], Problem | None]:
        """Return the tokens that are there, and what is wrong if it is not exactly one; during a job, as seen last."""
        if not self._module_lock.acquire(blocking=False):
            return self._seen
        try:
            seen = self._look()
        finally:
            self._module_lock.release()
        if (seen[1] and seen[1].kind) != (self._seen[1] and self._seen[1].kind):
            self._log.note("tokens", present=len(seen[0]), problem=seen[1].kind if seen[1] else "none")
        self._seen = seen
        return seen

    @property
    def job(self) -> Job | None:
        """The job that is running or ended last."""
        return self._job

    def start(self, act: str, serial: str, steps: list[str], do: Act) -> Job | None:
        """Begin an act on the token with this serial number; `None` if another one is running."""
        with self._job_lock:
            if self._job is not None and self._job.state == "running":
                return None
            number = self._job.number + 1 if self._job else 1
            job = Job(number=number, act=act, serial=serial, steps=steps, started=self._computer.monotonic())
            self._job = job
        threading.Thread(target=self._run, args=(job, do), name=act, daemon=True).start()
        return job

    def clear(self) -> None:
        """Forget a job that has ended."""
        with self._job_lock:
            if self._job is not None and self._job.state != "running":
                self._job.state = "seen"

    def wait(self, seconds: float = _HOLD_SECONDS) -> None:
        """Wait for the running job, if there is one, but not for ever."""
        until = time.monotonic() + seconds
        while self._job is not None and self._job.state == "running" and time.monotonic() < until:
            time.sleep(0.01)

    def _run(self, job: Job, do: Act) -> None:
        self._log.note("begin", act=job.act, token=job.serial)

        def report(step: StrEnum) -> None:
            job.done += 1
            job.last_step = self._computer.monotonic()
            self._log.note("step", act=job.act, step=step.value)

        with self._module_lock:
            try:
                job.result = self._do(job, do, report)
            except TokenError as error:
                job.problem = problem_of(error)
            except Exception as error:  # a job must end in every case, and its end be seen
                job.problem = problem_of(TokenFailedError(code=type(error).__name__))
            self._views.clear()
        job.state = "failed" if job.problem else "done"
        self._log.note("end", act=job.act, outcome=job.problem.kind if job.problem else "done")

    def _do(self, job: Job, do: Act, report: Callable[[StrEnum], None]) -> dict[str, Any]:
        module = self._loaded()
        token = module.choose(job.serial)
        try:
            return do(token, report)
        finally:
            module.forget(token)

    def _loaded(self) -> Tokens:
        if self._module is None:
            self._module = self._load()
        return self._module

    def _look(self) -> tuple[list[TokenView], Problem | None]:
        try:
            module = self._loaded()
            tokens = module.usable()
            views = [self._view(token) for token in tokens]
            if not tokens:
                return [], problem_of(module.nothing_there())
        except TokenError as error:
            return [], problem_of(error)
        except pkcs11.PKCS11Error as error:
            return [], problem_of(TokenFailedError(code=type(error).__name__))
        if len(views) > 1:
            return views, problem_of(SeveralTokensError(serials=", ".join(one.serial for one in views)))
        return views, None

    def _view(self, token: Token) -> TokenView:
        serial, flags, now = token_info(token).serial, int(token.flags), self._computer.monotonic()
        known = self._views.get(serial)
        if known is not None and now - known[0] < _OBJECTS_LAST and known[1] == flags:
            return known[2]
        fresh = view(token, self._computer.clock())
        self._views[serial] = (now, flags, fresh)
        return fresh
