"""The program behind scan_pages.py: a checked scan on standard input, its pages as pictures on standard output.

One line of JSON (for each page the size of its picture and the codes read on it), then the pictures one after another.
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


def pages(data: bytes, *, max_pages: int) -> Iterator[tuple[bytes, list[str]]]:
    """For each page its picture (JPEG, at most 1240 wide) and the texts of its codes."""
    for page in _rendered(data, max_pages):
        codes = [
            found.text
            for found in zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
        ]
        shown = page.convert("L")
        shown.thumbnail((_SHOWN_WIDTH, _MAX_SIDE))
        out = BytesIO()
        shown.save(out, "JPEG", quality=80)
        yield out.getvalue(), codes


def _rendered(data: bytes, max_pages: int) -> Iterator[Image.Image]:
    if not data.startswith(b"%PDF-"):
        with Image.open(BytesIO(data), formats=["JPEG", "PNG"]) as picture:
            yield picture.convert("RGB")
        return
    document = pypdfium2.PdfDocument(data)
    for number in range(min(len(document), max_pages)):
        page = document[number]
        # A page may claim to be a kilometre wide.
        scale = min(_DPI / 72, _MAX_SIDE / max(*page.get_size(), 1))
        yield page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")


def main() -> None:
    """Lower this process's limits for good, then read standard input and answer."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    logging.disable(logging.CRITICAL)
    found = list(pages(sys.stdin.buffer.read(), max_pages=int(sys.argv[1])))
    head = [{"size": len(picture), "codes": codes} for picture, codes in found]
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    for picture, _ in found:
        sys.stdout.buffer.write(picture)


if __name__ == "__main__":
    main()
