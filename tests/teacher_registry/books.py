"""Spreadsheets of accounts for tests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from openpyxl import Workbook

HEADER = ("姓名", "登录名", "账号类型")
GOOD = (("王芳", "wangfang", "信息查询员"), ("李强", "liqiang", "培训管理员"), ("赵敏", "", "教师个人账号"))


def xlsx(rows: Sequence[Sequence[object]], *, header: Sequence[object] = HEADER, title: str = "") -> bytes:
    """A workbook of one sheet; with a title the header moves down."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("账号")
    if title:
        sheet.append([title])
        sheet.append([])
    for row in (header, *rows):
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bomb() -> bytes:
    """A small file that unpacks to 64 MiB."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(GOOD))) as good, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in good.namelist():
            archive.writestr(name, good.read(name))
        archive.writestr("xl/media/image1.bin", bytes(64 * 1024 * 1024))
    return out.getvalue()


def far_cell() -> bytes:
    """One value in the last corner of the grid, and a dimension that claims all of it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(GOOD))) as good, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in good.namelist():
            content = good.read(name)
            if name == "xl/worksheets/sheet1.xml":
                cell = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
                content = content.replace(b"</sheetData>", cell)
            archive.writestr(name, content)
    return out.getvalue()
