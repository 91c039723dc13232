"""Tables as xlsx for people's spreadsheet programs. Every text is written as a text cell, so no cell is a formula."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO

import xlsxwriter


@dataclass(frozen=True)
class Column:
    """A heading and the column's width in characters."""

    heading: str
    width: int = 16


def workbook(title: str, columns: Sequence[Column], rows: Iterable[Sequence[str | int]]) -> bytes:
    """One sheet named `title` with a bold, frozen header row. Numbers stay numbers, texts stay texts (`=1+1` too)."""
    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(title)
        heading = book.add_format({"bold": True, "bg_color": "#EAF0F4", "border": 1})
        for number, column in enumerate(columns):
            sheet.set_column(number, number, column.width)
            sheet.write_string(0, number, column.heading, heading)
        sheet.freeze_panes(1, 0)
        for at, row in enumerate(rows, 1):
            for number, value in enumerate(row):
                if isinstance(value, int):
                    sheet.write_number(at, number, value)
                else:
                    sheet.write_string(at, number, value)
    return out.getvalue()
