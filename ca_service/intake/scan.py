"""The scan of a stamped form: PDF, JPEG or PNG by content, whole, harmless and of bounded size."""

import hashlib
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath

import puremagic
from PIL import Image

from ca_service.intake.errors import ScanError, ScanFault
from ca_service.intake.pdf_probe import probe_pdf

__all__ = ["ScanError", "ScanFault", "ScanInfo", "check_scan"]

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 40_000_000  # A4 at 600 dpi has 35 million
_SUFFIXES = {
    "application/pdf": (".pdf",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
}
_AGAIN = "请重新扫描后再上传"


@dataclass(frozen=True, slots=True)
class ScanInfo:
    """A scan that may be stored and shown; `sha256` in hex, `size` in bytes, pixels only for pictures."""

    media_type: str
    pages: int
    size: int
    sha256: str
    width: int | None = None
    height: int | None = None
    warnings: tuple[str, ...] = ()


def check_scan(data: bytes, filename: str) -> ScanInfo:
    """Check the scan by its content; nothing but ScanError is raised, whatever the bytes.

    A file name that does not fit the content is only a warning: the content decides.
    """
    if not data:
        raise ScanError(ScanFault.EMPTY, "文件是空的", _AGAIN)
    if len(data) > MAX_BYTES:
        raise ScanError(ScanFault.TOO_LARGE, "文件超过 20 MiB", "请降低扫描分辨率（300 dpi 即可）后重新扫描")
    media_type = _media_type(data)
    width = height = None
    if media_type == "application/pdf":
        pages = probe_pdf(data)
    else:
        pages = 1
        width, height = _check_picture(data, media_type)
    return ScanInfo(
        media_type=media_type,
        pages=pages,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        width=width,
        height=height,
        warnings=_name_warnings(filename, media_type),
    )


def _media_type(data: bytes) -> str:
    # Readers accept a PDF header within the first 1,024 bytes; a file that begins with anything
    # else could be a second format at the same time, so it must stand at the very start.
    if data[:5] == b"%PDF-":
        return "application/pdf"
    if data[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    raise ScanError(
        ScanFault.NOT_A_SCAN,
        f"文件不是 PDF、JPEG 或 PNG{_guess(data)}",
        "请将盖章的申请单扫描为 PDF、JPEG 或 PNG 后上传",
    )


def _guess(data: bytes) -> str:
    try:
        found = puremagic.from_string(data[:4096])
    except (puremagic.PureError, ValueError):
        return ""
    extension = found.lstrip(".")
    return f"，看起来是 {extension} 文件" if extension.isascii() and extension.isalnum() else ""


def _check_picture(data: bytes, media_type: str) -> tuple[int, int]:
    """Return width and height after the whole picture has been decoded once."""
    format_name = "JPEG" if media_type == "image/jpeg" else "PNG"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(data), formats=[format_name]) as picture:
                _check_dimensions(picture)
                picture.verify()
            # verify() leaves the picture unusable and says nothing of a cut-off JPEG: decode it.
            with Image.open(BytesIO(data), formats=[format_name]) as picture:
                picture.draft("L", (picture.width // 8, picture.height // 8))
                picture.load()
                return _dimensions(data, format_name)
    except ScanError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Exception as error:
        # Pillow promises no closed set of errors for damaged pictures (OSError, SyntaxError,
        # ValueError, struct.error, EOFError, ... met); each means the same to the user.
        raise ScanError(ScanFault.DAMAGED, "图片已损坏或不完整", _AGAIN) from error


def _check_dimensions(picture: Image.Image) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_many_pixels()
    if getattr(picture, "n_frames", 1) != 1:
        raise ScanError(ScanFault.ANIMATED, "图片含有多帧（动画）", _AGAIN)


def _dimensions(data: bytes, format_name: str) -> tuple[int, int]:
    # draft() shrinks the reported size, so the header is read once more.
    with Image.open(BytesIO(data), formats=[format_name]) as picture:
        return picture.width, picture.height


def _too_many_pixels() -> ScanError:
    return ScanError(ScanFault.TOO_MANY_PIXELS, "图片尺寸过大（超过 4000 万像素）", "请以 300 dpi 重新扫描 A4 页面")


def _name_warnings(filename: str, media_type: str) -> tuple[str, ...]:
    if PurePath(filename.lower()).suffix in _SUFFIXES[media_type]:
        return ()
    return (f"文件扩展名与内容不符，已按实际内容（{media_type}）处理",)
