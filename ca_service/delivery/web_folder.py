"""A folder with the publication's files under the paths of their URLs, for nginx, rsync, or whatever feeds a CDN."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import crl
from ca_service.domain.errors import Unavailable


class WebFolder:
    """Implements `ports.Mirror`. Readers see the old file or the new one, never a part; after a power cut too."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, path: str, content: bytes, *, number: int | None = None) -> None:
        """See the port."""
        with self._alone():
            target = self._root / path
            if number is not None and self.number(path) > number:
                return
            _make_public(target.parent)
            _replace(target, content)

    def remove(self, path: str) -> None:
        """See the port."""
        with self._alone():
            (self._root / path).unlink(missing_ok=True)

    def number(self, path: str) -> int:
        """See the port."""
        try:
            return crl.read_outline((self._root / path).read_bytes()).number
        except (OSError, crl.CrlError):
            return 0

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time, whichever process: else a slow one could put an older list over a newer one."""
        try:
            _make_public(self._root)
            with (self._root / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise Unavailable(
                f"无法写入发布目录 {self._root}（{error.strerror}）。请检查目录的权限和磁盘空间。"
            ) from error


def _make_public(folder: Path) -> None:
    """Make a folder and what is missing above it, for everybody to look into whatever the service's umask."""
    if folder.is_dir():
        return
    _make_public(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)


def _replace(target: Path, content: bytes) -> None:
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        # The service's umask keeps its secrets; these files are for everybody.
        part.chmod(0o644)
        part.replace(target)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # The new name must survive a power cut as well.
        os.fsync(folder)
    finally:
        os.close(folder)
