"""Strings of BIFF8, above all the shared table, which is cut into records at any place ([MS-XLS] 2.5.293)."""

import struct

from ca_service.intake.cells import clip, too_complex
from ca_service.intake.errors import damaged_sheet

_MAX_STRINGS = 500_000
_WIDE, _EXTENDED, _RICH = 0x01, 0x04, 0x08


def short_string(body: bytes, offset: int) -> str:
    """Read a string with a one-byte length (sheet names)."""
    return _characters(body, offset + 2, body[offset], body[offset + 1])


def unicode_string(body: bytes, offset: int) -> str:
    """Read a string with a two-byte length."""
    length, flags = struct.unpack_from("<HB", body, offset)
    return _characters(body, offset + 3, length, flags)


def _characters(body: bytes, offset: int, length: int, flags: int) -> str:
    size = length * 2 if flags & _WIDE else length
    if offset + size > len(body):
        raise damaged_sheet()
    return _decode(body[offset : offset + size], flags)


def _decode(content: bytes, flags: int) -> str:
    return content.decode("utf-16-le" if flags & _WIDE else "latin-1", "replace")


def read_shared_strings(pieces: list[bytes]) -> list[str]:
    """Read the table from its SST record and the CONTINUE records behind it; SheetError when cut off."""
    reader = _Pieces(pieces)
    _, count = struct.unpack("<II", reader.take(8))
    if count > _MAX_STRINGS:
        raise too_complex()
    strings: list[str] = []
    for _ in range(count):
        length, flags = struct.unpack("<HB", reader.take(3))
        runs = struct.unpack("<H", reader.take(2))[0] if flags & _RICH else 0
        extension = struct.unpack("<I", reader.take(4))[0] if flags & _EXTENDED else 0
        strings.append(clip(reader.characters(length, flags)))
        reader.take(4 * runs)
        reader.take(extension)
    return strings


class _Pieces:
    """One after the other the bodies of the records, with the rule for characters across a border."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self._index = 0
        self._offset = 0

    def take(self, size: int) -> bytes:
        """Return exactly `size` bytes, across borders if need be."""
        taken: list[bytes] = []
        while size:
            part = self._part(size)
            taken.append(part)
            size -= len(part)
        return b"".join(taken)

    def characters(self, length: int, flags: int) -> str:
        """Return `length` characters; behind a border a new flag byte says how wide they go on."""
        parts: list[str] = []
        while length:
            if self._offset == len(self._pieces[self._index]):
                flags = self.take(1)[0]
            width = 2 if flags & _WIDE else 1
            part = self._part(length * width)
            parts.append(_decode(part, flags))
            length -= max(len(part) // width, 1)
        return "".join(parts)

    def _part(self, size: int) -> bytes:
        while self._offset == len(self._pieces[self._index]):
            self._index += 1
            self._offset = 0
            if self._index == len(self._pieces):
                raise damaged_sheet()
        part = self._pieces[self._index][self._offset : self._offset + size]
        self._offset += len(part)
        return part
