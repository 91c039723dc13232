"""The sealed stream: age in a process of its own, since what it does is not ours to write."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ca_service.domain.errors import DomainError, Invalid, Unavailable

_LONGEST = 200


@contextmanager
def sealed_for(recipients: Sequence[str], to: Path) -> Iterator[IO[bytes]]:
    """A stream to write to; when the block ends well, `to` is there, whole and synced. Raises Invalid, Unavailable.

    `recipients`: public keys of age (age1...).
    """
    part = to.with_name(to.name + ".part")
    options = [option for recipient in recipients for option in ("--recipient", recipient)]
    try:
        with part.open("xb") as out:
            with _started(options, stdin=subprocess.PIPE, stdout=out) as process, _ended_well(process):
                yield _pipe(process.stdin)
            os.fsync(out.fileno())
        part.replace(to)
    except FileExistsError:
        raise Invalid(f"{part} 已存在：另一次备份正在进行，或上次中断。确认后请删除它再重试。") from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def opened_with(identity: Path, source: Path) -> Iterator[IO[bytes]]:
    """The stream in a sealed file, by the private key in the file `identity`. Raises Invalid, Unavailable.

    What has been read is authentic piece by piece; that it is whole is known when the block ends.
    """
    arguments = ["--decrypt", "--identity", str(identity), str(source)]
    with _started(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process, _ended_well(process):
        yield _pipe(process.stdout)


def _started(arguments: Sequence[str], *, stdin: int, stdout: int | IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(["age", *arguments], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)
    except FileNotFoundError:
        raise Unavailable("没有找到程序 age。请安装 Debian 软件包 age 后重试。") from None


@contextmanager
def _ended_well(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Let age come to its end after the block; where it failed, what it says explains more than a broken pipe."""
    broken: Exception | None = None
    try:
        yield
    except DomainError:
        process.kill()
        raise
    except Exception as error:  # raised again below
        broken = error
    except BaseException:
        process.kill()
        raise
    _drain(process)
    said = _pipe(process.stderr).read().decode("utf-8", "replace")
    if process.wait():
        raise Invalid(f"age 未能完成：{_brief(said)}。请检查接收者公钥或私钥文件，以及备份文件是否完整。") from broken
    if broken is not None:
        raise broken


def _drain(process: subprocess.Popen[bytes]) -> None:
    """Nothing more goes in, and what still comes out is not wanted."""
    with suppress(OSError, ValueError):
        if process.stdin is not None:
            process.stdin.close()
    with suppress(OSError, ValueError):
        while process.stdout is not None and process.stdout.read(1 << 20):
            pass


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    if end is None:
        raise ValueError("no pipe was asked for")
    return end


def _brief(said: str) -> str:
    lines = [line.removeprefix("age: ") for line in said.splitlines() if line.startswith("age: error")]
    return (lines or [said.strip()])[0][:_LONGEST]
