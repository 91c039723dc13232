"""Builders of spreadsheets for the tests: a valid default, each test states its one deviation."""

import re
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from ca_service.domain.persons import check_digit
from ca_service.intake.columns import COLUMNS
from ca_service.intake.sheet import Roster, RosterRow, SheetLimits, read_roster

HEADINGS = tuple(column.value for column in COLUMNS)


def invented_id(birth_date: str, area_code: str = "150102") -> str:
    """A valid ID number of nobody: the sequence number 000 is not handed out."""
    body = f"{area_code}{birth_date}000"
    return body + check_digit(body)


PERSON = (
    "新城区示范小学", "张三", invented_id("19800102"), "0471-6543210", "zhangsan@example.com", "19900001234",
    "211", "教师系统信息管理员", "新城区示范路1号",
)  # fmt: skip
LIMITS = SheetLimits()

Value = str | float | int | bool | None


def read(data: bytes, *, filename: str = "roster.xlsx", limits: SheetLimits = LIMITS) -> Roster:
    """read_roster with the usual limits."""
    return read_roster(data, filename=filename, limits=limits)


def texts(row: RosterRow) -> list[str]:
    """What stands in the nine columns of the template."""
    return [row.cell(column).text for column in COLUMNS]


def xlsx(
    rows: Sequence[Sequence[Value]] = (HEADINGS, PERSON), change: Callable[[Worksheet], None] | None = None
) -> bytes:
    """A workbook with one sheet of these rows, changed by the test before it is saved."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    if change is not None:
        change(sheet)
    return save(book)


Part = bytes | Callable[[bytes], bytes]


def save(book: Workbook) -> bytes:
    """The bytes of a workbook."""
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_parts(data: bytes, parts: Mapping[str, Part]) -> bytes:
    """The same archive with some parts replaced, changed or added."""
    source, buffer = zipfile.ZipFile(BytesIO(data)), BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in [*source.namelist(), *(part for part in parts if part not in source.namelist())]:
            part = parts.get(name)
            if part is None:
                part = source.read(name)
            target.writestr(name, part(source.read(name)) if callable(part) else part)
    return buffer.getvalue()


SHEET_PART = "xl/worksheets/sheet1.xml"


def replaced(pattern: str, by: str) -> Callable[[bytes], bytes]:
    """A change of a part: every match of the pattern; at least one is required."""

    def change(part: bytes) -> bytes:
        text, count = re.subn(pattern, by, part.decode(), flags=re.DOTALL)
        assert count
        return text.encode()

    return change


_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
STRINGS_PART = "xl/sharedStrings.xml"


def with_shared_strings(data: bytes) -> bytes:
    """The same workbook with its texts in a shared table, as Excel and WPS write it (openpyxl does not)."""
    strings: list[str] = []

    def share(match: re.Match[str]) -> str:
        strings.append(match[2])
        return f'<c r="{match[1]}" t="s"><v>{len(strings) - 1}</v></c>'

    sheet = zipfile.ZipFile(BytesIO(data)).read(SHEET_PART).decode()
    sheet = re.sub(r'<c r="([A-Z]+[0-9]+)"[^>]*?t="inlineStr"[^>]*>\s*<is>(.*?)</is></c>', share, sheet)
    table = f'<sst xmlns="{_NAMESPACE}">' + "".join(f"<si>{text}</si>" for text in strings) + "</sst>"
    relation = f'<Relationship Id="rIdS" Type="{_RELATION}" Target="sharedStrings.xml"/></Relationships>'
    parts: dict[str, Part] = {
        SHEET_PART: sheet.encode(),
        STRINGS_PART: table.encode(),
        "xl/_rels/workbook.xml.rels": replaced("</Relationships>", relation),
    }
    return with_parts(data, parts)


# --- xls: BIFF8 records in a compound file ---------------------------------------------------


def record(kind: int, body: bytes = b"") -> bytes:
    """One BIFF record."""
    return struct.pack("<HH", kind, len(body)) + body


def xls_string(text: str) -> bytes:
    """A string with a two-byte length, 16 bits a character."""
    return struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")


BOF_GLOBALS = record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 1997, 0, 6))
BOF_SHEET = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 1997, 0, 6))
EOF = record(0x000A)


def label(row: int, column: int, text: str) -> bytes:
    """A cell with its text inside."""
    return record(0x0204, struct.pack("<HHH", row, column, 0) + xls_string(text))


def shared(row: int, column: int, index: int) -> bytes:
    """A cell with a text from the shared table."""
    return record(0x00FD, struct.pack("<HHHI", row, column, 0, index))


def number(row: int, column: int, value: float) -> bytes:
    """A cell with a double."""
    return record(0x0203, struct.pack("<HHHd", row, column, 0, value))


def labels(rows: Sequence[Sequence[str]] = (HEADINGS, PERSON)) -> bytes:
    """Rows of text cells."""
    return b"".join(label(r, c, text) for r, row in enumerate(rows) for c, text in enumerate(row))


def xls(sheet: bytes | None = None, global_records: bytes = b"") -> bytes:
    """An xls with one sheet of these records."""
    body = labels() if sheet is None else sheet
    name = b"\x06\x00Sheet1"
    start = len(BOF_GLOBALS) + len(global_records) + 4 + 6 + len(name) + len(EOF)
    bound = record(0x0085, struct.pack("<IBB", start, 0, 0) + name)
    stream = BOF_GLOBALS + global_records + bound + EOF + BOF_SHEET + body + EOF
    return compound({"Workbook": stream})


def compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file with these streams, each padded to the size from which no mini stream is used."""
    fat: list[int] = []
    sectors, entries = b"", [_entry("Root Entry", 5, 0xFFFFFFFE, 0)]
    for name, content in streams.items():
        size = max(len(content), 4096)
        count = -(-size // 512)
        entries.append(_entry(name, 2, len(fat), size))
        sectors += content.ljust(count * 512, b"\0")
        fat += [*range(len(fat) + 1, len(fat) + count), 0xFFFFFFFE]
    entries += [bytes(128)] * (-len(entries) % 4)
    directory, count = len(fat), len(entries) // 4
    sectors += b"".join(entries)
    fat += [*range(directory + 1, directory + count), 0xFFFFFFFE]
    fat_sectors = -(-(len(fat) + 4) // 127)
    first = len(fat)
    fat += [0xFFFFFFFD] * fat_sectors
    fat += [0xFFFFFFFF] * (-len(fat) % 128)
    difat = [*range(first, first + fat_sectors), *[0xFFFFFFFF] * (109 - fat_sectors)]
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, fat_sectors, directory, 0,
                          4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, difat[0])  # fmt: skip
    header += struct.pack("<108I", *difat[1:])
    return header + sectors + struct.pack(f"<{len(fat)}I", *fat)


def _entry(name: str, kind: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le")
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBB", len(encoded) + 2, kind, 1)
        + bytes(48)
        + struct.pack("<IQ", start, size)
    )
