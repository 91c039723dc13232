"""CSV: UTF-8 with or without its mark, or GB18030, which Chinese spreadsheet software writes by default."""

import csv
import re
from io import StringIO

from ca_service.intake.cells import Cell, CellKind, RawRow, RawSheet, SheetLimits, clip
from ca_service.intake.errors import SheetError, SheetFault, damaged_sheet

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_csv(data: bytes, limits: SheetLimits) -> RawSheet:
    """Read comma-separated text; a row's number is its record's, as a spreadsheet would show it.

    SheetError when the bytes are not text, the quotes do not close or there are too many rows.
    """
    text = _decode(data)
    sheet = RawSheet("CSV", limits)
    try:
        # `strict`: a quote that never closes would swallow the rest of the file silently.
        for number, record in enumerate(csv.reader(StringIO(text, newline=""), strict=True), 1):
            cells = {}
            for column, value in enumerate(record):
                sheet.count_cell()
                if value.strip():
                    # In CSV a leading = is a formula as soon as any program opens the file.
                    kind = CellKind.FORMULA if value.lstrip().startswith("=") else CellKind.TEXT
                    cells[column] = Cell(clip(value), kind)
            if cells:
                sheet.add_row(RawRow(number, cells))
    except csv.Error as error:
        raise damaged_sheet() from error
    return sheet


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text):
            return text
        break
    raise SheetError(
        SheetFault.NOT_A_SPREADSHEET,
        "文件既不是电子表格，也不是 UTF-8 或 GB18030 编码的 CSV 文本",
        "请下载模板填写，并以 xlsx 格式保存后上传",
    )
