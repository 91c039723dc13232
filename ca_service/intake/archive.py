"""A zip container read within limits: what its directory declares is checked, what comes out is counted."""

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

from ca_service.intake.cells import SheetLimits
from ca_service.intake.errors import SheetError, SheetFault, damaged_sheet

_CHUNK = 64 * 1024
# Below this size a high ratio is harmless and common (empty sheets with many styles).
_RATIO_FLOOR = 4 * 1024 * 1024
# All that CPython's zipfile and its decompressors raise on damaged input.
ZIP_ERRORS = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError, ValueError, KeyError,
    NotImplementedError, RuntimeError, OverflowError, IndexError,
)  # fmt: skip


class Archive:
    """The members of one zip file by name; every byte read counts against one budget for the whole file."""

    def __init__(self, data: bytes, limits: SheetLimits) -> None:
        """SheetError when the directory is damaged or declares a bomb; nothing is decompressed yet."""
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except ZIP_ERRORS as error:
            raise damaged_sheet() from error
        self._budget = min(limits.max_uncompressed, max(_RATIO_FLOOR, len(data) * limits.max_ratio))
        self._check_declared(limits)

    def _check_declared(self, limits: SheetLimits) -> None:
        members = self._zip.infolist()
        if len(members) > limits.max_members or sum(m.file_size for m in members) > self._budget:
            raise _bomb()
        self.names = frozenset(member.filename for member in members)
        if len(self.names) != len(members):
            # Two members of one name: which of them is read depends on the program.
            raise damaged_sheet()
        if any(member.flag_bits & 1 for member in members):
            raise SheetError(SheetFault.PROTECTED, "压缩包内的文件已加密", "请取消密码后另存为 xlsx 再上传")

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a member's bytes; SheetError when it is missing, damaged or longer than the budget left."""
        try:
            with self._zip.open(name) as member:
                while chunk := member.read(_CHUNK):
                    # The declared sizes may lie, so what really comes out is counted.
                    self._budget -= len(chunk)
                    if self._budget < 0:
                        raise _bomb()
                    yield chunk
        except SheetError:
            raise
        except ZIP_ERRORS as error:
            raise damaged_sheet() from error


def _bomb() -> SheetError:
    return SheetError(SheetFault.BOMB, "文件解压后过大，疑似压缩炸弹", "请将数据复制到下载的空白模板中再上传")
