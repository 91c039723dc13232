"""The PIN of a token while its service may run: in a folder in memory, gone with the power, never on disk."""

import os
import stat
from pathlib import Path

from ca_service.domain.errors import Invalid, Unavailable

_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_NAME = "issuing.pin"


class RuntimePin:
    """One file, for its owner only, in a folder of its own that lies in memory."""

    def __init__(self, configured: str) -> None:
        """`configured`: the folder; empty: the first of $RUNTIME_DIRECTORY (systemd), else $XDG_RUNTIME_DIR."""
        self._configured = configured

    def read(self) -> str:
        """The PIN; raise Unavailable as long as the custodians have not unlocked the token, or it lies unsafely."""
        file = self._folder() / _NAME
        try:
            mode, text = file.stat().st_mode, file.read_text(encoding="ascii").strip()
        except OSError:
            text = ""
        if not text:
            raise Unavailable(
                "签发密钥尚未解锁，暂停签发；其他业务照常。请保管人到场运行 educa ca unlock。",
                facts={"retry_after": 300, "why": "locked"},
            )
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Unavailable(
                f"{file} 可被其他用户读取，不使用。请运行 educa ca lock，再重新解锁。", facts={"why": "unsafe"}
            )
        return text

    def write(self, pin: str) -> Path:
        """Put it there, whole or not at all; raise Invalid where the folder is not in memory or not ours alone."""
        folder = self._folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_ours(folder)
        if (kind := _file_system(folder)) not in _IN_MEMORY:
            raise Invalid(
                f"{folder} 不在内存文件系统中（是 {kind}），口令不能写到磁盘上。请在 [hsm] runtime 中另选目录。"
            )
        part = folder / f"{_NAME}.part"
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write(pin)
        part.rename(folder / _NAME)
        return folder / _NAME

    def remove(self) -> bool:
        """Take it away; say whether it was there."""
        file = self._folder() / _NAME
        there = file.exists()
        file.unlink(missing_ok=True)
        return there

    def _folder(self) -> Path:
        named = self._configured or os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
        if not named and "XDG_RUNTIME_DIR" in os.environ:
            named = f"{os.environ['XDG_RUNTIME_DIR']}/educa"
        if not named:
            raise Unavailable("没有指定存放运行时口令的目录：请设置 [hsm] runtime（须在内存中，例如 /run/educa）。")
        return Path(named)


def _require_ours(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Invalid(f"{folder} 必须是本用户独占的目录（权限 0700），拒绝写入。")


def _file_system(folder: Path) -> str:
    """The kind of file system that the folder lies on (proc(5), mountinfo): the mount of the same device."""
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[2] == wanted:
            return after.split()[0]
    return "unknown"
