"""The picture of a scan that stands beside the data."""

from io import BytesIO

from PIL import Image

from ca_service.intake.scan_pages import STRIP_PAGES, page_strip
from tests.road.roster import make_scan_pdf


def _picture(png: bytes) -> Image.Image:
    with Image.open(BytesIO(png), formats=["PNG"]) as found:
        return found.convert("RGB")


def test_a_strip_holds_the_first_pages_and_keeps_the_colour_of_a_stamp() -> None:
    long, longer = (_picture(page_strip(make_scan_pdf(pages=number))) for number in (STRIP_PAGES, STRIP_PAGES + 3))
    assert long.size == longer.size
    stamped = Image.new("RGB", (800, 1100), "white")
    stamped.paste((200, 20, 30), (300, 500, 500, 700))
    out = BytesIO()
    stamped.save(out, "JPEG")
    red, _, blue = _picture(page_strip(out.getvalue())).getpixel((500, 750))  # type: ignore[misc]
    assert (red > 150, blue < 90) == (True, True)
