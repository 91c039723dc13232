"""A stamped form in the browser: its type is read from its content, and it may run nothing."""

import puremagic
from flask import Response

_SHOWABLE = frozenset({"application/pdf", "image/jpeg", "image/png"})


def scan_page(content: bytes) -> Response:
    """The scan as it was uploaded, in a sandbox; what is neither PDF nor picture can only be saved."""
    kinds = puremagic.magic_string(content[:4096]) if content else []
    kind = next((found.mime_type for found in kinds if found.mime_type in _SHOWABLE), "application/octet-stream")
    answer = Response(content, content_type=kind)
    answer.headers["Content-Disposition"] = "inline"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return answer
