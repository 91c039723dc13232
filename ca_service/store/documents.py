"""Scans and sheets in a folder, named by the SHA-256 of their content, encrypted like personal fields."""

import hashlib
import os
import re
from pathlib import Path

from ca_service.domain.errors import Invalid, NotFound
from ca_service.store.sealing import Sealer


class DocumentFolder:
    """Implements `workflows.ports.Documents` on a local folder."""

    def __init__(self, root: Path, sealer: Sealer) -> None:
        self._root = root
        self._sealer = sealer

    def put(self, content: bytes) -> str:
        """Write to a temporary name, sync, rename: a document is whole or absent."""
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        if path.exists():
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.part")
        with temporary.open("wb") as out:
            out.write(self._sealer.seal(content, context=f"document/{name}"))
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
        return name

    def get(self, sha256: str) -> bytes:
        """Read, decrypt and compare with the name; raise NotFound or Invalid."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise NotFound("没有这份文件。")
        try:
            sealed = self._path(sha256).read_bytes()
        except FileNotFoundError:
            raise NotFound("没有这份文件。") from None
        content = self._sealer.open(sealed, context=f"document/{sha256}")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Invalid("文件内容与登记的摘要不符，请从备份恢复。")
        return content

    def _path(self, name: str) -> Path:
        return self._root / name[:2] / name
