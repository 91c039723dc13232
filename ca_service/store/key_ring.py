"""The file of the field keys: one line a key. It is read anew whenever it was replaced, so that a running service
opens, and soon seals with, a key that was made after it started.

    look-up HEX              what keyed hashes are made with; never changes, since stored hashes must still be found
    current HEX [TIME]       seals and opens; since when, where it was not the first
    announced HEX            opens; seals after the switch
    retired HEX              opens only

A file with one number and nothing else is a ring of one key, from before there were rings.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.field_keys import KeyRing
from ca_service.store.sealing import FieldKey, Keys

_OCTETS = 32


@dataclass(frozen=True)
class Ring(Keys):
    """The keys of a file, with the time of the last switch."""

    switched_at: datetime | None = None

    @classmethod
    def parse(cls, text: str) -> "Ring":
        """Read the file's text; raise Invalid, which never repeats a key."""
        words = [line.split() for line in text.splitlines() if line.strip()]
        try:
            if len(words) == 1 and len(words[0]) == 1:
                only = _key(words[0][0])
                return cls(only.look_up, only)
            found = {
                kind: [w for w in words if w[0] == kind] for kind in ("look-up", "current", "announced", "retired")
            }
            (look_up,), (current,) = found["look-up"], found["current"]
            announced = [_key(w[1]) for w in found["announced"]]
            _require(sum(map(len, found.values())) == len(words) and len(announced) <= 1)
            retired = tuple(_key(w[1]) for w in found["retired"])
            since = datetime.fromisoformat(current[2]) if len(current) > 2 else None
            return cls(_key(look_up[1]).secret, _key(current[1]), announced[0] if announced else None, retired, since)
        except (ValueError, IndexError):
            raise Invalid("字段密钥文件的内容无法识别，请从备份恢复，并检查 secrets.field_key。") from None

    def text(self) -> str:
        """A word and a key in hex on each line; what the constructor from a text reads back."""
        lines = [f"look-up {self.look_up.hex()}"]
        since = f" {self.switched_at.isoformat()}" if self.switched_at else ""
        lines.append(f"current {self.current.secret.hex()}{since}")
        lines += [f"announced {self.announced.secret.hex()}"] if self.announced else []
        lines += [f"retired {key.secret.hex()}" for key in self.retired]
        return "\n".join(lines) + "\n"

    def named(self) -> KeyRing:
        """The ring without its secrets."""
        announced = self.announced.id.hex() if self.announced else None
        return KeyRing(self.current.id.hex(), announced, tuple(k.id.hex() for k in self.retired), self.switched_at)


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError("not a ring")


def _key(text: str) -> FieldKey:
    secret = bytes.fromhex(text)
    _require(len(secret) == _OCTETS)
    return FieldKey(secret)


class RingFile:
    """The ring as the file has it now. `read` returns the file's text and refuses one that others may read."""

    def __init__(self, path: Path, read: Callable[[], str]) -> None:
        self._path, self._read = path, read
        self._known = Ring.parse(read())
        self._stamp = self._stamped()

    def __call__(self) -> Ring:
        """The present ring. While the file cannot be read, or its text is no ring, the last good one is used."""
        stamp = self._stamped()
        if stamp != self._stamp and stamp is not None:
            try:
                self._known = Ring.parse(self._read())
            except Exception:
                return self._known
            self._stamp = stamp
        return self._known

    def state(self) -> KeyRing:
        """See `ports.FieldKeys`."""
        return self().named()

    def announce(self, secret: bytes) -> KeyRing:
        """See `ports.FieldKeys`."""
        with self._changing() as ring:
            if ring.announced is not None:
                raise Conflict("已有一个公布而未启用的新密钥，请先运行 educa secrets rotate 启用它。")
            return self._write(replace(ring, announced=FieldKey(secret)))

    def switch(self, at: datetime) -> KeyRing:
        """See `ports.FieldKeys`."""
        with self._changing() as ring:
            if ring.announced is None:
                raise Conflict("没有已公布的新密钥，请先运行 educa secrets announce。")
            retired = (*ring.retired, ring.current)
            return self._write(Ring(ring.look_up, ring.announced, None, retired, at))

    def remove(self, key_id: str) -> KeyRing:
        """See `ports.FieldKeys`."""
        with self._changing() as ring:
            kept = tuple(key for key in ring.retired if key.id.hex() != key_id)
            return self._write(replace(ring, retired=kept))

    def _stamped(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody changes the ring while the block lasts; raise Conflict where somebody does just now.

        A backup needs it: its documents are read after its key file, and must not be sealed with a key made between.
        """
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextmanager
    def _changing(self) -> Iterator[Ring]:
        with self._locked(fcntl.LOCK_EX):
            yield self()

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        with self._path.with_name(self._path.name + ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, how | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict("字段密钥正被备份或另一条 educa secrets 命令使用，未作任何更改。请稍后重试。") from None
            yield

    def _write(self, ring: Ring) -> KeyRing:
        """Whole or not at all: a temporary file, synced, takes the name; so does the folder's entry."""
        part = self._path.with_name(self._path.name + ".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write(ring.text())
            out.flush()
            os.fsync(out.fileno())
        part.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return self().named()
