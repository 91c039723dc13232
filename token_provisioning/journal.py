"""What the helper has done with a token, step by step, so that the next run goes on where this one ended.

One file of JSON lines for each purpose and token, beside the user's data. A line is on the disk before
the step that it announces begins, or once the step that it reports is done. A run killed while it
writes leaves a torn last line, which is dropped by the next reader. Nothing secret is ever written: no PIN,
no authorisation code, no session.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from token_provisioning.errors import FileNotUsableError

_PLAIN_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line: `at` is RFC 3339 UTC, `facts` are texts, all public."""

    at: str
    step: str
    facts: Mapping[str, str]


class Journal:
    """An append-only file of entries; the folder is made when the first one is written."""

    def __init__(self, path: Path, *, clock: Callable[[], datetime]) -> None:
        self.path = path
        self._clock = clock
        self._entries = _read(path)

    @property
    def entries(self) -> list[Entry]:
        """All entries, oldest first."""
        return list(self._entries)

    @property
    def last(self) -> Entry:
        """The newest entry; there must be one."""
        return self._entries[-1]

    def note(self, step: str, **facts: str) -> None:
        """Append an entry; it is on the disk when this returns. Raises `FileNotUsableError`."""
        entry = Entry(at=self._clock().strftime("%Y-%m-%dT%H:%M:%SZ"), step=step, facts=facts)
        line = json.dumps({"at": entry.at, "step": step, **facts}, ensure_ascii=False)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                file.write(_closing(file.seek(0, os.SEEK_END), self.path) + line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise FileNotUsableError(path=str(self.path), reason=error.strerror or "OSError") from error
        self._entries.append(entry)

    def since(self, first: str) -> list[Entry]:
        """Return the entries from the last one named `first` on; empty if there is none."""
        for index in range(len(self._entries) - 1, -1, -1):
            if self._entries[index].step == first:
                return self._entries[index:]
        return []


def plain_name(serial: str) -> str:
    """Return a serial number as part of a file name; one that is no plain text is spelt in hexadecimal."""
    return serial if _PLAIN_NAME.fullmatch(serial) else "x" + serial.encode()[:64].hex()


def _closing(size: int, path: Path) -> bytes:
    """A line torn by an earlier death is closed first, so that ours stands alone."""
    if size == 0:
        return b""
    with path.open("rb") as file:
        file.seek(size - 1)
        return b"" if file.read(1) == b"\n" else b"\n"


def _read(path: Path) -> list[Entry]:
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileNotUsableError(path=str(path), reason=error.strerror or "OSError") from error
    return [entry for line in lines if (entry := _parse(line)) is not None]


def _parse(line: bytes) -> Entry | None:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        return None
    at, step = document.pop("at", ""), document.pop("step", "")
    return Entry(at=at, step=step, facts=document) if step else None
