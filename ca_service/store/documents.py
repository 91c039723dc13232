"""Scans and sheets in a folder, named by the SHA-256 of their content, encrypted like personal fields."""

import fcntl
import hashlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ca_service.domain.errors import Invalid, NotFound
from ca_service.store.sealing import Sealer

_NAME = re.compile(r"[0-9a-f]{64}")


class DocumentFolder:
    """Implements `workflows.ports.Documents` on a local folder."""

    def __init__(self, root: Path, sealer: Sealer) -> None:
        self._root = root
        self._sealer = sealer

    def put(self, content: bytes) -> str:
        """Write to a temporary name, sync, rename: a document is whole or absent."""
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        with self._locked(fcntl.LOCK_SH):
            if path.exists():
                path.touch()  # whoever is about to remove it sees that it is wanted again
                return name
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(path, content)
        return name

    def remove(self, sha256: str, *, put_before: datetime) -> bool:
        """See the port."""
        path = self._path(sha256)
        with self._locked(fcntl.LOCK_EX):
            try:
                if path.stat().st_mtime >= put_before.timestamp():
                    return False
                path.unlink()
                _sync(path.parent)
            except FileNotFoundError:
                return True
        return True

    def names(self) -> Iterator[str]:
        """The hashes of all documents, in order."""
        return (path.name for path in sorted(self._root.glob("??/*")) if _NAME.fullmatch(path.name))

    def get(self, sha256: str) -> bytes:
        """Read, decrypt and compare with the name; raise NotFound or Invalid."""
        if not _NAME.fullmatch(sha256):
            raise NotFound("没有这份文件。")
        try:
            sealed = self._path(sha256).read_bytes()
        except FileNotFoundError:
            raise NotFound("没有这份文件。") from None
        content = self._sealer.open(sealed, context=f"document/{sha256}")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Invalid("文件内容与登记的摘要不符，请从备份恢复。")
        return content

    def stale(self) -> Iterator[str]:
        """Names of the documents that are not sealed with the present key, in order."""
        for path in sorted(self._root.glob("??/*")):
            if _NAME.fullmatch(path.name) and not self._sealer.is_current(_first_octets(path)):
                yield path.name

    def reseal(self, name: str) -> None:
        """Seal one document with the present key; the file is whole at every moment. Raises NotFound, Invalid."""
        with self._locked(fcntl.LOCK_EX):
            self._write(self._path(name), self.get(name))

    def _write(self, path: Path, content: bytes) -> None:
        temporary = path.with_suffix(f".{os.getpid()}.{threading.get_native_id()}.part")
        with temporary.open("wb") as out:
            out.write(self._sealer.seal(content, context=f"document/{path.name}"))
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """What is sealed anew, or put again, must not come back after somebody removed it, nor the other way round."""
        self._root.mkdir(parents=True, exist_ok=True)
        # Opened for reading: whoever made the file, the service's user may lock it.
        lock = os.open(self._root / ".lock", os.O_RDONLY | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, how)
            yield
        finally:
            os.close(lock)

    def _path(self, name: str) -> Path:
        return self._root / name[:2] / name


def _sync(folder: Path) -> None:
    """What was removed from a folder stays removed when the power goes."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _first_octets(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(16)
    except FileNotFoundError:
        return b""
