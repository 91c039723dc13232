"""Files that no honest program writes: bombs, entities, lies about their own size, broken pictures and papers."""

import struct
import zlib
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from random import Random
from zipfile import ZIP_DEFLATED, ZipFile

from bench.malformed import values
from bench.malformed.octets import wounded

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 9))
    + "]>"
)
_OUTSIDE = '<!DOCTYPE x [<!ENTITY o SYSTEM "file:///etc/passwd">]>'
_MEGABYTE = b"\0" * (1 << 20)


def workbook(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip of these parts, with what every workbook has around them."""
    all_parts: dict[str, str | bytes] = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": (
            f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>"
        ),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" Type="{_OFFICE}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>'
        ),
        **parts,
    }
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in all_parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def sheet_xml(rows: str, *, before: str = "", dimension: str = "A1:I9") -> str:
    """A worksheet of these rows."""
    return f'{before}<worksheet xmlns="{_MAIN}"><dimension ref="{dimension}"/><sheetData>{rows}</sheetData></worksheet>'


@cache
def workbooks() -> tuple[bytes, ...]:
    """Hostile workbooks, each made once."""
    sheet = "xl/worksheets/sheet1.xml"
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>&a8;&o;</t></is></c></row>'
    sheets = (
        sheet_xml(cell, before=_ENTITIES),
        sheet_xml(cell, before=_OUTSIDE),
        sheet_xml("", dimension="A1:XFD1048576"),
        sheet_xml('<row r="1048577"><c r="XFE1048577"><v>1</v></c></row>'),
        sheet_xml('<row r="99999999999999999999"><c r="ZZZZZZZZ9"><v>1</v></c></row>'),
        sheet_xml('<row r="-1"><c r="A-1"><v>1</v></c><c r=""><v/></c><c><v>1e999</v></c></row>'),
        sheet_xml('<row r="1"><c r="A1" t="s"><v>99999999</v></c><c r="B1" t="s"><v>-1</v></c></row>'),
        sheet_xml('<row r="1"><c r="A1" t="d"><v>9999-99-99</v></c><c r="B1" s="77"><v>1e308</v></c></row>'),
        sheet_xml('<row r="1"><c r="A1" t="b"><v>q</v></c><c r="B1" t="e"><v>#REF!</v></c><c t="q7"/></row>'),
        sheet_xml('<row r="1"><c r="A1"><f>WEBSERVICE("http://127.0.0.1:1/")</f><v>1</v></c></row>'),
        "<worksheet>" * 3_000,
        sheet_xml("<row>" + "<c><v>1</v></c>" * 20_000 + "</row>"),
        "",
        "\0",
    )
    made = [workbook({sheet: text}) for text in sheets]
    made += [
        workbook({sheet: _MEGABYTE * 60}),
        workbook({sheet: sheet_xml(""), "xl/sharedStrings.xml": _MEGABYTE * 40}),
        workbook({sheet: sheet_xml(""), "../../../etc/q7": "x", "/abs": "x", "a" * 60_000: ""}),
        workbook({f"xl/worksheets/sheet{n}.xml": "" for n in range(3_000)}),
        workbook({}),
    ]
    honest = workbook({sheet: sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>')})
    return (*made, honest, _encrypted(honest), honest[:-30], honest[10:], b"PK\x03\x04", _OLE, _OLE + b"\xff" * 4_096)


_OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 504


def _encrypted(archive: bytes) -> bytes:
    """Every local and central header says that it is encrypted."""
    data = bytearray(archive)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(signature, at + 4)
    return bytes(data)


@cache
def tables() -> tuple[bytes, ...]:
    """Hostile CSV."""
    header = "单位代码,单位名称,单位类别,上级单位代码,办学类型\r\n"
    return (
        b"", b"\0" * 5_000, b"\xff\xfe" + header.encode("utf-16-le"), b"\xef\xbb\xbf", header.encode("gb18030"),
        b"\x81" * 999, (header + '"' + "a" * 200_000).encode(), (header + "," * 100_000).encode(),
        ("a," * 50_000 + "\n").encode(), b"\n" * 100_000, (header + "1500\0,x\x1b,学校,150000,211\r\n").encode(),
        (header + "=1+1,@x,-1,+1,|x\r\n").encode(), (header + "\ud800,x,学校,1,1").encode(errors="surrogatepass"),
    )  # fmt: skip


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@cache
def pictures() -> tuple[bytes, ...]:
    """Hostile scans: PNG, JPEG, PDF."""
    signature = b"\x89PNG\r\n\x1a\n"
    huge = signature + _chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0))
    pixels = _chunk(b"IDAT", zlib.compress(b"\0" * 2_000_000))
    text = _chunk(b"zTXt", b"q7\0\0" + zlib.compress(_MEGABYTE * 20))
    small = signature + _chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 6, 0, 0, 0))
    jpeg = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0001108ffffffff03012200021101031101")
    return (
        huge + pixels + _chunk(b"IEND", b""), small + text + _chunk(b"IEND", b""), small, signature, jpeg, jpeg[:4],
        jpeg + b"\xff" * 9_000, b"GIF89a" + b"\xff" * 99, b"\0" * 999, b"<svg onload=alert(1)>", b"MZ" + b"\0" * 99,
    )  # fmt: skip


@cache
def papers() -> tuple[bytes, ...]:
    """Hostile PDFs; each costs a child process, so there are few."""
    head = b"%PDF-1.7\n"
    loop = b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[2 0 R]/Count 99999999>>endobj "
    act = b"1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj "
    end = b"trailer<</Root 1 0 R>>\n%%EOF"
    return (head, head + loop + end, head + act + end, head + b"[" * 90_000, head + b"<<" * 90_000 + end, b"%PDF-" * 99)


def content(rng: Random, original: bytes) -> bytes:
    """A file in place of the original: hostile, or the original wounded."""
    kind = rng.random()
    if kind < 0.35:
        return wounded(rng, original, most=8)
    if kind < 0.4:
        return rng.choice(papers())
    if kind < 0.5:
        return values.text(rng).encode(errors="surrogatepass")
    return rng.choice(rng.choice((workbooks(), tables(), pictures())))
