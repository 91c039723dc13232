"""Writing spreadsheets in which nothing can act: every text is a string cell, whatever it looks like."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ca_service.intake.cells import KEPT_TEXT

HEADING_FILL = "#DDEBF7"
# Rows are written in order and go to the file at once: the memory follows a row, not the sheet.
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@contextmanager
def new_workbook(buffer: BytesIO) -> Iterator[Workbook]:
    """A workbook that lies in the buffer when the block has ended."""
    with xlsxwriter.Workbook(buffer, _OPTIONS) as workbook:
        yield workbook


def plain(text: str) -> str:
    """A text without what XML cannot carry, no longer than a cell holds."""
    return _ILLEGAL.sub("", text)[:KEPT_TEXT]


@dataclass(slots=True)
class Formats:
    """Cell formats by fill and by what the cell needs, each made once."""

    make: Callable[[dict[str, object]], Format]
    known: dict[tuple[str, str], Format] = field(default_factory=dict)

    def get(self, fill: str = "", need: str = "") -> Format:
        """A format with this fill; `need` is "", "quoted", "heading", "wrap" or "date"."""
        if (fill, need) not in self.known:
            # Text format on all cells: what is typed anew stays as typed.
            properties: dict[str, object] = {"num_format": "yyyy-mm-dd" if need == "date" else "@"}
            if fill:
                properties |= {"bg_color": fill, "border": 1, "border_color": "#BFBFBF"}
            properties |= _NEEDS.get(need, {})
            self.known[fill, need] = self.make(properties)
        return self.known[fill, need]


_NEEDS: dict[str, dict[str, object]] = {
    "quoted": {"quote_prefix": True},
    "heading": {"bold": True, "align": "center"},
    "wrap": {"text_wrap": True, "valign": "top"},
}


@dataclass(frozen=True, slots=True)
class SafeSheet:
    """A worksheet that takes texts. A leading `=`, `+`, `-` or `@` gets the quote prefix: it does nothing even after
    the cell is edited."""

    sheet: Worksheet
    formats: Formats

    def text(self, row: int, column: int, text: str, *, fill: str = "", need: str = "") -> None:
        """Write a text; rows and columns count from 0."""
        quoted = text.lstrip().startswith(("=", "+", "-", "@"))
        self.sheet.write_string(row, column, plain(text), self.formats.get(fill, "quoted" if quoted else need))

    def heading(self, row: int, column: int, text: str) -> None:
        """As text, whatever it begins with, in the fill of headings."""
        self.text(row, column, text, fill=HEADING_FILL, need="heading")
