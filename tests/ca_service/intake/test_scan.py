"""Scans: each format once good, each danger once refused."""

import hashlib
import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from ca_service.intake.pdf_child import inspect_pdf
from ca_service.intake.scan import MAX_BYTES, ScanError, ScanFault, check_scan
from tests.road.roster import make_scan_pdf


def fault(data: bytes, filename: str = "form.pdf") -> ScanFault:
    """The refusal of these bytes."""
    with pytest.raises(ScanError) as caught:
        check_scan(data, filename)
    assert caught.value.mend
    return caught.value.kind


def picture(kind: str, size: tuple[int, int] = (60, 40)) -> bytes:
    """A grey picture."""
    buffer = BytesIO()
    Image.effect_noise(size, 50).save(buffer, kind)
    return buffer.getvalue()


def action_dictionary(name: str) -> DictionaryObject:
    """An action of this kind (ISO 32000-1, 12.6)."""
    return DictionaryObject({NameObject("/S"): NameObject(name), NameObject("/F"): TextStringObject("x")})


def pdf(change: str = "", action: str = "") -> bytes:
    """A one-page PDF with something in it."""
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    if change == "script":
        writer.root_object[NameObject("/OpenAction")] = action_dictionary("/JavaScript")
    elif change == "attachment":
        writer.add_attachment("x.exe", b"MZ")
    elif change == "encrypted":
        writer.encrypt("geheim")
    elif change == "user-encrypted":
        writer.encrypt("", owner_password="x")
    elif change == "action":
        act = DictionaryObject({NameObject("/S"): NameObject(action), NameObject("/F"): TextStringObject("x")})
        link = DictionaryObject({NameObject("/Subtype"): NameObject("/Link"), NameObject("/A"): act})
        page[NameObject("/Annots")] = ArrayObject([link])
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_a_pdf_is_taken_with_its_pages_and_hash() -> None:
    data = make_scan_pdf(pages=3)
    info = check_scan(data, "form.PDF")
    assert (info.media_type, info.pages, info.size) == ("application/pdf", 3, len(data))
    assert info.sha256 == hashlib.sha256(data).hexdigest()
    assert info.warnings == ()


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png")])
def test_a_picture_is_taken_with_its_dimensions(kind: str, media_type: str) -> None:
    info = check_scan(picture(kind), f"form.{kind.lower()}")
    assert (info.media_type, info.pages, info.width, info.height) == (media_type, 1, 60, 40)
    assert info.warnings == ()


def test_content_decides_and_a_wrong_name_is_a_warning() -> None:
    info = check_scan(picture("PNG"), "form.pdf")
    assert info.media_type == "image/png"
    assert info.warnings


@pytest.mark.parametrize(
    "data", [b"hello", b"GIF89a" + bytes(20), b"PK\x03\x04" + bytes(40), b" %PDF-1.7", b"MZ" + bytes(100)]
)
def test_other_formats_are_not_a_scan(data: bytes) -> None:
    assert fault(data) is ScanFault.NOT_A_SCAN


def test_size_is_checked_before_anything_else() -> None:
    assert fault(b"") is ScanFault.EMPTY
    assert fault(bytes(MAX_BYTES + 1)) is ScanFault.TOO_LARGE


@pytest.mark.parametrize("change", ["encrypted", "user-encrypted"])
def test_an_encrypted_pdf_is_refused(change: str) -> None:
    assert fault(pdf(change)) is ScanFault.ENCRYPTED


@pytest.mark.parametrize("change", ["script", "attachment"])
def test_a_pdf_that_acts_or_carries_is_refused(change: str) -> None:
    assert fault(pdf(change)) is ScanFault.ACTIVE_CONTENT


@pytest.mark.parametrize("action", ["/Launch", "/JavaScript", "/SubmitForm", "/GoToE", "/ImportData"])
def test_each_action_is_found_wherever_it_hangs(action: str) -> None:
    assert inspect_pdf(pdf("action", action), max_pages=50) == {"fault": "active-content"}


def test_a_link_to_a_page_of_the_same_file_is_harmless() -> None:
    assert inspect_pdf(pdf("action", "/GoTo"), max_pages=50) == {"pages": 1}


def test_pages_are_counted_from_one_to_the_limit() -> None:
    assert fault(make_scan_pdf(pages=0)) is ScanFault.DAMAGED
    assert inspect_pdf(make_scan_pdf(pages=3), max_pages=3) == {"pages": 3}
    assert inspect_pdf(make_scan_pdf(pages=4), max_pages=3) == {"fault": "too-many-pages"}


@pytest.mark.parametrize("data", [picture("JPEG"), picture("PNG"), make_scan_pdf()], ids=["jpeg", "png", "pdf"])
def test_a_cut_off_scan_is_damaged(data: bytes) -> None:
    assert fault(data[: len(data) // 2]) is ScanFault.DAMAGED


def chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk (PNG 5.3)."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("side", [7_000, 60_000])
def test_a_pixel_bomb_is_refused_by_its_header(side: int) -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    assert fault(data, "a.png") is ScanFault.TOO_MANY_PIXELS


def test_an_animation_is_refused() -> None:
    frames = [Image.new("L", (8, 8), grey) for grey in (0, 255)]
    buffer = BytesIO()
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    assert fault(buffer.getvalue(), "a.png") is ScanFault.ANIMATED


def only_typed_errors(data: bytes) -> None:
    """Check; anything but a result or ScanError fails the test."""
    try:
        assert check_scan(data, "a.png").pages
    except ScanError as refusal:
        if not refusal.found:
            raise AssertionError from refusal


PICTURES = [picture("JPEG"), picture("PNG")]
FLIPS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8)


@settings(max_examples=200)
@given(st.binary(max_size=500), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_only_typed_errors_leave_for_any_bytes(data: bytes, magic: bytes) -> None:
    only_typed_errors(magic + data)


@settings(max_examples=200)
@given(FLIPS, st.sampled_from(PICTURES))
def test_only_typed_errors_leave_for_damaged_pictures(flips: list[tuple[int, int]], good: bytes) -> None:
    data = bytearray(good)
    for place, value in flips:
        data[place % len(data)] = value
    only_typed_errors(bytes(data))


@settings(max_examples=10, deadline=None)
@given(st.binary(max_size=500))
def test_only_typed_errors_leave_for_any_pdf(data: bytes) -> None:
    only_typed_errors(b"%PDF-1.7\n" + data)


@settings(max_examples=200, deadline=None)
@given(FLIPS)
def test_a_damaged_pdf_gives_the_child_an_answer(flips: list[tuple[int, int]]) -> None:
    data = bytearray(pdf("action", "/GoTo"))
    for place, value in flips:
        data[place % len(data)] = value
    assert inspect_pdf(bytes(data), max_pages=50).keys() in ({"pages"}, {"fault"})
