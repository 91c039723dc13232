"""The styles part of a workbook, read for one question: which cell styles show a number as a date."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ca_service.intake import xml_stream
from ca_service.intake.archive import Archive
from ca_service.intake.cells import clip, too_complex
from ca_service.intake.number_formats import shows_date

_MOST_STYLES = 65_536


def date_styles(archive: Archive, targets: Mapping[str, tuple[str, str]]) -> frozenset[str]:
    """Return the indices of those cell formats (ECMA-376 part 1, 18.8.10) as the attribute `s` of a cell has them."""
    path = next((path for path, kind in targets.values() if kind == "styles" and path in archive.names), None)
    reader = _Reader()
    if path is not None:
        xml_stream.parse(archive.chunks(path), start=reader.start, end=reader.end, text=lambda _text: None)
    shown = [shows_date(format_id, reader.codes.get(format_id)) for format_id in reader.formats]
    return frozenset(str(index) for index, is_date in enumerate(shown) if is_date)


@dataclass(slots=True)
class _Reader:
    """Collects the codes of custom formats and the format of each cell style."""

    codes: dict[int, str] = field(default_factory=dict)
    formats: list[int] = field(default_factory=list)
    in_cell_formats: bool = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Counts `<xf>` inside `<cellXfs>` only: `<cellStyleXfs>` has elements of the same name."""
        if tag == "cellXfs":
            self.in_cell_formats = True
        elif tag == "numFmt":
            self.codes[_number(attributes.get("numFmtId", ""))] = clip(attributes.get("formatCode", ""))
        elif tag == "xf" and self.in_cell_formats:
            self.formats.append(_number(attributes.get("numFmtId", "")))
        if max(len(self.codes), len(self.formats)) > _MOST_STYLES:
            raise too_complex()

    def end(self, tag: str) -> None:
        """Nothing matters but the end of `<cellXfs>`."""
        if tag == "cellXfs":
            self.in_cell_formats = False


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
