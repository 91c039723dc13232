"""What happened, for support: acts, steps, kinds of error. Never a PIN, a code, a name or what somebody typed."""

import json
import platform
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from token_provisioning.errors import printable

_KEPT = 400  # lines; a run of the helper makes some ten
_MAX_FILE = 256 * 1024


class SupportLog:
    """Lines of JSON in a file beside the user's data, the newest of them in memory. The clock is aware UTC."""

    def __init__(self, path: Path, *, clock: Callable[[], datetime]) -> None:
        self._path, self._clock = path, clock
        self._lines: deque[str] = deque(_earlier(path), maxlen=_KEPT)

    def note(self, event: str, **facts: str | int) -> None:
        """Add a line; facts are technical words only. A disk that is full does not stop the helper."""
        shown = {name: printable(str(value), limit=200) for name, value in facts.items()}
        line = json.dumps({"at": self._clock().strftime("%Y-%m-%dT%H:%M:%SZ"), "event": event, **shown})
        self._lines.append(line)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            mode = "w" if self._path.exists() and self._path.stat().st_size > _MAX_FILE else "a"
            with self._path.open(mode, encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError:
            return

    def text(self, version: str) -> str:
        """Return what a person sends to support."""
        head = {"helper": version, "system": platform.platform(), "python": platform.python_version()}
        return "\n".join([json.dumps(head), *self._lines]) + "\n"


def _earlier(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-_KEPT:]
    except OSError:
        return []
