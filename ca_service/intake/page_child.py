"""The program behind scan_pages.py: a checked scan on standard input, its pages as pictures on standard output.

`pages N`: one line of JSON (for each page the size of its picture and the codes read on it), then the pictures one
after another. `strip N`: the pages one below the other as a single PNG. N is the most pages that are drawn.
"""

import json
import logging
import resource
import sys
from collections.abc import Iterator
from io import BytesIO

import pypdfium2
import zxingcpp
from PIL import Image

_CPU_SECONDS = 60
_MEMORY = 2 * 1024 * 1024 * 1024
_DPI = 200  # enough for a QR code of 24 mm and for small print
_SHOWN_WIDTH = 1240  # A4 at 150 dpi
_MAX_SIDE = 6000
_STRIP_WIDTH, _STRIP_DPI = 1000, 122
_GAP, _GREY, _COLOURS = 12, "#b5c1ca", 128


def strip(data: bytes, *, max_pages: int) -> bytes:
    """The pages one below the other as one PNG, 1000 wide; the colour of a stamp stays."""
    drawn = []
    for page in _rendered(data, max_pages, dpi=_STRIP_DPI):
        height = max(1, min(round(page.height * _STRIP_WIDTH / page.width), _MAX_SIDE // 2))
        drawn.append(page.resize((_STRIP_WIDTH, height)))
    whole = Image.new("RGB", (_STRIP_WIDTH, sum(page.height for page in drawn) + _GAP * (len(drawn) - 1)), _GREY)
    top = 0
    for page in drawn:
        whole.paste(page, (0, top))
        top += page.height + _GAP
    out = BytesIO()
    whole.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE).save(out, "PNG")
    return out.getvalue()


def pages(data: bytes, *, max_pages: int) -> Iterator[tuple[bytes, list[str]]]:
    """For each page its picture (JPEG, at most 1240 wide) and the texts of its codes."""
    for page in _rendered(data, max_pages, dpi=_DPI):
        codes = [
            found.text
            for found in zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
        ]
        shown = page.convert("L")
        shown.thumbnail((_SHOWN_WIDTH, _MAX_SIDE))
        out = BytesIO()
        shown.save(out, "JPEG", quality=80)
        yield out.getvalue(), codes


def _rendered(data: bytes, max_pages: int, *, dpi: int) -> Iterator[Image.Image]:
    if not data.startswith(b"%PDF-"):
        with Image.open(BytesIO(data), formats=["JPEG", "PNG"]) as picture:
            yield picture.convert("RGB")
        return
    document = pypdfium2.PdfDocument(data)
    for number in range(min(len(document), max_pages)):
        page = document[number]
        # A page may claim to be a kilometre wide.
        scale = min(dpi / 72, _MAX_SIDE / max(*page.get_size(), 1))
        yield page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")


def main() -> None:
    """Lower this process's limits for good, then read standard input and answer."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    logging.disable(logging.CRITICAL)
    act, max_pages, data = sys.argv[1], int(sys.argv[2]), sys.stdin.buffer.read()
    if act == "strip":
        sys.stdout.buffer.write(strip(data, max_pages=max_pages))
        return
    found = list(pages(data, max_pages=max_pages))
    head = [{"size": len(picture), "codes": codes} for picture, codes in found]
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    for picture, _ in found:
        sys.stdout.buffer.write(picture)


if __name__ == "__main__":
    main()
