"""`init --all` killed by SIGKILL again and again, until the box is done: `-m tests.token_provisioning.killed_box`.

Each run is a fork of a process that has imported everything and loaded no module yet, so that a death costs no start.
A run dies right before or right after one of the acts below, so many of them after its beginning as `seed` says.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.token_provisioning.soft_token import Desk
from token_provisioning import box, cli, initialise
from token_provisioning.journal import Journal
from token_provisioning.pkcs11_device import Pkcs11Device

ACTS = (
    *((Journal, "note"), (box.Box, "keep_first_pin"), (initialise, "init_token"), (initialise, "open_so")),
    *((initialise, "open_user"), (Pkcs11Device, "generate"), (Pkcs11Device, "set_mark")),
    *((initialise, "_change_so_pin"), (box, "_replace")),
)
"""Everything that changes the disk or the token; a session is opened right after a PIN was set."""
ACTS_A_TOKEN = 26
"""Places to die at: before and after each act of a token; four lines of the journal and two logins of the SO."""


@dataclass(frozen=True)
class Told:
    """What the runs were: where each died, the exit status of the last, and for each finished token its milliseconds.

    Of the processor, in the order in which they were finished.
    """

    deaths: list[str] = field(default_factory=list)
    status: int = 0
    processor: list[float] = field(default_factory=list)


def killed_until_done(desk: Desk, arguments: list[str], *, seed: int, acts: int, timeout: float) -> Told:
    """Run it; a run dies after `acts` acts on the average."""
    command = [sys.executable, "-m", "tests.token_provisioning.killed_box", str(seed), str(acts), *arguments]
    done = subprocess.run(
        command, env=desk.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    return Told(**json.loads(done.stdout))


@dataclass
class _Run:
    """One run, in the process that will be killed; tells the one above by a pipe."""

    left: int
    pipe: int

    def over(self, owner: Any, name: str) -> None:
        act: Callable[..., Any] = getattr(owner, name)

        def struck(*given: Any, **named: Any) -> Any:
            self._strike(f"before {name}")
            result = act(*given, **named)
            self._strike(f"after {name}")
            return result

        setattr(owner, name, struck)

    def _strike(self, where: str) -> None:
        self.left -= 1
        if self.left < 0:
            self._tell("death", where)
            os.kill(os.getpid(), signal.SIGKILL)

    def measured(self, bring_to_its_end: Callable[..., bool]) -> Callable[..., bool]:
        def timed(*given: Any) -> bool:
            started = time.process_time()
            fresh = bring_to_its_end(*given)
            if fresh:
                self._tell("token", (time.process_time() - started) * 1000)
            return fresh

        return timed

    def _tell(self, kind: str, value: str | float) -> None:
        os.write(self.pipe, json.dumps([kind, value]).encode() + b"\n")


def _run(left: int, arguments: list[str]) -> tuple[list[Any], int]:
    """What a run told, and how it ended: as a process does."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        run = _Run(left, write)
        for owner, name in ACTS:
            run.over(owner, name)
        box.Box.initialise = run.measured(box.Box.initialise)  # type: ignore[method-assign]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.argv[1:] = arguments
        cli.main()
        os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as told:
        lines = [json.loads(line) for line in told]
    return lines, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _main(seed: int, acts: int, arguments: list[str]) -> None:
    rng, deaths, processor, status = random.Random(seed), [], [], -signal.SIGKILL
    while status == -signal.SIGKILL:
        lines, status = _run(rng.randrange(2 * acts), arguments)
        deaths += [value for kind, value in lines if kind == "death"]
        processor += [value for kind, value in lines if kind == "token"]
    print(json.dumps({"deaths": deaths, "status": int(status), "processor": processor}))


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
