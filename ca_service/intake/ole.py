"""Compound files ([MS-CFB]): the container of old xls, and of every xlsx that has a password."""

import struct

from ca_service.intake.errors import damaged_sheet

SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")
_LAST_SECTOR = 0xFFFFFFFA  # the numbers above mean "end of chain", "free" and the like
_MAX_ENTRIES = 4096


class CompoundFile:
    """The streams of a compound file by name. Every chain is followed at most once through the file."""

    def __init__(self, data: bytes) -> None:
        """SheetError when the header, the sector table or the directory is damaged."""
        self._data = data
        try:
            self._read_header()
            self._read_directory()
        except struct.error as error:
            raise damaged_sheet() from error

    def _read_header(self) -> None:
        (shift,) = struct.unpack_from("<H", self._data, 30)
        if shift not in (9, 12):
            raise damaged_sheet()
        self._size = 1 << shift
        self._count = max(len(self._data) // self._size, 1)
        self._first_directory, self._cutoff = struct.unpack_from("<I4xI", self._data, 48)
        first_mini, _, first_difat, _ = struct.unpack_from("<4I", self._data, 60)
        self._fat: list[int] = []
        for sector in self._fat_sectors(first_difat):
            self._fat += self._numbers(self._sector(sector))
        self._mini_fat = self._numbers(self._chain(first_mini))

    def _fat_sectors(self, first_difat: int) -> list[int]:
        sectors = [n for n in struct.unpack_from("<109I", self._data, 76) if n < _LAST_SECTOR]
        following, seen = first_difat, 0
        while following < _LAST_SECTOR:
            *more, following = self._numbers(self._sector(following))
            sectors += [n for n in more if n < _LAST_SECTOR]
            seen += 1
            if seen > self._count or len(sectors) > self._count:
                raise damaged_sheet()
        return sectors

    def _read_directory(self) -> None:
        directory = self._chain(self._first_directory)
        self._entries: dict[str, tuple[int, int]] = {}
        root = (_LAST_SECTOR, 0)
        for offset in range(0, min(len(directory), _MAX_ENTRIES * 128) - 127, 128):
            length, kind = struct.unpack_from("<HB", directory, offset + 64)
            start, size = struct.unpack_from("<II", directory, offset + 116)
            name = directory[offset : offset + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            if kind == 5:
                root = (start, size)
            elif kind == 2:
                self._entries[name.lower()] = (start, size)
        self._mini = self._chain(root[0])[: root[1]] if root[1] else b""

    @property
    def names(self) -> frozenset[str]:
        """The names of the streams, in lower case and without their folders."""
        return frozenset(self._entries)

    def stream(self, name: str) -> bytes:
        """Return a stream's bytes; SheetError when it is missing or cut off."""
        if name.lower() not in self._entries:
            raise damaged_sheet()
        start, size = self._entries[name.lower()]
        content = self._chain(start) if size >= self._cutoff else self._mini_chain(start)
        if len(content) < size:
            raise damaged_sheet()
        return content[:size]

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        # The last sector of a file may be short in files of careless writers; others must be whole.
        if start >= len(self._data):
            raise damaged_sheet()
        return self._data[start : start + self._size]

    def _chain(self, number: int) -> bytes:
        sectors: list[bytes] = []
        while number < _LAST_SECTOR:
            if number >= len(self._fat) or len(sectors) > self._count:
                raise damaged_sheet()
            sectors.append(self._sector(number))
            number = self._fat[number]
        return b"".join(sectors)

    def _mini_chain(self, number: int) -> bytes:
        sectors: list[bytes] = []
        while number < _LAST_SECTOR:
            if number >= len(self._mini_fat) or len(sectors) > len(self._mini_fat):
                raise damaged_sheet()
            sectors.append(self._mini[number * 64 : number * 64 + 64])
            number = self._mini_fat[number]
        return b"".join(sectors)

    @staticmethod
    def _numbers(content: bytes) -> list[int]:
        return list(struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4]))
