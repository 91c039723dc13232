"""Commands, each in a process of its own that has never seen a token, without the cost of importing for each.

`python -m tests.ca_service.signing.commands`: a line of JSON with arguments and what is typed is answered with one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from click.testing import CliRunner

from ca_service.cli import crls, key_backups  # noqa: F401  imported once, before the forks
from ca_service.cli.main import main


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


class Commands:
    """The process that forks the commands."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def __call__(self, *arguments: str, typed: str = "") -> Done:
        """Run one and wait for its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([arguments, typed]) + "\n")
        self._process.stdin.flush()
        return Done(*json.loads(self._process.stdout.readline()))


@contextmanager
def commands() -> Iterator[Commands]:
    """Commands until the block ends."""
    program = [sys.executable, "-m", "tests.ca_service.signing.commands"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Commands(process)
        assert process.stdin is not None
        process.stdin.close()


def _serve() -> None:
    for line in sys.stdin:
        arguments, typed = json.loads(line)
        if os.fork():
            os.wait()
            continue
        done = CliRunner().invoke(main, arguments, input=typed)
        print(json.dumps([done.exit_code, done.stdout, done.stderr]), flush=True)
        os._exit(0)


if __name__ == "__main__":
    _serve()
