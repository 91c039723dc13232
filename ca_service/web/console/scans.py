"""A stamped form in the browser: its type is read from its content, and it may run nothing."""

import puremagic
from flask import Response

from ca_service.domain.errors import Invalid
from ca_service.intake.errors import ScanError
from ca_service.intake.scan_pages import page_strip

_SHOWABLE = frozenset({"application/pdf", "image/jpeg", "image/png"})


def scan_page(content: bytes) -> Response:
    """The scan as it was uploaded, in a sandbox; what is neither PDF nor picture can only be saved."""
    kinds = puremagic.magic_string(content[:4096]) if content else []
    kind = next((found.mime_type for found in kinds if found.mime_type in _SHOWABLE), "application/octet-stream")
    return _sandboxed(Response(content, content_type=kind))


def scan_picture(content: bytes) -> Response:
    """Its first pages as one PNG, drawn now and kept nowhere; raise Invalid where they cannot be drawn."""
    try:
        picture = page_strip(content)
    except ScanError as error:
        raise Invalid(str(error)) from error
    answer = _sandboxed(Response(picture, content_type="image/png"))
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _sandboxed(answer: Response) -> Response:
    answer.headers["Content-Disposition"] = "inline"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return answer
